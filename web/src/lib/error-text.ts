/** What a failure says to a person, in the language of the page, whichever language it came in. */
import { HttpError, NetworkError } from '@patchbay/client';
import type { Language } from '@patchbay/contract/translate';
import { catalogueOf } from './catalogue.ts';

/** A text with values in it can only be told by the server, which knows them; it came in the language of the request. */
const hasValues = /\{\w+/;

/** A finished sentence or two. Never markup, never a stack. */
export function errorText(error: unknown, language: Language): string {
  const { page, contract } = catalogueOf(language);
  const own = page.failure;
  const texts: Readonly<Record<string, string>> = contract.errors;
  if (error instanceof NetworkError) return own[error.reason === 'timeout' ? 'timeout' : 'offline'];
  const text = error instanceof HttpError && error.code !== null ? texts[error.code] : undefined;
  if (!(error instanceof HttpError) || text === undefined) return own.unknown;
  if (!hasValues.test(text)) return text;
  if (error.retryAfterS !== null) return text.replace('{seconds}', String(error.retryAfterS));
  return error.message;
}

/** The id of the request that failed, for an administrator; null where there is none. */
export const requestIdOf = (error: unknown): string | null => (error instanceof HttpError ? error.requestId : null);

export const isForbidden = (error: unknown): boolean => error instanceof HttpError && error.status === 403;

export const isNotFound = (error: unknown): boolean => error instanceof HttpError && error.status === 404;

/** Is it that nobody is signed in (any more)? A refused password is a 401 too, and something else. */
export const isUnauthenticated = (error: unknown): boolean => error instanceof HttpError && error.is('UNAUTHENTICATED');
