/** S3's statistics by day and by minute: repositories, AI LLMs and keys are joined by "or", everything else by "and" (D-15). */
import { dayMs, dayOf } from '../domain/rollup.ts';
import type { UsageRange } from '../domain/usage-range.ts';
import { isUuid } from '../lib/ids.ts';
import { aiTypeOf, catalog } from '../providers/catalog.ts';
import { aiStats, type AiStatsSum } from '../storage/ai-stats.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { fieldFault } from './connection-input.ts';
import { repositoryFor } from './repositories.ts';
import type { SeriesDeps } from './usage-series.ts';
import { visibilityOf } from './usage.ts';

/** Lists of which any value may fit. */
export interface AiStatsAsked {
  /** ISO 8601: dates of UTC, or points in time. */
  startDate?: string;
  endDate?: string;
  /** Any of these three may fit. */
  connectionIds?: readonly string[];
  accessKeyIds?: readonly string[];
  repositoryIds?: readonly string[];
  /** What fits must also fit these. */
  hosts?: readonly string[];
  /** S3's types, or providers. */
  types?: readonly string[];
  models?: readonly string[];
  userIds?: readonly string[];
}

const minuteMs = 60_000;
const defaultDays = 30;
/** Ten years of days, and a day of minutes; a longer question is a fault. */
const daysMax = 3_700;
const minuteRangeMs = dayMs;

const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** Both ends belong to the range: a date is its whole day, a point in time the day or the minute in which it lies. */
function rangeOf({ startDate, endDate }: AiStatsAsked, by: 'day' | 'minute', nowMs: number): UsageRange {
  const step = by === 'day' ? dayMs : minuteMs;
  const floor = (atMs: number): number => Math.floor(atMs / step) * step;
  const endMs = endDate === undefined ? nowMs : isDate(endDate) ? Date.parse(endDate) + dayMs - 1 : Date.parse(endDate);
  const toMs = floor(endMs) + step;
  const firstMs = by === 'day' ? dayOf(endMs) - (defaultDays - 1) * dayMs : toMs - minuteRangeMs;
  const fromMs = startDate === undefined ? Math.max(0, firstMs) : Math.max(0, floor(Date.parse(startDate)));
  const longest = by === 'day' ? daysMax * dayMs : minuteRangeMs;
  if (fromMs >= toMs) throw fieldFault('startDate', 'invalid_range', 'the range ends before it begins');
  if (toMs - fromMs > longest) throw fieldFault('startDate', 'invalid_range', `the range is longer than ${longest / dayMs} days`);
  return { fromMs, toMs };
}

/** Providers by S3's type, or those that are named. */
const providersOf = (types: readonly string[]): string[] =>
  types.flatMap((type) => {
    const named = catalog.filter(({ id }) => id === type.toLowerCase() || aiTypeOf(id) === type.toUpperCase()).map(({ id }) => id);
    return named.length > 0 ? named : [type];
  });

export interface AiStatsHosted extends AiStatsSum {
  host: string | null;
}

/** Throws NOT_FOUND or FORBIDDEN for a repository or an AI LLM that the caller may not see, VALIDATION_ERROR for a range that is none. */
export async function aiStatsOf(deps: SeriesDeps, caller: Caller, asked: AiStatsAsked, by: 'day' | 'minute'): Promise<AiStatsHosted[]> {
  const { snapshot } = deps.keeper;
  for (const id of asked.connectionIds ?? []) await findFor(deps, caller, id, 'use', 'connection.usage');
  for (const id of asked.repositoryIds ?? []) await repositoryFor(deps, caller.actor, id, 'READ');
  const hostOf = (connectionId: string): string | null => {
    const origin = snapshot.connections.get(connectionId)?.origin;
    return origin === undefined ? null : (URL.parse(origin)?.host ?? null);
  };
  const hosts = asked.hosts?.map((host) => host.toLowerCase());
  const hosted = hosts && [...snapshot.connections.keys()].filter((id) => hosts.includes(hostOf(id) ?? ''));
  const isNarrowed = asked.repositoryIds !== undefined || asked.connectionIds !== undefined || asked.accessKeyIds !== undefined;
  await deps.books.catchUp();
  await deps.found?.flush();
  const rows = await aiStats(deps.database, {
    by,
    range: rangeOf(asked, by, deps.clock.nowMs()),
    visibility: visibilityOf(caller.actor),
    connectionIds: hosted,
    providers: asked.types && providersOf(asked.types),
    models: asked.models,
    userIds: asked.userIds?.filter(isUuid),
    anyOf: isNarrowed
      ? {
          connectionIds: asked.connectionIds ?? [],
          accessKeyIds: (asked.accessKeyIds ?? []).filter(isUuid),
          repositoryIds: asked.repositoryIds ?? [],
        }
      : undefined,
  });
  return rows.map((row) => ({ ...row, host: row.connectionId === null ? null : hostOf(row.connectionId) }));
}
