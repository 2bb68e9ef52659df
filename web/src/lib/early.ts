/** Answers that were asked for while the program that wants them was still on its way: each is handed out once, and only while it is fresh. */
import { basePath } from './page.ts';
import { firstLanguage } from './catalogue.ts';

/** How long one is waited for, and how long it is good for. */
const freshMs = 30_000;

interface Early {
  answer: Promise<Response>;
  askedMs: number;
}
const asked = new Map<string, Early>();
const addressOf = (path: string): string => new URL(basePath + path, location.origin).href;

/**
 * Asks for what the page will want, in the words of the client, which has yet to come.
 * @param path below the base path, with its query; another spelling of it is another question
 */
export function askEarly(path: string): Promise<Response> {
  const address = addressOf(path);
  const headers = { accept: 'application/json, text/event-stream', 'accept-language': firstLanguage() };
  const answer = fetch(address, { headers, redirect: 'error', signal: AbortSignal.timeout(freshMs) });
  asked.set(address, { answer, askedMs: performance.now() });
  // Where it fails, the client asks itself and says so.
  answer.catch(() => asked.delete(address));
  return answer;
}

/** Whether an early answer is still to be taken: who takes it goes on by itself, and what it asks next would be asked twice. */
export const isUntaken = (path: string): boolean => asked.has(addressOf(path));

/** The body of an early answer, read beside whoever it is for; null where there is none. */
export async function readEarly(path: string): Promise<unknown> {
  try {
    const answer = await askEarly(path);
    return answer.ok ? ((await answer.clone().json()) as unknown) : null;
  } catch {
    return null;
  }
}

/**
 * As `fetch`: the early answer to the same question where there is one, else a new one. A change is never answered so, and what was
 * asked before it says no more what is: above all where it is somebody's coming or going.
 */
export function answerOf(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  if (init?.method !== 'GET') asked.clear();
  const address = typeof input === 'string' ? input : '';
  const early = asked.get(address);
  asked.delete(address);
  if (!early || performance.now() - early.askedMs > freshMs) return fetch(input, init);
  return early.answer.catch(() => fetch(input, init));
}
