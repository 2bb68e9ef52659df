/** What people do with connections: list, look, make, change, delete. Each change is one transaction with its audit entry. */
import type { Connection, SealedSecrets } from '../domain/connection.ts';
import { refuseWhileInUse } from '../domain/connection-rules.ts';
import { changesBetween } from '../domain/audit.ts';
import { Refusal } from '../domain/errors.ts';
import type { Owner } from '../domain/owner.ts';
import {
  clearDefaultStep,
  currentRevision,
  deleteSteps,
  findConnection,
  insertStep,
  inUseLabel,
  listConnections,
  staleLabel,
  updateStep,
  type ConnectionColumns,
  type ListOptions,
  type StoredConnection,
} from '../storage/connections.ts';
import { StaleWrite, UniqueViolation } from '../storage/errors.ts';
import type { WriteStep } from '../storage/driver.ts';
import { staleUseCase } from '../storage/use-cases.ts';
import { requireWorkspace } from '../storage/workspaces.ts';
import { commit, keptState, noteRefusal, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { findFor, ownersOf, requireOwner, type Found } from './connection-access.ts';
import { refuseBackups } from './connection-backups.ts';
import { dependantsOf, detachSteps, unusedSteps } from './connection-dependants.ts';
import { settle, type ConnectionInput, type FieldWords, type Settled } from './connection-input.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import { sealChanges } from './secrets.ts';
import { againWhileStale, notFound, refusing } from './stale.ts';

/** A change that met somebody else's is read and decided again this often. */
const triesMax = 4;

const noSecrets: SealedSecrets = { secret: null, accessKeyId: null, headers: null };
const secretFields = ['secret', 'accessKeyId', 'headers'] as const;

export const deedOn = (action: string, connection: Pick<Connection, 'id' | 'name' | 'owner'>, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType: 'connection',
  subjectId: connection.id,
  subjectName: connection.name,
  owner: connection.owner,
  changes,
});

/** What the audit log compares: fields by value, secrets only as "changed". */
const audited = (row: Omit<ConnectionColumns, 'secretSetAtMs' | 'secretLast4'>): Record<string, unknown> => {
  const { sealed, ...fields } = row;
  return { ...fields, ...sealed };
};

const auditedOf = ({ connection, sealed }: StoredConnection): Record<string, unknown> => {
  const { name, providerId, model, baseUrl, origin, settings, isActive, isDefault, trust } = connection;
  return audited({ name, providerId, model, baseUrl, origin, settings, isActive, isDefault, trust, sealed });
};

/** What the history of a connection keeps: what people set, without its secrets. */
const stateOf = (row: Omit<ConnectionColumns, 'secretSetAtMs' | 'secretLast4' | 'sealed'>): Record<string, unknown> => {
  const { name, providerId, model, baseUrl, settings, isActive, isDefault } = row;
  return { name, providerId, model, baseUrl, settings, isActive, isDefault };
};

/** Connections of the given owners that pass the filters, newest first; the caller's own where no owner is named. */
export async function listFor(
  deps: ControlDeps,
  caller: Caller,
  options: Omit<ListOptions, 'owners'> & { owners: 'usable' | readonly Owner[] },
): Promise<{ items: StoredConnection[]; total: number }> {
  const owners = options.owners === 'usable' ? await ownersOf(deps, caller.actor) : options.owners;
  return listConnections(deps.database, { ...options, owners });
}

/** One connection that the caller may use. Throws NOT_FOUND or FORBIDDEN (C-50). */
export const showConnection = (deps: ControlDeps, caller: Caller, id: string): Promise<Found> =>
  findFor(deps, caller, id, 'use', 'connection.show');

/** Makes a connection for an owner whose things the caller may manage. Resolves when the next request sees it (C-26). */
export async function createConnection(
  deps: ControlDeps,
  caller: Caller,
  owner: Owner,
  input: ConnectionInput,
  words: FieldWords,
): Promise<StoredConnection> {
  await requireOwner(deps, caller, owner, 'manage', 'connection.create');
  const id = deps.ids.uuid();
  const settled = await settle(deps, caller.actor, input, null, words);
  refuseBackups(deps, { id, owner }, settled.values.settings, null, words.settings);
  return withTries(settled.values.name, async () => {
    const nowMs = deps.clock.nowMs();
    const columns = await columnsOf(deps, { id, owner }, noSecrets, settled, { secretSetAtMs: null, nowMs });
    const row = { ...columns.row, id, owner, createdBy: caller.actor.userId, nowMs };
    const steps: WriteStep[] = [
      // A workspace that is deleted at this moment would leave the connection with an owner that nobody can reach.
      ...(owner.scope === 'workspace' ? [requireWorkspace(deps.database, owner.id)] : []),
      ...columns.steps,
      ...(row.isDefault ? [clearDefaultStep(deps.database, owner, id)] : []),
      insertStep(deps.database, row),
    ];
    const committed = commit(deps, caller, steps, {
      ...deedOn('connection.create', row, changesBetween({}, audited(row), secretFields)),
      state: keptState(null, null, stateOf(row)),
    });
    await refusing(committed, { workspace: notFound });
    return mustFind(deps, id);
  });
}

/**
 * Changes what the request names and nothing else (C-20). A change of somebody else in between is met by deciding again, or,
 * where the caller says what it was made from, by CONFLICT.
 */
export async function changeConnection(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  input: ConnectionInput,
  words: FieldWords,
  expected?: Expected<StoredConnection>,
): Promise<StoredConnection> {
  let isOldSecretLeft = false;
  const changed = await withTries(
    input.name ?? '',
    async () => {
      const stored = await findFor(deps, caller, id, 'manage', 'connection.update');
      const before = stored.connection;
      await refuseStale(deps, expected, { row: stored, revision: before.revision, type: 'connection', id });
      const settled = await noting(deps, caller, before, () => settle(deps, caller.actor, input, stored, words));
      refuseBackups(deps, before, settled.values.settings, before.settings, words.settings);
      const nowMs = deps.clock.nowMs();
      const columns = await columnsOf(deps, before, stored.sealed, settled, { secretSetAtMs: before.secretSetAtMs, nowMs });
      const steps: WriteStep[] = [
        ...columns.steps,
        ...(columns.row.isDefault && !before.isDefault ? [clearDefaultStep(deps.database, before.owner, id)] : []),
        updateStep(deps.database, id, before.revision, { ...columns.row, nowMs, resetTest: settled.isRetestNeeded }),
      ];
      const changes = changesBetween(auditedOf(stored), audited(columns.row), secretFields);
      const state = keptState(before, stateOf(before), stateOf(columns.row));
      await commit(deps, caller, steps, { ...deedOn('connection.update', { ...before, name: columns.row.name }, changes), state });
      isOldSecretLeft = secretFields.some((field) => stored.sealed[field] !== null && stored.sealed[field] !== columns.row.sealed[field]);
      return mustFind(deps, id);
    },
    () => catchUp(deps),
  );
  if (isOldSecretLeft) await scrubSecrets(deps);
  return changed;
}

/** Erases the credentials at once and leaves a tombstone (C-32). What is in use stays, unless an administrator forces it (C-08). */
export async function deleteConnection(deps: ControlDeps, caller: Caller, id: string, options: { isForced: boolean }): Promise<void> {
  await againWhileStale(() => deleteOnce(deps, caller, id, options));
  await scrubSecrets(deps);
}

async function deleteOnce(deps: ControlDeps, caller: Caller, id: string, options: { isForced: boolean }): Promise<void> {
  const { connection } = await findFor(deps, caller, id, 'manage', 'connection.delete');
  const dependants = await dependantsOf(deps, id);
  await noting(
    deps,
    caller,
    connection,
    async () => refuseWhileInUse(connection.name, dependants, caller.actor, options.isForced),
    'connection.delete',
  );
  const detached = dependants.length > 0 ? { detached: { before: dependants.map(({ kind, name }) => `${kind} ${name}`) } } : null;
  try {
    const detaching = dependants.length > 0 ? detachSteps(deps, id) : [];
    const steps = [...detaching, ...unusedSteps(deps, connection), ...deleteSteps(deps.database, id, deps.clock.nowMs())];
    const state = keptState(connection, stateOf(connection), null);
    await commit(deps, caller, steps, { ...deedOn('connection.delete', connection, detached), state });
  } catch (error) {
    // Somebody else deleted it first: for this caller it does not exist.
    if (error instanceof StaleWrite && error.label === staleLabel) throw new Refusal('NOT_FOUND');
    if (!(error instanceof StaleWrite) || (error.label !== inUseLabel && error.label !== staleUseCase)) throw error;
    // Something came to use it, or changed while it should let go of it: what uses it is looked at anew.
    await catchUp(deps);
    throw new Refusal('STALE', { cause: error });
  }
}

/** Runs something that may refuse, and notes the refusal with its subject before it goes on its way. */
export async function noting<T>(
  deps: ControlDeps,
  caller: Caller,
  connection: Connection,
  run: () => Promise<T>,
  action = 'connection.update',
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const isNotable =
      error instanceof Refusal && (error.code === 'SECRET_REQUIRED_FOR_NEW_ORIGIN' || error.code === 'CONFIGURATION_IN_USE');
    if (isNotable) await noteRefusal(deps, caller, deedOn(action, connection), error);
    throw error;
  }
}

async function columnsOf(
  deps: ControlDeps,
  row: { id: string; owner: Owner },
  before: SealedSecrets,
  settled: Settled,
  times: { secretSetAtMs: number | null; nowMs: number },
): Promise<{ row: ConnectionColumns; steps: WriteStep[] }> {
  const { values, changes } = settled;
  const { sealed, steps } = await sealChanges(deps, { ...row, providerId: values.providerId, origin: values.origin }, before, changes);
  const kind = changes.secret.kind;
  const secretSetAtMs = kind === 'keep' ? times.secretSetAtMs : kind === 'set' ? times.nowMs : null;
  return { row: { ...values, sealed, secretSetAtMs }, steps };
}

/**
 * Repeats a change that lost against another one: the row changed since it was read, another connection became the
 * default, or the owner's first key was stored by somebody else at the same moment.
 */
export async function withTries<T>(name: string, run: () => Promise<T>, before: () => Promise<void> = async () => undefined): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await run();
    } catch (error) {
      if (error instanceof UniqueViolation && error.constraint === 'ai_configurations_name') {
        throw new Refusal('NAME_EXISTS', {
          values: { name },
          details: [{ path: 'name', code: 'exists', message: 'the name is taken' }],
          cause: error,
        });
      }
      const isLost = error instanceof UniqueViolation || (error instanceof StaleWrite && error.label === staleLabel);
      if (!isLost) throw error;
      if (tried >= triesMax) throw new Refusal('STALE', { cause: error });
      await before();
    }
  }
}

/** Brings the snapshot to what is committed now, also by others. */
export async function catchUp(deps: ControlDeps): Promise<void> {
  await deps.keeper.catchUp(await currentRevision(deps.database));
}

export async function mustFind(deps: ControlDeps, id: string): Promise<StoredConnection> {
  const stored = await findConnection(deps.database, id);
  if (!stored || stored.isDeleted) throw new Refusal('NOT_FOUND');
  return stored;
}
