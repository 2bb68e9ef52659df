/** What was used and what it cost, as far as the caller may see it, with names instead of ids where there are any. */
import type { Purpose } from '../domain/ledger.ts';
import type { Actor } from '../domain/owner.ts';
import { failuresOf, percentilesOf, type Percentiles, type Tally } from '../domain/tally.ts';
import { rangeOf, UnreadableRange, zoneOf, type RangeQuery } from '../domain/usage-range.ts';
import type { UsageFilter } from '../storage/usage-parts.ts';
import { talliesBy } from '../storage/usage-tallies.ts';
import { usageBy, type GroupBy, type UsageScope, type UsageSum } from '../storage/usage.ts';
import type { Visibility } from '../storage/visibility.ts';
import { fieldFault } from './connection-input.ts';
import type { ControlDeps } from './deps.ts';
import { namesFor } from './usage-names.ts';

export interface UsageDeps extends ControlDeps {
  /** Brings what has just happened into the books, for at most a moment. */
  books: { catchUp(): Promise<void> };
}

/** Administrators see everything; others their own rows and those of the workspaces that they administer. */
export function visibilityOf(actor: Actor): Visibility {
  if (actor.role === 'administrator') return 'all';
  return { userId: actor.userId, workspaceIds: [...actor.workspaces].filter(([, role]) => role === 'ADMIN').map(([id]) => id) };
}

/** Throws VALIDATION_ERROR with the field that cannot be read. */
export function readRange<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnreadableRange)) throw error;
    throw fieldFault(error.field, 'invalid_range', error.message);
  }
}

/** Lists of ids and names, of which any may fit; `none` is what belongs to none. */
interface FilterAsked {
  connectionId?: readonly string[];
  provider?: readonly string[];
  model?: readonly string[];
  keyId?: readonly string[];
  userId?: readonly string[];
  workspaceId?: readonly string[];
  repositoryId?: readonly string[];
  useCaseId?: readonly string[];
  purpose?: readonly Purpose[];
}

export type ScopeAsked = RangeQuery & FilterAsked;

const orNull = (ids: readonly string[] | undefined): (string | null)[] | undefined => ids?.map((id) => (id === 'none' ? null : id));

function filterOf(asked: FilterAsked): UsageFilter {
  const filter: UsageFilter = {
    connectionIds: orNull(asked.connectionId),
    providers: asked.provider,
    models: asked.model,
    accessKeyIds: orNull(asked.keyId),
    userIds: orNull(asked.userId),
    workspaceIds: orNull(asked.workspaceId),
    repositoryIds: orNull(asked.repositoryId),
    useCaseIds: orNull(asked.useCaseId),
    purposes: asked.purpose,
  };
  return filter;
}

export interface AskedScope {
  scope: UsageScope;
  /** IANA name of the zone. */
  zone: string;
}

/** Throws VALIDATION_ERROR with the field that cannot be read. */
export const scopeOf = (actor: Actor, asked: ScopeAsked, nowMs: number): AskedScope =>
  readRange(() => ({
    scope: { range: rangeOf(asked, nowMs), visibility: visibilityOf(actor), ...filterOf(asked) },
    zone: zoneOf(asked.tz),
  }));

/** Percentiles and failures, as far as they are known. */
export interface Times {
  latency: Percentiles | null;
  firstByte: Percentiles | null;
  /** Tokens in a thousand seconds. */
  speed: Percentiles | null;
  failures: { name: string; count: number }[];
  /** Attempts of which nothing is known: they are older than the counting. */
  untimed: number;
}

export const timesOf = (tally: Tally, counted: number, attempts: number): Times => ({
  latency: percentilesOf(tally, 'latency'),
  firstByte: percentilesOf(tally, 'firstByte'),
  speed: percentilesOf(tally, 'speed'),
  failures: failuresOf(tally),
  untimed: Math.max(0, attempts - counted),
});

export interface NamedUsage extends UsageSum {
  name: string | null;
  /** Where they were asked for. */
  times?: Times;
}

export interface UsageAsked extends ScopeAsked {
  groupBy: GroupBy;
  times?: boolean;
}

export async function usageOf(deps: UsageDeps, actor: Actor, asked: UsageAsked): Promise<NamedUsage[]> {
  const { scope, zone } = scopeOf(actor, asked, deps.clock.nowMs());
  await deps.books.catchUp();
  const { groupBy } = asked;
  const sums = await usageBy(deps.database, { ...scope, zone, groupBy });
  const nameOf = await namesFor(
    deps,
    groupBy,
    sums.map(({ key }) => key),
  );
  const named = sums.map((sum): NamedUsage => ({ ...sum, name: nameOf(sum.key) }));
  if (asked.times !== true || groupBy === 'day') return named;
  const tallies = await talliesBy(deps.database, scope, groupBy);
  return named.map((sum) => {
    const { counted, tally } = tallies.get(sum.key) ?? { counted: 0, tally: new Map() };
    return { ...sum, times: timesOf(tally, counted, sum.attempts) };
  });
}
