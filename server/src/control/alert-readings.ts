/** What each kind of rule sees now: one reading per cause, from the books, the health of connections, limits, prices and policies. */
import { kindTable, type AlertDetails, type AlertKind, type AlertRule } from '../domain/alert.ts';
import type { Reading } from '../domain/alert-state.ts';
import type { Connection } from '../domain/connection.ts';
import { spanOf } from '../domain/limit.ts';
import { bandFaultsOf, dearestOf } from '../domain/price.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { quarterMs, quarterOf } from '../domain/rollup.ts';
import { providerRow } from '../providers/catalog.ts';
import type { PriceBook } from '../providers/prices.ts';
import { errorShares, illConnections, policyFinds, slowest, spendByQuarter, type MeasureScope } from '../storage/alert-measures.ts';
import type { Database } from '../storage/database.ts';
import { budgetReadings } from './budget-readings.ts';

export interface AlertReading extends Reading {
  details: AlertDetails;
  connectionId: string | null;
}

/** What an instance sees of its own machine. Null where it cannot be known. */
export interface LocalState {
  /** Free space where the data directory lies, percent. */
  diskFreePercent: number | null;
  /** How long the database took to answer; null where it does not answer. */
  databaseMs: number | null;
  /** Tells instances apart, also after a restart. */
  instance: string;
  /** What people call the machine. */
  instanceName: string;
}

export interface ReadingDeps {
  database: Database;
  snapshot: Snapshot;
  nowMs: number;
  local: LocalState;
  prices: Pick<PriceBook, 'catalogueOf'>;
}

type Read = (deps: ReadingDeps, rule: AlertRule) => Promise<AlertReading[]> | AlertReading[];

/** Fewer attempts than this are no rate. */
const attemptsMin = 5;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const usualDays = 7;
/** Below this an hour is no spike, whatever the hours before it were. */
export const spikeMinNanoUsd = 10_000_000;
/** An hour of the past counts as usual where at least so many have been spent in. */
export const usualHoursMin = 6;

const scopeOf = ({ owner, connectionId }: AlertRule): MeasureScope => ({ owner, connectionId });
const windowMsOf = ({ kind, threshold }: AlertRule): number => (threshold.windowS ?? kindTable[kind].windowS) * 1000;
const limitOf = ({ kind, threshold }: AlertRule): number => threshold.value ?? kindTable[kind].value ?? 0;

/** Connections that a rule may tell of: those of its owner, all of them for the installation's. */
export function connectionsOf(snapshot: Snapshot, { owner, connectionId }: AlertRule): Connection[] {
  if (connectionId !== null) return [snapshot.connections.get(connectionId) ?? []].flat();
  return owner.scope === 'organization' ? [...snapshot.connections.values()] : [...snapshot.connectionsOf(owner)];
}

const nameOf = (snapshot: Snapshot, id: string): string => snapshot.connections.get(id)?.name ?? id;

const failing: Read = async ({ database, snapshot }, rule) => {
  const ill = new Map((await illConnections(database)).map((one) => [one.connectionId, one]));
  return connectionsOf(snapshot, rule)
    .filter(({ isActive }) => isActive)
    .map(({ id, name }) => {
      const one = ill.get(id);
      return { subject: id, isMet: one !== undefined, connectionId: id, details: { subject: name, reason: one?.state ?? 'healthy' } };
    });
};

const errorRate: Read = async ({ database, snapshot, nowMs }, rule) => {
  const shares = await errorShares(database, scopeOf(rule), nowMs - windowMsOf(rule));
  return shares
    .filter(({ attempts }) => attempts >= attemptsMin)
    .map(({ connectionId, attempts, failures }) => {
      const value = (failures / attempts) * 100;
      const details = { subject: nameOf(snapshot, connectionId), value, limit: limitOf(rule), windowS: windowMsOf(rule) / 1000 };
      return { subject: connectionId, isMet: value >= limitOf(rule), connectionId, details };
    });
};

const latency: Read = async ({ database, snapshot, nowMs }, rule) => {
  const times = await slowest(database, scopeOf(rule), nowMs - windowMsOf(rule));
  return times
    .filter(({ attempts }) => attempts >= attemptsMin)
    .map(({ connectionId, p95Ms }) => {
      const details = { subject: nameOf(snapshot, connectionId), value: p95Ms, limit: limitOf(rule), windowS: windowMsOf(rule) / 1000 };
      return { subject: connectionId, isMet: p95Ms >= limitOf(rule), connectionId, details };
    });
};

/** Who the sum is of: the one connection, or nobody by name. */
const subjectOf = (snapshot: Snapshot, { connectionId }: AlertRule): string =>
  connectionId === null ? '' : nameOf(snapshot, connectionId);

const spend: Read = async ({ database, snapshot, nowMs }, rule) => {
  const period = rule.threshold.period ?? 'day';
  const { fromMs } = spanOf(period, snapshot.limits.timeZone, nowMs);
  const value = (await spendByQuarter(database, scopeOf(rule), fromMs)).reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
  const details = { subject: subjectOf(snapshot, rule), value, limit: limitOf(rule), period };
  // Each day or month is a cause of its own: what was told of yesterday is over with it.
  return [{ subject: `${period}:${fromMs}`, isMet: value >= limitOf(rule), connectionId: rule.connectionId, details }];
};

/** How many times the usual hour was spent in the hours before `nowMs`; null where nothing is usual yet. */
export function spikeOf(
  quarters: readonly { bucket: number; costNanoUsd: number }[],
  nowMs: number,
): { times: number; lastNanoUsd: number } | null {
  const fromMs = quarterOf(nowMs) - hourMs;
  const past = quarters.filter(({ bucket }) => bucket < fromMs && bucket >= fromMs - usualDays * dayMs);
  const hours = new Map<number, number>();
  for (const { bucket, costNanoUsd } of past) {
    const hour = Math.floor(bucket / hourMs);
    hours.set(hour, (hours.get(hour) ?? 0) + costNanoUsd);
  }
  const spent = [...hours.values()].filter((cost) => cost > 0);
  if (spent.length < usualHoursMin) return null;
  const usual = spent.reduce((sum, cost) => sum + cost, 0) / spent.length;
  // The quarter-hour that runs and the four before it: an hour at least, five quarters at most.
  const lastNanoUsd = quarters
    .filter(({ bucket }) => bucket >= fromMs && bucket <= nowMs)
    .reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
  return { times: lastNanoUsd / usual, lastNanoUsd };
}

const spike: Read = async ({ database, snapshot, nowMs }, rule) => {
  const quarters = await spendByQuarter(database, scopeOf(rule), quarterOf(nowMs) - hourMs - usualDays * dayMs);
  const found = spikeOf(quarters, nowMs);
  const details = { subject: subjectOf(snapshot, rule), value: found?.times ?? 0, limit: limitOf(rule) };
  const isMet = found !== null && found.times >= limitOf(rule) && found.lastNanoUsd >= spikeMinNanoUsd;
  return [{ subject: '', isMet, connectionId: rule.connectionId, details }];
};

const keyAge: Read = ({ snapshot, nowMs }, rule) =>
  connectionsOf(snapshot, rule).flatMap(({ id, name, secretSetAtMs, isActive }) => {
    if (secretSetAtMs === null || !isActive) return [];
    const days = Math.floor((nowMs - secretSetAtMs) / dayMs);
    // A new key is a new cause.
    const details = { subject: name, value: days, limit: limitOf(rule) };
    return [{ subject: `${id}:${secretSetAtMs}`, isMet: days >= limitOf(rule), connectionId: id, details }];
  });

const priceBand: Read = ({ snapshot, nowMs, prices }) =>
  [...snapshot.prices.holding(nowMs)].flatMap((entry) => {
    const row = providerRow(entry.provider);
    const known = row ? (prices.catalogueOf(row, entry.model)?.dearest ?? null) : null;
    const isMet = bandFaultsOf(dearestOf(entry.tiers), known).length > 0;
    return [{ subject: entry.id, isMet, connectionId: entry.connectionId, details: { subject: `${entry.provider}/${entry.model}` } }];
  });

const ledgerUnknown: Read = async ({ database, nowMs }, rule) => {
  const fromMs = quarterOf(nowMs - windowMsOf(rule)) + quarterMs;
  const value = (await spendByQuarter(database, scopeOf(rule), fromMs)).reduce((sum, { unknowns }) => sum + unknowns, 0);
  const details = { subject: '', value, limit: limitOf(rule), windowS: windowMsOf(rule) / 1000 };
  return [{ subject: '', isMet: value >= limitOf(rule), connectionId: null, details }];
};

const policy: Read = async ({ database, nowMs }, rule) => {
  const windowMs = windowMsOf(rule);
  const sums = new Map<string, { name: string; finds: number }>();
  for (const { policyId, policyName, finds } of await policyFinds(database, scopeOf(rule), nowMs - windowMs, windowMs)) {
    const sum = sums.get(policyId) ?? { name: policyName, finds: 0 };
    sum.finds += finds;
    sums.set(policyId, sum);
  }
  return [...sums].map(([id, { name, finds }]) => {
    const details = { subject: name, value: finds, limit: limitOf(rule), windowS: windowMs / 1000 };
    return { subject: id, isMet: finds >= limitOf(rule), connectionId: null, details };
  });
};

/** What an instance sees of itself, without asking anybody; null where it cannot be known. */
export function localReadingOf(local: LocalState, rule: AlertRule): AlertReading | null {
  const limit = limitOf(rule);
  const common = { subject: local.instance, connectionId: null };
  if (rule.kind === 'disk') {
    if (local.diskFreePercent === null) return null;
    const details = { subject: local.instanceName, value: local.diskFreePercent, limit };
    return { ...common, isMet: local.diskFreePercent <= limit, details };
  }
  const isAway = local.databaseMs === null;
  const value = local.databaseMs ?? 0;
  const details = { subject: local.instanceName, reason: isAway ? 'away' : 'slow', value, limit };
  return { ...common, isMet: isAway || value >= limit, details };
}

const ofThisMachine: Read = ({ local }, rule) => [localReadingOf(local, rule) ?? []].flat();

const readers: Record<AlertKind, Read> = {
  'connection-failing': failing,
  'error-rate': errorRate,
  latency,
  spend,
  spike,
  budget: (deps, rule) => budgetReadings(deps, rule, limitOf(rule)),
  'key-age': keyAge,
  'price-band': priceBand,
  'ledger-unknown': ledgerUnknown,
  policy,
  disk: ofThisMachine,
  database: ofThisMachine,
};

/** Everything that a rule sees now. Rejects with the storage errors; what is not named is not met. */
export async function readingsOf(deps: ReadingDeps, rule: AlertRule): Promise<AlertReading[]> {
  return readers[rule.kind](deps, rule);
}
