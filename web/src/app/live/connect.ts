/** Joins this page to the browser's one line of events: by the shared worker, or by a line of its own where there is none. */
import { basePath } from '../../lib/page.ts';
import { Line, type LineWish, type LineWord } from './line.ts';

export interface Join {
  wish(wish: LineWish): void;
  leave(): void;
}

const url = (): string => new URL(`${basePath}api/events`, location.origin).href;

/** The wish to hear what this person may hear. */
export const openFor = (userId: string, after: string): LineWish => ({ kind: 'open', url: url(), userId, after });

function byWorker(say: (word: LineWord) => void): Join {
  // The base path is part of the name: two installations of one host are two workers.
  const worker = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: `patchbay ${basePath}` });
  let own: Join | null = null;
  let last: LineWish | null = null;
  worker.addEventListener('error', () => {
    // An old browser that has shared workers but no modules in them, or a file that is gone.
    own ??= byOwnLine(say);
    if (last) own.wish(last);
  });
  worker.port.addEventListener('message', ({ data }: MessageEvent<LineWord>) => say(data));
  worker.port.start();
  return {
    wish(wish) {
      last = wish;
      if (own) own.wish(wish);
      else worker.port.postMessage(wish);
    },
    leave() {
      own?.leave();
      worker.port.postMessage({ kind: 'leave' });
      worker.port.close();
    },
  };
}

function byOwnLine(say: (word: LineWord) => void): Join {
  const line = new Line(say);
  return { wish: (wish) => line.wish(wish), leave: () => line.wish({ kind: 'close' }) };
}

export function joinLine(say: (word: LineWord) => void): Join {
  if (typeof SharedWorker === 'undefined') return byOwnLine(say);
  try {
    return byWorker(say);
  } catch {
    return byOwnLine(say);
  }
}
