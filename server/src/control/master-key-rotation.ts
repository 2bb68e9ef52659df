/** Moves everything that is sealed to a new master key while the house serves: in steps of which each may be the last one before a crash. */
import { Refusal } from '../domain/errors.ts';
import { pause } from '../lib/clock.ts';
import {
  addMasterKeySteps,
  promoteMasterKeySteps,
  retireMasterKeyStep,
  unwrapMasterKeyStep,
  wrappedKeys,
  type WrappedKeyRow,
} from '../storage/master-keys.ts';
import type { WriteStep } from '../storage/driver.ts';
import { keyCheckValue } from '../vault/keys.ts';
import { SecretUnreadable } from '../vault/vault.ts';
import { commit, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';
import type { SealedValue } from './sealed-table.ts';
import { createOwnerKeys, sealedPages, takeCensus, type SealedCensus } from './sealed-values.ts';

/** Rows that one transaction seals anew: it takes a few milliseconds of the one thread that answers requests. */
export const rotationRows = 100;
/** Values that are written between two readings are found by reading again; each pass leaves fewer. */
const passesMax = 20;
/** On PostgreSQL other instances hear of a new key by their poll at the latest, and open with it before anything is sealed under it. */
const hearingMsDefault = 12_000;
/** How long the thread is left to requests after each batch, in parts of the time that the batch took. */
const restFactor = 2;
const keyBytes = 32;
const restMsMax = 250;

export interface RotationWish {
  /** 32 bytes; null takes up a rotation that is under way, or makes a key where `makeKey` may. */
  newKey: Uint8Array | null;
  /** Whether a new key may be made up: only where it can be kept, in the file of the data directory. */
  makesKey: boolean;
  isDryRun: boolean;
  /** How long other instances have to hear of a new key; shorter in tests alone. */
  hearingMs?: number;
}

export interface RotationReport {
  state: 'dry-run' | 'done' | 'nothing';
  fromKcv: string;
  toKcv: string | null;
  /** Values that had to be sealed anew when this run began. */
  waiting: number;
  resealed: number;
  values: number;
  unreadable: SealedCensus['unreadable'];
}

type Progress = (line: string) => void;

/**
 * Begins a rotation, or goes on with one that was interrupted, until every value is sealed under the new key and opens.
 * Safe to repeat at any time. @throws Refusal VALIDATION_ERROR for a key that cannot be the new one
 */
export async function rotateMasterKey(deps: ControlDeps, caller: Caller, wish: RotationWish, tell: Progress): Promise<RotationReport> {
  const rows = await wrappedKeys(deps.database);
  const active = mustBeActive(rows);
  const pending = rows.find(({ status }) => status === 'pending');
  const census = await takeCensus(deps, { isOpening: true, pageRows: rotationRows, between: () => rest(deps, 0) });
  const target = pending ? ({ ...pending, status: 'pending' } satisfies Target) : targetOf(deps, rows, active, census, wish);
  const report: RotationReport = {
    state: wish.isDryRun ? 'dry-run' : 'nothing',
    fromKcv: active.kcv,
    toKcv: target === null ? null : target.kcv,
    waiting: 0,
    resealed: 0,
    values: census.values,
    unreadable: census.unreadable,
  };
  const goal = target?.version ?? null;
  for (const [version, count] of census.openByMaster) if (version !== goal) report.waiting += count;
  if (wish.isDryRun || target === null) return report;
  if (target.status === 'new') await begin(deps, caller, active, target, tell);
  if (target.status !== 'active')
    await promote(deps, caller, { from: active.version, to: target.version }, wish.hearingMs ?? hearingMsDefault, tell);
  report.resealed = await resealAll(deps, caller, target.version, report.waiting, tell);
  const after = await takeCensus(deps, { isOpening: true, pageRows: rotationRows, between: () => rest(deps, 0) });
  report.values = after.values;
  report.unreadable = after.unreadable;
  report.state = 'done';
  await retireUnused(deps, caller, target.version, after);
  return report;
}

interface Target {
  version: number;
  kcv: string;
  status: 'new' | 'pending' | 'active';
  /** Of a new key alone. */
  bytes?: Uint8Array;
}

/** Where the values shall go; null where they are there already and no new key was given. */
function targetOf(
  deps: ControlDeps,
  rows: readonly WrappedKeyRow[],
  active: WrappedKeyRow,
  census: SealedCensus,
  { newKey, makesKey, isDryRun }: RotationWish,
): Target | null {
  // What does not open cannot be moved, and must not keep everything else from moving on for ever.
  const isUnfinished =
    [...census.openByMaster.keys()].some((version) => version !== active.version) ||
    rows.some(({ version, status }) => status === 'decrypt_only' && !census.byMaster.has(version));
  const kcv = newKey === null ? null : keyCheckValue(newKey);
  if (kcv === active.kcv || (kcv === null && isUnfinished)) return { version: active.version, kcv: active.kcv, status: 'active' };
  if (isUnfinished)
    throw unfitKey('under_way', `a rotation to the key with kcv=${active.kcv} is not finished; run this again without a new key first`);
  if (rows.some((row) => row.kcv === kcv)) throw unfitKey('used', 'this key has been the master key before; make a new one');
  if (isToTakeOver(active)) {
    // All is moved, and what is left is to keep the new key where it belongs.
    if (newKey === null) return { version: active.version, kcv: active.kcv, status: 'active' };
    // Three keys would be had from the oldest one.
    throw unfitKey(
      'not_taken_over',
      `the settings still hold the key before; set the one with kcv=${active.kcv} and run this with --finish first`,
    );
  }
  if (newKey === null && !makesKey) return null;
  const bytes = newKey ?? (isDryRun ? null : deps.ids.bytes(keyBytes));
  if (bytes === null) return null;
  return { version: 1 + Math.max(...rows.map((row) => row.version)), kcv: keyCheckValue(bytes), status: 'new', bytes };
}

/** Whether the key that seals can still be had from the one before it. */
const isToTakeOver = ({ version, wrapped, wrappedBy }: WrappedKeyRow): boolean =>
  wrapped !== null && wrappedBy !== null && wrappedBy < version;

const unfitKey = (code: string, message: string): Refusal =>
  new Refusal('VALIDATION_ERROR', { values: { count: 1 }, details: [{ path: 'newKey', code, message }] });

function mustBeActive(rows: readonly WrappedKeyRow[]): WrappedKeyRow {
  const active = rows.find(({ status }) => status === 'active');
  if (!active) throw unfitKey('no_active', 'no master key version is recorded as active');
  return active;
}

const deedOf = (action: string, changes: Deed['changes']): Deed => ({
  action,
  subjectType: 'master_key',
  subjectId: null,
  subjectName: null,
  owner: null,
  changes,
});

/** Each key under the other, so that whoever has one has both: a start with either, and every running instance. */
async function begin(deps: ControlDeps, caller: Caller, active: WrappedKeyRow, target: Target, tell: Progress): Promise<void> {
  const { version, kcv, bytes } = target;
  if (bytes === undefined) return;
  const { vault } = deps;
  const row = { version, kcv, wrapped: vault.wrap({ version, bytes }, active.version), wrappedBy: active.version };
  const steps = addMasterKeySteps(deps.database, row, vault.wrap(active.version, { version, bytes }), deps.clock.nowMs());
  await commit(deps, caller, steps, deedOf('master-key.add', { kcv: { after: kcv } }));
  // Not before it is kept: a key that was given up must not stand in the way of the next one of its version.
  vault.learn({ version, bytes });
  tell(`The new master key has check value ${kcv}; every instance can open with it.`);
}

async function promote(
  deps: ControlDeps,
  caller: Caller,
  { from, to }: { from: number; to: number },
  hearingMs: number,
  tell: Progress,
): Promise<void> {
  if (deps.database.driver.engine === 'postgres') {
    tell(`Waiting ${hearingMs / 1000} s, so that every instance has heard of it.`);
    await pause(deps.clock, hearingMs);
  }
  await commit(
    deps,
    caller,
    promoteMasterKeySteps(deps.database, { from, to }),
    deedOf('master-key.promote', { version: { before: from, after: to } }),
  );
}

/** Seals anew what is not under the version, until a whole pass finds nothing more that could be. Returns how many values it made anew. */
async function resealAll(deps: ControlDeps, caller: Caller, version: number, waiting: number, tell: Progress): Promise<number> {
  let resealed = 0;
  for (let pass = 0; pass < passesMax; pass++) {
    let found = 0;
    for await (const values of sealedPages(deps.database, rotationRows)) {
      const startedMs = deps.clock.monotonicMs();
      const steps = await stepsFor(deps, values, version);
      if (steps.length === 0) continue;
      const tookMs = deps.clock.monotonicMs() - startedMs;
      await commit(deps, caller, steps, deedOf('secrets.reseal', { count: { after: steps.length } }));
      found += steps.length;
      resealed += steps.length;
      tell(`${resealed} of ${Math.max(waiting, resealed)} sealed values are under the new key.`);
      await rest(deps, tookMs);
    }
    if (found === 0) return resealed;
  }
  return resealed;
}

/** Requests come first: what they wait for is never longer than one batch. */
const rest = (deps: Pick<ControlDeps, 'clock'>, tookMs: number): Promise<void> =>
  pause(deps.clock, Math.min(restMsMax, Math.ceil(tookMs * restFactor) + 1));

async function stepsFor(deps: ControlDeps, values: readonly SealedValue[], version: number): Promise<WriteStep[]> {
  const keysOf = createOwnerKeys(deps.database);
  const steps: WriteStep[] = [];
  for (const { place, box, replaceBy } of values) {
    try {
      if (deps.vault.versionsOf(box).master === version) continue;
      const keys = await keysOf(place.owner);
      const active = keys.findLast((key) => key.isActive);
      if (!active) throw new SecretUnreadable('owner_key_missing');
      steps.push(replaceBy(deps.vault.reseal(box, place, (wanted) => keys.find((key) => key.version === wanted), active)));
    } catch (error) {
      // It did not open before either; the report names it, and the key that it needs stays.
      if (!(error instanceof SecretUnreadable)) throw error;
      deps.log.warn({ table: place.table, id: place.rowId, column: place.column, err: error }, 'a sealed value does not open');
    }
  }
  return steps;
}

/** An older key under which nothing is left is not asked for at a start any more. */
async function retireUnused(deps: ControlDeps, caller: Caller, current: number, census: SealedCensus): Promise<void> {
  for (const { version, status } of await wrappedKeys(deps.database)) {
    if (version === current || status !== 'decrypt_only' || (census.byMaster.get(version) ?? 0) > 0) continue;
    const steps = [retireMasterKeyStep(deps.database, version)];
    await commit(deps, caller, steps, deedOf('master-key.retire', { version: { before: version } }));
  }
}

/** Whether a rotation was begun and not ended. Where the key is kept in the data directory, it ends when the new one is there. */
export async function isRotationUnfinished(deps: Pick<ControlDeps, 'database'>, isKeptHere: boolean): Promise<boolean> {
  const rows = await wrappedKeys(deps.database);
  if (rows.length < 2) return false;
  if (rows.some((row) => row.status === 'pending' || (isKeptHere && row.status === 'active' && isToTakeOver(row)))) return true;
  return rows.some(({ status, wrapped }) => status === 'decrypt_only' && wrapped !== null);
}

/**
 * The new key is where the operator keeps it: from now on the one before does not open it any more. Does nothing where that is so already.
 * @returns whether anything was forgotten
 */
export async function finishRotation(deps: ControlDeps, caller: Caller): Promise<boolean> {
  const rows = await wrappedKeys(deps.database);
  const active = mustBeActive(rows);
  if (rows.some(({ status }) => status === 'pending'))
    throw unfitKey('under_way', 'the rotation is not finished; run this without --finish first');
  if (active.wrapped === null) return false;
  const deed = deedOf('master-key.finish', { kcv: { after: active.kcv } });
  await commit(deps, caller, [unwrapMasterKeyStep(deps.database, active.version)], deed);
  return true;
}
