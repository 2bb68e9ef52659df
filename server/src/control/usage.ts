/** What was used and what it cost, as far as the caller may see it, with names instead of ids where there are any. */
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { rangeOf, UnreadableRange, zoneOf, type RangeQuery } from '../domain/usage-range.ts';
import { namesOfKeys } from '../storage/access-keys.ts';
import type { LedgerRow } from '../storage/ledger-rows.ts';
import { attemptsOf, listRequests, readCursor, writeCursor, type ListedRequest, type RequestsQuestion } from '../storage/requests.ts';
import { usageBy, type GroupBy, type UsageQuestion, type UsageSum } from '../storage/usage.ts';
import type { Visibility } from '../storage/visibility.ts';
import { fieldFault } from './connection-input.ts';
import type { ControlDeps } from './deps.ts';

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

export interface UsageAsked extends RangeQuery {
  groupBy: GroupBy;
  connectionId?: string;
  keyId?: string;
  model?: string;
}

export interface NamedUsage extends UsageSum {
  name: string | null;
}

export async function usageOf(deps: UsageDeps, actor: Actor, asked: UsageAsked): Promise<NamedUsage[]> {
  const question: UsageQuestion = readRange(() => ({
    range: rangeOf(asked, deps.clock.nowMs()),
    zone: zoneOf(asked.tz),
    groupBy: asked.groupBy,
    visibility: visibilityOf(actor),
    ...(asked.connectionId === undefined ? {} : { connectionIds: [asked.connectionId] }),
    ...(asked.keyId === undefined ? {} : { accessKeyId: asked.keyId }),
    ...(asked.model === undefined ? {} : { model: asked.model }),
  }));
  await deps.books.catchUp();
  const sums = await usageBy(deps.database, question);
  const keyNames =
    asked.groupBy === 'key'
      ? await namesOfKeys(
          deps.database,
          sums.flatMap(({ key }) => (key === null ? [] : [key])),
        )
      : null;
  return sums.map((sum) => ({ ...sum, name: keyNames ? (keyNames.get(sum.key ?? '') ?? null) : nameOf(deps, asked.groupBy, sum.key) }));
}

function nameOf(deps: ControlDeps, groupBy: GroupBy, key: string | null): string | null {
  if (key === null) return null;
  const { snapshot } = deps.keeper;
  if (groupBy === 'connection') return snapshot.connections.get(key)?.name ?? null;
  if (groupBy === 'repository') return snapshot.repositories.get(key)?.name ?? null;
  if (groupBy === 'use-case') return snapshot.useCases.byId.get(key)?.name ?? null;
  if (groupBy === 'user') return snapshot.people.get(key)?.name ?? null;
  return groupBy === 'model' || groupBy === 'provider' || groupBy === 'day' ? key : null;
}

export interface RequestsAsked extends RangeQuery {
  cursor?: string;
  limit: number;
  connectionId?: string;
  keyId?: string;
  userId?: string;
  workspaceId?: string;
  model?: string;
  status?: number;
  state?: RequestsQuestion['state'];
}

export interface NamedRequest extends ListedRequest {
  connectionName: string | null;
}

export async function requestsOf(
  deps: UsageDeps,
  actor: Actor,
  asked: RequestsAsked,
): Promise<{ rows: NamedRequest[]; nextCursor: string | null }> {
  const { cursor, keyId, period, from, to, tz, ...filters } = asked;
  const place = cursor === undefined ? null : readCursor(cursor);
  if (cursor !== undefined && !place) throw fieldFault('cursor', 'invalid_cursor', 'not a cursor of this list');
  const isBounded = period !== undefined || from !== undefined || to !== undefined;
  const range = isBounded ? readRange(() => rangeOf({ period, from, to, tz }, deps.clock.nowMs())) : {};
  // Only the first page shows what has just happened; a later one must not move.
  if (!place) await deps.books.catchUp();
  const page = await listRequests(deps.database, {
    ...filters,
    ...range,
    ...(keyId === undefined ? {} : { accessKeyId: keyId }),
    cursor: place,
    visibility: visibilityOf(actor),
  });
  const rows = page.rows.map((row) => ({ ...row, connectionName: connectionNameOf(deps, row.last) }));
  return { rows, nextCursor: page.nextCursor && writeCursor(page.nextCursor) };
}

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
