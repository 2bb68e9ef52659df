/** Asks for the colours of code: the one worker of this page that finds them, begun with the first block. */
import type { Line } from './highlight.ts';

export interface AskedColours {
  id: number;
  code: string;
  language: string;
}

export interface ToldColours {
  id: number;
  /** Null for a language that is not known, and for code that is too long. */
  lines: Line[] | null;
}

const waiting = new Map<number, (lines: Line[] | null) => void>();
let worker: Worker | null = null;
let isBroken = false;
let lastId = 0;

function begin(): Worker {
  const begun = new Worker(new URL('./highlight-worker.ts', import.meta.url), { type: 'module', name: 'patchbay colours' });
  begun.addEventListener('message', ({ data: { id, lines } }: MessageEvent<ToldColours>) => {
    waiting.get(id)?.(lines);
    waiting.delete(id);
  });
  // A browser without modules in workers, or a file that is gone: the code reads the same without colours.
  begun.addEventListener('error', () => {
    isBroken = true;
    for (const tell of waiting.values()) tell(null);
    waiting.clear();
  });
  return begun;
}

/** Lines of tokens; null where there are no colours to be had. */
export function coloursOf(code: string, language: string): Promise<Line[] | null> {
  if (isBroken) return Promise.resolve(null);
  worker ??= begin();
  const asked: AskedColours = { id: ++lastId, code, language };
  worker.postMessage(asked);
  return new Promise((resolve) => waiting.set(asked.id, resolve));
}
