/** A listener of `/api/events` for tests: keeps what it hears, and waits for what should come. */
import { createSseReader } from '../../src/lib/sse.ts';

export interface Heard {
  event: string;
  data: Record<string, unknown>;
}

export interface Listening {
  status: number;
  headers: Headers;
  heard: Heard[];
  /** The id of the last event that came. */
  lastId(): string;
  /** Resolves with the first event that fits, past ones included; rejects after a few seconds. */
  until(test: (heard: Heard) => boolean): Promise<Heard>;
  /** Resolves when the server ends the stream. */
  ended: Promise<void>;
  leave(): void;
}

const waitMsMax = 60_000;

export async function listen(url: string, headers: Record<string, string>, after = ''): Promise<Listening> {
  const stop = new AbortController();
  const answer = await fetch(`${url}/api/events${after && `?after=${after}`}`, { headers, signal: stop.signal });
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  const ended = (async () => {
    const reader = createSseReader();
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return;
    }
    try {
      for await (const bytes of answer.body as AsyncIterable<Uint8Array>) {
        text += new TextDecoder().decode(bytes);
        for (const { event, data } of reader.push(bytes)) heard.push({ event, data: JSON.parse(data) as Record<string, unknown> });
        for (const look of waiting) look();
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  })();
  return {
    status: answer.status,
    headers: answer.headers,
    heard,
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '',
    until(test) {
      const { promise, resolve, reject } = Promise.withResolvers<Heard>();
      const timer = setTimeout(() => reject(new Error(`did not come; heard ${JSON.stringify(heard)}`)), waitMsMax);
      const look = (): void => {
        const found = heard.find(test);
        if (!found) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      return promise;
    },
    ended,
    leave: () => stop.abort(),
  };
}
