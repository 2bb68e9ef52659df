/** When a call is sent again: the server had not begun with it, or it changes nothing. */
import { HttpError, NetworkError } from './errors.ts';

export const retriesDefault = 2;
/** Who is told to wait longer than this decides for themself. */
const waitMsMax = 30_000;
const firstWaitMs = 500;
const growthMsMax = 8_000;

/** 429 and 503 are refusals before the work (RFC 6585 section 4, RFC 9110 section 15.6.4); a call that got no answer may have been done. */
function mayGoAgain(method: string, error: unknown): boolean {
  if (error instanceof HttpError) return error.status === 429 || error.status === 503;
  return error instanceof NetworkError && error.reason === 'unreachable' && method === 'GET';
}

/**
 * How long to wait before try number `attempt` + 1, in milliseconds; null where the error is the answer. The server's `Retry-After` is
 * obeyed, else the wait doubles, with jitter so that many callers do not come back together.
 */
export function waitMsBefore(method: string, error: unknown, attempt: number): number | null {
  if (!mayGoAgain(method, error)) return null;
  const told = error instanceof HttpError ? error.retryAfterS : null;
  if (told !== null) return told * 1000 > waitMsMax ? null : Math.max(0, told * 1000);
  return Math.min(growthMsMax, firstWaitMs * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** Resolves after that time; rejects with the signal's reason when the caller gives up. */
export function pause(waitMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, waitMs);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}
