/** What the server tells the second of two people who changed the same thing: what it has become, when, and by whom. */
import { HttpError } from '@patchbay/client';
import type { ConflictDetails } from '@patchbay/contract/errors';

/** Null for every other failure. */
export const conflictOf = <View>(error: unknown): ConflictDetails<View> | null =>
  error instanceof HttpError && error.is('CONFLICT') ? (error.data as { details: ConflictDetails<View> }).details : null;
