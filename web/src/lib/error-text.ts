/** What a failure says to a person, in the language of the page, whichever language it came in. */
import { HttpError, NetworkError } from '@patchbay/client';
import type { Language } from '@patchbay/contract/translate';
import { catalogueOf } from './catalogue.ts';

/** A text with values in it can only be told by the server, which knows them; it came in the language of the request. */
const hasValues = /\{\w+/;

/** What stands before the server says so where the server is not there; such an answer is none of ours. */
const awayStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** A finished sentence or two. Never markup, never a stack. For a place that shows the id of the request beside it. */
export function sentenceOf(error: unknown, language: Language): string {
  const { page, contract } = catalogueOf(language);
  const own = page.failure;
  const texts: Readonly<Record<string, string>> = contract.errors;
  if (error instanceof NetworkError) return own[error.reason === 'timeout' ? 'timeout' : 'offline'];
  if (!(error instanceof HttpError)) return own.unknown;
  // The server speaks to programs as well, of tokens; a person signs in.
  if (isUnauthenticated(error)) return own.sessionOver;
  const text = error.code === null ? undefined : texts[error.code];
  if (text === undefined) return awayStatuses.has(error.status) ? own.timeout : own.unknown;
  if (!hasValues.test(text)) return text;
  if (error.retryAfterS !== null) return text.replace('{seconds}', String(error.retryAfterS));
  return error.message;
}

/** The same for every other place: whoever is asked to give the id to somebody is told it. */
export function errorText(error: unknown, language: Language): string {
  const sentence = sentenceOf(error, language);
  if (!(error instanceof HttpError) || !error.is('INTERNAL') || error.requestId === null) return sentence;
  return `${sentence} ${catalogueOf(language).page.failure.request}: ${error.requestId}`;
}

/** The id of the request that failed, for an administrator; null where there is none. */
export const requestIdOf = (error: unknown): string | null => (error instanceof HttpError ? error.requestId : null);

export const isForbidden = (error: unknown): boolean => error instanceof HttpError && error.status === 403;

export const isNotFound = (error: unknown): boolean => error instanceof HttpError && error.status === 404;

/** Is it that nobody is signed in (any more)? A refused password is a 401 too, and something else. */
export const isUnauthenticated = (error: unknown): boolean => error instanceof HttpError && error.is('UNAUTHENTICATED');
