/** The requests that a caller may see: listed, drawn as bars, written out, and one by one with all that became of it. */
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { nanoUsdOf } from '../domain/money.ts';
import { barsOf, exactRangeOf } from '../domain/request-range.ts';
import { trailOf, type TrailStep } from '../domain/request-trail.ts';
import type { RangeQuery, UsageRange } from '../domain/usage-range.ts';
import type { Violation } from '../domain/policy.ts';
import { namesOfKeys } from '../storage/access-keys.ts';
import { findCaptured } from '../storage/captured-bodies.ts';
import type { LedgerRow } from '../storage/ledger-rows.ts';
import { eventsNear, type LimitEventRow } from '../storage/limit-events.ts';
import type { RequestCursor, RequestFilter } from '../storage/request-filters.ts';
import { histogramOf, type Histogram } from '../storage/request-histogram.ts';
import { attemptsOf, listRequests, readCursor, requestSummary, writeCursor, type ListedRequest } from '../storage/requests.ts';
import { violationsIn } from '../storage/violations.ts';
import { mayReadContent } from './captured.ts';
import { fieldFault } from './connection-input.ts';
import type { ControlDeps } from './deps.ts';
import { readRange, visibilityOf, type UsageDeps } from './usage.ts';
import { mayInWorkspace } from './workspaces.ts';

export interface RequestsDeps extends UsageDeps {
  /** Brings what has just been found into the database. */
  found: { flush(): Promise<void> };
  /** Brings contents that have just been taken down into the database. */
  contents: { flush(): Promise<void> };
}

/** Filters in the words of the API. */
export interface RequestsMeant extends RangeQuery, Omit<RequestFilter, 'visibility' | 'fromMs' | 'toMs' | 'accessKeyId' | 'minCostNanoUsd' | 'isChanged' | 'hasViolations'> {
  keyId?: string;
  minCostUsd?: string;
  hasChanges?: 'true';
  hasViolations?: 'true';
} // prettier-ignore

export interface RequestsAsked extends RequestsMeant {
  cursor?: string;
  limit: number;
}

function filterOf(actor: Actor, asked: RequestsMeant, range: Partial<UsageRange>): RequestFilter {
  const { keyId, minCostUsd, hasChanges, hasViolations, period: _period, from: _from, to: _to, tz: _tz, ...same } = asked;
  return {
    ...same,
    ...range,
    visibility: visibilityOf(actor),
    ...(keyId !== undefined && { accessKeyId: keyId }),
    ...(minCostUsd !== undefined && { minCostNanoUsd: nanoUsdOf(minCostUsd) ?? Number.MAX_SAFE_INTEGER }),
    ...(hasChanges !== undefined && { isChanged: true }),
    ...(hasViolations !== undefined && { hasViolations: true }),
  };
}

const isBounded = ({ period, from, to }: RangeQuery): boolean => period !== undefined || from !== undefined || to !== undefined;

const rangeAsked = (deps: Pick<ControlDeps, 'clock'>, { period, from, to, tz }: RangeQuery): UsageRange =>
  readRange(() => exactRangeOf({ period, from, to, tz }, deps.clock.nowMs()));

export interface NamedRequest extends ListedRequest {
  connectionName: string | null;
  accessKeyName: string | null;
  userName: string | null;
}

/** Names as they are now; what is gone has none. */
async function named(deps: ControlDeps, rows: readonly ListedRequest[]): Promise<NamedRequest[]> {
  const keyIds = new Set(rows.flatMap(({ last }) => (last.accessKeyId === null ? [] : [last.accessKeyId])));
  const keys = await namesOfKeys(deps.database, [...keyIds]);
  const { people } = deps.keeper.snapshot;
  return rows.map((row) => ({
    ...row,
    connectionName: connectionNameOf(deps, row.last),
    accessKeyName: keys.get(row.last.accessKeyId ?? '') ?? null,
    userName: (row.last.userId === null ? undefined : people.get(row.last.userId)?.name) ?? null,
  }));
}

export interface NamedPage {
  rows: NamedRequest[];
  nextCursor: string | null;
  searchedToMs: number | null;
}

/** @throws Refusal VALIDATION_ERROR for a cursor or a range that cannot be read */
export async function requestsOf(deps: UsageDeps, actor: Actor, asked: RequestsAsked): Promise<NamedPage> {
  const { cursor, limit, ...filters } = asked;
  const place = cursor === undefined ? null : readCursor(cursor);
  if (cursor !== undefined && !place) throw fieldFault('cursor', 'invalid_cursor', 'not a cursor of this list');
  const range = isBounded(asked) ? rangeAsked(deps, asked) : {};
  // Only the first page shows what has just happened; a later one must not move.
  if (!place) await deps.books.catchUp();
  const page = await listRequests(deps.database, { ...filterOf(actor, filters, range), cursor: place, limit });
  return {
    rows: await named(deps, page.rows),
    nextCursor: page.nextCursor && writeCursor(page.nextCursor),
    searchedToMs: page.searchedToMs,
  };
}

/** What a long export is about: the filter with the rights of whoever asks and a fixed end, so that it means the same rows throughout. */
export function exportFilterOf(deps: UsageDeps, actor: Actor, asked: RequestsMeant): RequestFilter {
  const nowMs = deps.clock.nowMs();
  const range: Partial<UsageRange> = isBounded(asked) ? rangeAsked(deps, asked) : {};
  return filterOf(actor, asked, { ...range, toMs: Math.min(range.toMs ?? nowMs + 1, nowMs + 1) });
}

/** A page of such an export, with names. */
export async function exportPage(
  deps: ControlDeps,
  filter: RequestFilter,
  cursor: RequestCursor | null,
  limit: number,
): Promise<{ rows: NamedRequest[]; nextCursor: RequestCursor | null }> {
  const { rows, nextCursor } = await listRequests(deps.database, { ...filter, cursor, limit });
  return { rows: await named(deps, rows), nextCursor };
}

/** How many requests a range has, bar by bar. @throws Refusal VALIDATION_ERROR */
export async function requestBars(
  deps: UsageDeps,
  actor: Actor,
  asked: RequestsMeant,
): Promise<Histogram & UsageRange & { barMs: number }> {
  const bars = barsOf(rangeAsked(deps, isBounded(asked) ? asked : { ...asked, period: '24h' }));
  await deps.books.catchUp();
  return { ...bars, ...(await histogramOf(deps.database, { ...filterOf(actor, asked, bars), ...bars })) };
}

const exportPageRows = 500;
/** A page may be short where a filter takes a long look; so many of them end an export all the same. */
const exportPagesMax = 2_000;

/** Every row that the filter means, the newest first, page by page, until `rowsMax` came or the caller has gone. */
export async function* exportRequests(
  deps: UsageDeps,
  actor: Actor,
  asked: RequestsMeant,
  { rowsMax, isGone }: { rowsMax: number; isGone: () => boolean },
): AsyncGenerator<NamedRequest[], void, undefined> {
  let cursor: string | undefined;
  let left = rowsMax;
  for (let pages = 0; pages < exportPagesMax && left > 0 && !isGone(); pages++) {
    const page: NamedPage = await requestsOf(deps, actor, { ...asked, limit: Math.min(exportPageRows, left), ...(cursor !== undefined && { cursor }) });
    yield page.rows;
    left -= page.rows.length;
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
} // prettier-ignore

const connectionNameOf = (deps: ControlDeps, row: LedgerRow): string | null =>
  row.connectionId === null ? null : (deps.keeper.snapshot.connections.get(row.connectionId)?.name ?? null);

export interface NamedAttempt extends LedgerRow {
  connectionName: string | null;
}

/** Throws NOT_FOUND for a request that does not exist or is not the caller's to see. */
export async function requestById(deps: UsageDeps, actor: Actor, requestId: string): Promise<NamedAttempt[]> {
  await deps.books.catchUp();
  const attempts = await attemptsOf(deps.database, requestId, visibilityOf(actor));
  if (attempts.length === 0) throw new Refusal('NOT_FOUND');
  return attempts.map((row) => ({ ...row, connectionName: connectionNameOf(deps, row) }));
}

export interface RequestDetail {
  /** Null while no attempt stands for the request. */
  request: NamedRequest | null;
  attempts: (NamedAttempt & TrailStep)[];
  findings: Violation[];
  limits: LimitEventRow[];
  hasContent: boolean;
}

const minuteMs = 60_000;

/** Limits are noted by the minute, with the one before and the one after: what was met there may be this request's or its neighbour's. */
async function limitsNear(deps: ControlDeps, actor: Actor, attempts: readonly LedgerRow[]): Promise<LimitEventRow[]> {
  const first = attempts[0]!;
  const last = attempts.at(-1)!;
  const isOwn = first.userId === actor.userId;
  const maySeeShared = first.workspaceId === null ? isOwn : mayInWorkspace(actor, first.workspaceId, 'ADMIN');
  const ids = new Set<string>();
  for (const { accessKeyId, userId, workspaceId, connectionId, routingGroupId } of attempts) {
    if (isOwn || maySeeShared) for (const id of [accessKeyId, userId]) if (id !== null) ids.add(id);
    if (maySeeShared) for (const id of [workspaceId, connectionId, routingGroupId]) if (id !== null) ids.add(id);
  }
  const untilMs = last.atMs + (last.latencyMs ?? 0) + minuteMs;
  return eventsNear(deps.database, [...ids], { fromMs: first.atMs - minuteMs, toMs: untilMs });
}

/** One request with all that became of it. @throws Refusal NOT_FOUND */
export async function requestDetail(deps: RequestsDeps, actor: Actor, requestId: string): Promise<RequestDetail> {
  await Promise.all([deps.found.flush(), deps.contents.flush()]);
  const attempts = await requestById(deps, actor, requestId);
  const [summary, findings, limits, content] = await Promise.all([
    requestSummary(deps.database, requestId),
    violationsIn(deps.database, requestId, visibilityOf(actor)),
    limitsNear(deps, actor, attempts),
    findCaptured(deps.database, requestId, deps.clock.nowMs()),
  ]);
  const trail = trailOf(requestId, attempts);
  const [request] = summary ? await named(deps, [summary]) : [];
  return {
    request: request ?? null,
    attempts: attempts.map((row, index) => ({ ...row, ...trail[index]! })),
    findings,
    limits,
    hasContent: content !== undefined && mayReadContent(actor, content),
  };
}
