/** Rotation of one connection's key: a new one in place of the old, or the old one sealed anew (C-11). */
import type { Connection } from '../domain/connection.ts';
import { isSameDestination, secretTailOf } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import { providerRow } from '../providers/catalog.ts';
import { updateStep, type ConnectionColumns, type StoredConnection } from '../storage/connections.ts';
import { commit, type Caller, type Deed } from './change.ts';
import { findFor } from './connection-access.ts';
import { fieldFault, refuseUnfitSecret } from './connection-input.ts';
import { testSettled, withNewSecret, type TestOutcome } from './connection-test.ts';
import { catchUp, deedOn, withTries } from './connections.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import { freshKeyOf, noChanges, resealAll, sealChanges } from './secrets.ts';
import { stale } from './stale.ts';

/** What this room's one face calls them. */
const words = { secret: 'apiKey', baseUrl: 'baseUrl' } as const;

export interface Rotation {
  /** Null where the new key failed its test and the old one stays. */
  rotatedAtMs: number | null;
  /** Version of the owner key that the stored key is sealed with. */
  keyVersion: number;
  test: TestOutcome | null;
}

export interface RotationInput {
  /** The provider's new key; null seals the stored one under a fresh owner key. */
  secret: string | null;
  /** Test the new key first, and keep the old one where it fails. */
  isTestedFirst: boolean;
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, URL_REFUSED, SECRET_REQUIRED (nothing stored to rotate), SECRET_UNREADABLE, STALE, RATE_LIMITED */
export async function rotateSecret(deps: ControlDeps, caller: Caller, id: string, input: RotationInput): Promise<Rotation> {
  const text = input.secret?.trim() ?? null;
  const stored = await findFor(deps, caller, id, 'manage', 'connection.rotate');
  if (text === null) return scrubbed(deps, reseal(deps, caller, id));
  if (text === '') throw fieldFault(words.secret, 'required', 'a key has 1 to 4096 visible ASCII characters without blanks');
  refuseUnfitSecret(deps, stored.connection, text, words);
  const test = input.isTestedFirst ? await testSettled(deps, caller, stored, withNewSecret(stored, text)) : null;
  if (test && !test.test.isSuccess) return { rotatedAtMs: null, keyVersion: versionOf(deps, stored.sealed.secret), test };
  return scrubbed(deps, replace(deps, caller, stored.connection, text, test));
}

/** A rotation is often made because the old key has leaked: what is left of it goes too. */
async function scrubbed(deps: ControlDeps, rotating: Promise<Rotation>): Promise<Rotation> {
  const rotation = await rotating;
  await scrubSecrets(deps);
  return rotation;
}

function replace(deps: ControlDeps, caller: Caller, meant: Connection, text: string, test: TestOutcome | null): Promise<Rotation> {
  const { id } = meant;
  return withTries(
    '',
    async () => {
      const stored = await findFor(deps, caller, id, 'manage', 'connection.rotate');
      const { connection } = stored;
      // The new key was entered, and tested, for where the connection led then; it does not follow to where somebody has led it meanwhile.
      if (!isSameDestination(meant, connection)) throw stale();
      refuseUnfitSecret(deps, connection, text, words);
      const nowMs = deps.clock.nowMs();
      const { sealed, steps } = await sealChanges(deps, connection, stored.sealed, { ...noChanges, secret: { kind: 'set', text } });
      const row = { ...columnsOf(stored), sealed, secretLast4: secretTailOf(text), secretSetAtMs: nowMs, nowMs, resetTest: true };
      await commit(deps, caller, [...steps, updateStep(deps.database, id, connection.revision, row)], deed(stored, 'secret'));
      return { rotatedAtMs: nowMs, keyVersion: versionOf(deps, sealed.secret), test };
    },
    () => catchUp(deps),
  );
}

/** The owner's other rows stay under the version before, which goes on opening them. */
function reseal(deps: ControlDeps, caller: Caller, id: string): Promise<Rotation> {
  return withTries(
    '',
    async () => {
      const stored = await findFor(deps, caller, id, 'manage', 'connection.rotate');
      const { connection } = stored;
      if (stored.sealed.secret === null) {
        throw new Refusal('SECRET_REQUIRED', { values: { provider: providerRow(connection.providerId)?.name ?? connection.providerId } });
      }
      const nowMs = deps.clock.nowMs();
      const { key, steps } = await freshKeyOf(deps, connection.owner);
      const sealed = await resealAll(deps, connection, stored.sealed, key);
      // Sealing anew is no change of what people set, so the time of the last change stays.
      const row = { ...columnsOf(stored), sealed, nowMs: connection.updatedAtMs, resetTest: false };
      await commit(deps, caller, [...steps, updateStep(deps.database, id, connection.revision, row)], deed(stored, 'sealing'));
      return { rotatedAtMs: nowMs, keyVersion: key.version, test: null };
    },
    () => catchUp(deps),
  );
}

const columnsOf = ({ connection, sealed }: StoredConnection): ConnectionColumns => ({ ...connection, sealed });

const deed = ({ connection }: StoredConnection, field: string): Deed =>
  deedOn('connection.rotate', connection, { [field]: { after: 'changed' } });

const versionOf = (deps: ControlDeps, box: string | null): number => (box === null ? 0 : deps.vault.versionsOf(box).owner);
