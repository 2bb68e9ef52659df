/** Access keys in the words of `/api`: money as decimal dollars, times as ISO 8601. */
import { isoOf } from '../../lib/iso-time.ts';
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import { accessKeyPrefix } from '../../domain/access-key.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { AccessKeyRecord } from '../../storage/access-keys.ts';
import type { SettledOfKey } from '../../storage/key-uses.ts';

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoOf(ms));

/** `spent` by the books; undefined stands for a key that was never used. */
export const fromAccessKey = (key: AccessKeyRecord, spent: SettledOfKey = { nanoUsd: 0, unpriced: 0 }): AccessKeyView => ({
  id: key.id,
  name: key.name,
  userId: key.userId,
  ownerName: key.ownerName,
  workspaceId: key.workspaceId,
  repositoryId: key.repositoryId ?? null,
  prefix: accessKeyPrefix,
  last4: key.last4,
  models: key.models === null ? null : [...key.models],
  rpm: key.rpm,
  tpm: key.tpm,
  budgetUsd: key.budgetNanoUsd === null ? null : decimalUsdOf(key.budgetNanoUsd),
  cacheSeconds: key.cacheS ?? null,
  spentUsd: decimalUsdOf(spent.nanoUsd),
  unpricedCount: spent.unpriced,
  expiresAt: isoOrNull(key.expiresAtMs),
  revokedAt: isoOrNull(key.revokedAtMs),
  previousUntil: isoOrNull(key.previousUntilMs ?? null),
  lastUsedAt: isoOrNull(key.lastUsedAtMs),
  createdAt: isoOf(key.createdAtMs),
  updatedAt: isoOf(key.updatedAtMs),
  revision: key.revision,
});

/** The limits as asked for, with the time in the house's unit; what is left out stays left out. */
export function toLimits<Body extends { expiresAt?: string | null }>(
  body: Body,
): Omit<Body, 'expiresAt'> & { expiresAtMs?: number | null } {
  const { expiresAt, ...limits } = body;
  if (expiresAt === undefined) return limits;
  return { ...limits, expiresAtMs: expiresAt === null ? null : Date.parse(expiresAt) };
}
