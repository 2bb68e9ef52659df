/** Seals what people enter and opens what is kept, always at the place that `domain/sealing` names. */
import type { Connection, SealedSecrets } from '../domain/connection.ts';
import type { SecretChange } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import { placeOf, type SecretColumn } from '../domain/sealing.ts';
import type { Owner } from '../domain/owner.ts';
import type { Secret } from '../lib/secret.ts';
import type { Statement } from '../storage/driver.ts';
import { activateOwnerKeySteps, listOwnerKeys, type StoredOwnerKey } from '../storage/owner-keys.ts';
import type { Place } from '../vault/place.ts';
import { SecretUnreadable } from '../vault/vault.ts';
import type { ControlDeps } from './deps.ts';

type SealingDeps = Pick<ControlDeps, 'database' | 'vault' | 'clock'>;
type Placed = Pick<Connection, 'id' | 'owner' | 'providerId' | 'origin'>;

/** Headers are one JSON text of names and values. */
export interface SecretChanges {
  secret: SecretChange;
  accessKeyId: SecretChange;
  headers: SecretChange;
}

export const noChanges: SecretChanges = { secret: { kind: 'keep' }, accessKeyId: { kind: 'keep' }, headers: { kind: 'keep' } };

export interface SealingKey {
  key: { version: number; salt: Uint8Array };
  /** Stores a key that is new, in the transaction of the first box made with it. */
  steps: Statement[];
}

/** The owner's key for new boxes; the first one of an owner is made here. */
export async function sealingKeyOf(deps: SealingDeps, owner: Owner): Promise<SealingKey> {
  const keys = await listOwnerKeys(deps.database, owner);
  const active = keys.findLast((key) => key.isActive);
  return active ? { key: active, steps: [] } : freshKeyAfter(deps, owner, keys);
}

/** A new version of the owner's key; older versions only open from the moment `steps` are written. */
export async function freshKeyOf(deps: SealingDeps, owner: Owner): Promise<SealingKey> {
  return freshKeyAfter(deps, owner, await listOwnerKeys(deps.database, owner));
}

function freshKeyAfter(deps: SealingDeps, owner: Owner, keys: readonly StoredOwnerKey[]): SealingKey {
  const key = deps.vault.newOwnerKey((keys.at(-1)?.version ?? 0) + 1);
  return { key, steps: activateOwnerKeySteps(deps.database, owner, key, deps.clock.nowMs()) };
}

/** The sealed columns after a change, and the steps that must be written before the row. */
export async function sealChanges(
  deps: SealingDeps,
  row: Placed,
  before: SealedSecrets,
  changes: SecretChanges,
): Promise<{ sealed: SealedSecrets; steps: Statement[] }> {
  const isSealing = Object.values(changes).some((change: SecretChange) => change.kind === 'set');
  const sealing = isSealing ? await sealingKeyOf(deps, row.owner) : null;
  const sealedOf = (change: SecretChange, box: string | null, column: SecretColumn): string | null => {
    if (change.kind === 'keep') return box;
    if (change.kind === 'clear' || !sealing) return null;
    return deps.vault.seal(change.text, placeOf(row, column), sealing.key);
  };
  return {
    sealed: {
      secret: sealedOf(changes.secret, before.secret, 'api_key_encrypted'),
      accessKeyId: sealedOf(changes.accessKeyId, before.accessKeyId, 'access_key_encrypted'),
      headers: sealedOf(changes.headers, before.headers, 'headers_encrypted'),
    },
    steps: sealing?.steps ?? [],
  };
}

/** Opens a box with its owner's keys as they are stored. @throws SecretUnreadable where it was altered, moved, or its key is gone */
export async function openBox({ database, vault }: Pick<SealingDeps, 'database' | 'vault'>, place: Place, box: string): Promise<Secret> {
  const keys = await listOwnerKeys(database, place.owner);
  return vault.open(box, place, (version) => keys.find((key) => key.version === version));
}

/** Opens a stored value. Throws Refusal SECRET_UNREADABLE where it was altered, moved, or its key is gone. */
export async function openStored(deps: SealingDeps, row: Placed, box: string, column: SecretColumn): Promise<Secret> {
  try {
    return await openBox(deps, placeOf(row, column), box);
  } catch (cause) {
    if (cause instanceof SecretUnreadable) throw new Refusal('SECRET_UNREADABLE', { cause });
    throw cause;
  }
}

/** All boxes of a row, made anew under one key (C-11). Throws Refusal SECRET_UNREADABLE; then nothing is replaced. */
export async function resealAll(deps: SealingDeps, row: Placed, before: SealedSecrets, key: SealingKey['key']): Promise<SealedSecrets> {
  const again = async (box: string | null, column: SecretColumn): Promise<string | null> =>
    box === null ? null : deps.vault.seal((await openStored(deps, row, box, column)).reveal(), placeOf(row, column), key);
  return {
    secret: await again(before.secret, 'api_key_encrypted'),
    accessKeyId: await again(before.accessKeyId, 'access_key_encrypted'),
    headers: await again(before.headers, 'headers_encrypted'),
  };
}
