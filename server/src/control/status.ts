/** How all connections are doing that somebody may use, in one answer; one of them with its history; and a check at once. */
import { illShownMax } from '@patchbay/contract/status';
import { standingOf } from '../domain/connection-rules.ts';
import type { Connection } from '../domain/connection.ts';
import type { Fault } from '../domain/errors.ts';
import { checkPlanOf, type CheckWay } from '../domain/health-settings.ts';
import { isIll, outcomeOf, type HealthState } from '../domain/health.ts';
import { percentileOfClasses } from '../domain/latency-classes.ts';
import type { Actor, Owner } from '../domain/owner.ts';
import { dayMs } from '../domain/rollup.ts';
import { stretchesOf, stripOf, type StatusRange, type Stretch, type Stretches } from '../domain/status-strip.ts';
import {
  incidentsIn,
  newestChecks,
  stripBuckets,
  tookOf,
  type HealthCheckRow,
  type Incident,
  type StripBucket,
} from '../storage/health-history.ts';
import { allHealth, healthOfMany, type StoredHealth } from '../storage/health.ts';
import { pausesOf, type Pause } from '../storage/pauses.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { withinTestLimit } from './connection-test-limit.ts';
import { catchUp } from './connections.ts';
import type { ControlDeps } from './deps.ts';

/** A check that was made just now, as the gateway tells it. */
interface MadeCheck {
  kind: HealthCheckRow['kind'];
  fault: Fault | null;
  status: number | null;
  latencyMs: number;
  requestId: string | null;
}

export interface StatusDeps extends ControlDeps {
  checks: { checkNow(connection: Connection): Promise<MadeCheck> };
}

/** Incidents of the last 30 days that one answer names. */
const incidentsShown = 100;
const incidentsDays = 30;
const checksShown = 30;
/** Inactive connections whose pause is looked up. */
const pausesMax = 100;
/** Beyond two intervals, and this much for the check itself, what is shown may be old. */
const staleGraceMs = 15_000;

export interface ConnectionStatus {
  connection: Connection;
  state: HealthState;
  health: StoredHealth | null;
  /** Models that are ill or slow although the connection is not. */
  models: StoredHealth[];
  plan: { everyS: number; way: CheckWay };
  nextCheckAtMs: number | null;
  isStale: boolean;
  pause: Pause | null;
  buckets: Stretch[];
  uptime: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
}

export interface Status {
  atMs: number;
  stretches: Stretches;
  connections: ConnectionStatus[];
  incidents: Incident[];
}

/** Connections that somebody may use; of a workspace's lens its own, the organization's and the caller's own. */
function visibleTo(deps: Pick<ControlDeps, 'keeper'>, actor: Actor, workspaceId: string | undefined): Connection[] {
  const isOfLens = (owner: Owner): boolean => workspaceId === undefined || owner.scope !== 'workspace' || owner.id === workspaceId;
  const mayUse = (owner: Owner): boolean => ['use', 'manage'].includes(standingOf(actor, owner));
  return [...deps.keeper.snapshot.connections.values()].filter(({ owner }) => isOfLens(owner) && mayUse(owner));
}

/** One answer for the page, however many there are. */
export async function statusOf(deps: StatusDeps, actor: Actor, range: StatusRange, workspaceId?: string): Promise<Status> {
  const connections = visibleTo(deps, actor, workspaceId).toSorted((a, b) => a.name.localeCompare(b.name));
  const { statuses, stretches, atMs, incidents } = await statusesOf(deps, connections, range);
  const sinceMs = atMs - incidentsDays * dayMs;
  return {
    atMs,
    stretches,
    connections: statuses,
    incidents: incidents.filter(({ untilMs }) => untilMs === null || untilMs > sinceMs).slice(0, incidentsShown),
  };
}

/** How many are in which state; an inactive one is paused, whatever it was. */
export type StatusCounts = Record<HealthState | 'paused', number>;

/** For every page: how many are in which state, and which are ill. Nothing of the past is read. */
export async function statusSummary(
  deps: StatusDeps,
  actor: Actor,
  workspaceId?: string,
): Promise<{ counts: StatusCounts; ill: { connection: Connection; health: StoredHealth }[] }> {
  const health = new Map((await allHealth(deps.database, { withModels: false })).map((row) => [row.connectionId, row]));
  const statuses = visibleTo(deps, actor, workspaceId).map((connection) => {
    const known = health.get(connection.id) ?? null;
    return { connection, state: known?.state ?? ('unknown' as const), health: known };
  });
  const ill = statuses.flatMap(({ connection, health: known }) =>
    connection.isActive && known !== null && isIll(known.state) ? [{ connection, health: known }] : [],
  );
  return {
    counts: countsOf(statuses),
    ill: ill.toSorted((a, b) => b.health.sinceMs - a.health.sinceMs).slice(0, illShownMax),
  };
}

export function countsOf(statuses: readonly { connection: Connection; state: HealthState }[]): StatusCounts {
  const counts: StatusCounts = { healthy: 0, slow: 0, failing: 0, quota: 0, auth: 0, unknown: 0, paused: 0 };
  for (const { connection, state } of statuses) counts[connection.isActive ? state : 'paused']++;
  return counts;
}

interface Statuses {
  atMs: number;
  stretches: Stretches;
  statuses: ConnectionStatus[];
  /** Of these connections, in the range and in the last 30 days, newest first. */
  incidents: Incident[];
}

/** @param connections all of them are asked for at once: the number of questions to the database does not grow with theirs */
export async function statusesOf(deps: ControlDeps, connections: readonly Connection[], range: StatusRange): Promise<Statuses> {
  const { database, clock } = deps;
  const atMs = clock.nowMs();
  const stretches = stretchesOf(range, atMs);
  const only = connections.length === 1 ? (connections[0]?.id ?? null) : null;
  const question = { spanMs: stretches.spanMs, fromMs: stretches.fromMs, toMs: stretches.toMs, connectionId: only };
  const incidentsFromMs = Math.min(stretches.fromMs, atMs - incidentsDays * dayMs);
  const paused = connections.filter(({ isActive }) => !isActive).slice(0, pausesMax);
  const [health, { sums, took }, incidents, pauses] = await Promise.all([
    only === null ? allHealth(database, { withModels: true }) : healthOfMany(database, [only]),
    only === null ? sumsOfAll(deps, question, atMs) : sumsOf(deps, question),
    incidentsIn(database, { fromMs: incidentsFromMs, toMs: stretches.toMs, connectionId: only, limit: Infinity }),
    pausesOf(
      database,
      paused.map(({ id }) => id),
    ),
  ]);
  const healthById = Map.groupBy(health, ({ connectionId }) => connectionId);
  const sumsById = Map.groupBy(sums, ({ connectionId }) => connectionId);
  const incidentsById = Map.groupBy(incidents, ({ connectionId }) => connectionId);
  const house = deps.keeper.snapshot.healthSettings;
  const statuses = connections.map((connection): ConnectionStatus => {
    const rows = healthById.get(connection.id) ?? [];
    const whole = rows.find(({ model }) => model === '') ?? null;
    const plan = checkPlanOf(connection.settings, house);
    const illnesses = (incidentsById.get(connection.id) ?? []).filter(({ model }) => model === '');
    const strip = stripOf(stretches, {
      sums: sumsById.get(connection.id) ?? [],
      illnesses,
      bornMs: connection.createdAtMs,
      nowMs: atMs,
    });
    const counts = took.get(connection.id) ?? [];
    return {
      connection,
      state: whole?.state ?? 'unknown',
      health: whole,
      models: whole !== null && isIll(whole.state) ? [] : rows.filter((row) => isNewsOfModel(row, atMs)),
      plan,
      ...checkTimes(connection, whole, plan.everyS, atMs),
      pause: connection.isActive ? null : (pauses.get(connection.id) ?? null),
      buckets: strip.buckets,
      uptime: strip.uptime,
      p50Ms: percentileOfClasses(counts, 0.5),
      p95Ms: percentileOfClasses(counts, 0.95),
    };
  });
  const known = new Set(connections.map(({ id }) => id));
  return { atMs, stretches, statuses, incidents: incidents.filter(({ connectionId }) => known.has(connectionId)) };
}

interface Sums {
  sums: StripBucket[];
  took: Map<string, number[]>;
}

type SumsQuestion = Parameters<typeof stripBuckets>[1];

async function sumsOf({ database }: Pick<ControlDeps, 'database'>, question: SumsQuestion): Promise<Sums> {
  const [sums, took] = await Promise.all([stripBuckets(database, question), tookOf(database, question)]);
  return { sums, took };
}

/** However many pages are open, the sums of all connections are read once in this time: they are the large part of an answer. */
const sumsKeptMs = 5_000;

interface KeptSums {
  atMs: number;
  fromMs: number;
  reading: Promise<Sums>;
}

/** One per server and range; found by the keeper, so that it lives exactly as long. */
const keptSums = new WeakMap<object, Map<string, KeptSums>>();

function sumsOfAll(deps: Pick<ControlDeps, 'database' | 'keeper'>, question: SumsQuestion, nowMs: number): Promise<Sums> {
  let byRange = keptSums.get(deps.keeper);
  if (!byRange) keptSums.set(deps.keeper, (byRange = new Map<string, KeptSums>()));
  const key = `${question.spanMs} ${question.toMs - question.fromMs}`;
  const kept = byRange.get(key);
  if (kept && kept.fromMs === question.fromMs && nowMs - kept.atMs < sumsKeptMs && nowMs >= kept.atMs) return kept.reading;
  const reading = sumsOf(deps, question);
  // What could not be read is read again by the next who asks.
  reading.catch(() => byRange.delete(key));
  byRange.set(key, { atMs: nowMs, fromMs: question.fromMs, reading });
  return reading;
}

/** A model that nobody has asked since is no news any more. */
const modelNewsMs = 3_600_000;
const isNewsOfModel = ({ model, state, updatedAtMs }: StoredHealth, nowMs: number): boolean =>
  model !== '' && (isIll(state) || state === 'slow') && nowMs - updatedAtMs < modelNewsMs;

function checkTimes(
  { isActive }: Connection,
  health: StoredHealth | null,
  everyS: number,
  nowMs: number,
): { nextCheckAtMs: number | null; isStale: boolean } {
  const lastMs = health?.lastCheckedAtMs ?? null;
  if (!isActive || everyS === 0 || lastMs === null) return { nextCheckAtMs: null, isStale: false };
  const everyMs = everyS * 1000;
  return { nextCheckAtMs: Math.max(nowMs, lastMs + everyMs), isStale: nowMs - lastMs > 2 * everyMs + staleGraceMs };
}

export interface StatusOfOne {
  atMs: number;
  stretches: Stretches;
  status: ConnectionStatus;
  incidents: Incident[];
  checks: Omit<HealthCheckRow, 'isSlow'>[];
  uptimes: Record<StatusRange, number | null>;
}

/** @throws Refusal NOT_FOUND, FORBIDDEN */
export async function statusOfOne(deps: StatusDeps, caller: Caller, id: string, range: StatusRange): Promise<StatusOfOne> {
  const { connection } = await findFor(deps, caller, id, 'use', 'connection.health');
  const ranges: readonly StatusRange[] = ['24h', '7d', '30d', '90d'];
  const [checks, ...all] = await Promise.all([
    newestChecks(deps.database, { connectionId: connection.id, limit: checksShown }),
    ...ranges.map((one) => statusesOf(deps, [connection], one)),
  ]);
  const uptimeOf = (one: StatusRange): number | null => all[ranges.indexOf(one)]?.statuses[0]?.uptime ?? null;
  const chosen = all[ranges.indexOf(range)]!;
  return {
    atMs: chosen.atMs,
    stretches: chosen.stretches,
    status: chosen.statuses[0]!,
    incidents: chosen.incidents.slice(0, incidentsShown),
    checks,
    uptimes: { '24h': uptimeOf('24h'), '7d': uptimeOf('7d'), '30d': uptimeOf('30d'), '90d': uptimeOf('90d') },
  };
}

/**
 * Checks a connection now, beside its schedule and within the limit of live tests.
 * @throws Refusal NOT_FOUND, FORBIDDEN, RATE_LIMITED; never for what the provider does
 */
export async function checkNow(
  deps: StatusDeps,
  caller: Caller,
  id: string,
): Promise<{ check: Omit<HealthCheckRow, 'isSlow'>; status: ConnectionStatus; atMs: number }> {
  const found = await findFor(deps, caller, id, 'use', 'connection.test');
  // The gateway opens the secret from its snapshot, so that must know this revision of the row.
  if (deps.keeper.snapshot.connections.get(id)?.revision !== found.connection.revision) await catchUp(deps);
  const made = await withinTestLimit(deps, caller.actor.userId, () => deps.checks.checkNow(found.connection));
  const { statuses, atMs } = await statusesOf(deps, [found.connection], '24h');
  const { kind, fault, status, latencyMs, requestId } = made;
  const finding = { atMs, isWhole: kind === 'completion', fault, status, latencyMs };
  const outcome = outcomeOf(fault === null ? { ...finding, fault } : { ...finding, fault });
  const check = {
    id: deps.ids.uuid(),
    atMs,
    connectionId: id,
    model: '',
    kind,
    outcome,
    fault,
    status,
    latencyMs,
    costNanoUsd: 0,
    requestId,
  };
  return { check, status: statuses[0]!, atMs };
}
