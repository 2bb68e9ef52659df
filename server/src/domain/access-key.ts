/** Keys that Patchbay issues: access keys open the data plane, personal tokens the control plane, and neither the other (C-37). */

export const accessKeyPrefix = 'sk-pb-';
export const personalTokenPrefix = 'pat-pb-';

export interface AccessKey {
  id: string;
  userId: string;
  /** Null for a key that carries its user's own rights only. */
  workspaceId: string | null;
  /** The repository whose attached connections the key reaches, and no others; null or absent for a key that is bound to none. */
  repositoryId?: string | null;
  /** S3's type of the key, given back as it was said; it decides nothing. */
  aiType?: string | null;
  name: string;
  last4: string;
  /** Patterns of what `model` may name (`gpt-4o`, `openai/*`); null is everything. */
  models: readonly string[] | null;
  rpm: number | null;
  tpm: number | null;
  budgetNanoUsd: number | null;
  /** How many seconds old an answer may be that is given again; null or absent for none. */
  cacheS?: number | null;
  expiresAtMs: number | null;
  revokedAtMs: number | null;
  /** Until when the key before the last rotation is valid too; null or absent where there is none. */
  previousUntilMs?: number | null;
  createdAtMs: number;
}

export interface PersonalToken {
  id: string;
  userId: string;
  name: string;
  last4: string;
  expiresAtMs: number | null;
  revokedAtMs: number | null;
  createdAtMs: number;
}

/** Which plane a bearer text is for, by its prefix. */
export function keyKindOf(text: string): 'access-key' | 'personal-token' | 'other' {
  if (text.startsWith(accessKeyPrefix)) return 'access-key';
  return text.startsWith(personalTokenPrefix) ? 'personal-token' : 'other';
}

/** Ended keys and tokens stay on their lists this long; an expired key can be prolonged until then. */
export const endedShownMs = 90 * 86_400_000;

export const isLive = (key: { expiresAtMs: number | null; revokedAtMs: number | null }, nowMs: number): boolean =>
  key.revokedAtMs === null && (key.expiresAtMs === null || key.expiresAtMs > nowMs);

/** `*` at the end of a pattern matches any rest; everything else is compared as it stands. */
export const allowsModel = (models: readonly string[] | null, asked: string): boolean =>
  models === null || models.some((pattern) => (pattern.endsWith('*') ? asked.startsWith(pattern.slice(0, -1)) : asked === pattern));
