/** Kept responses: each belongs to one owner, and to nobody else does it exist. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface ResponseOwner {
  scope: 'user' | 'workspace';
  id: string;
}

export interface StoredResponse {
  id: string;
  previousId: string | null;
  /** Items of this turn alone. */
  input: unknown[];
  response: Record<string, unknown>;
  createdAtMs: number;
}

/** An expired row is gone, whether or not it was swept away yet. `read` is handed in by whoever needs more digits than a double has. */
export async function findResponse(
  { db }: Database,
  owner: ResponseOwner,
  id: string,
  nowMs: number,
  read: (json: string) => unknown = JSON.parse,
): Promise<StoredResponse | null> {
  const row = await db
    .selectFrom('stored_responses')
    .select(['id', 'previous_id', 'input', 'response', 'created_at'])
    .where('owner_scope', '=', owner.scope)
    .where('owner_id', '=', owner.id)
    .where('id', '=', id)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst();
  if (!row) return null;
  return {
    id: row.id,
    previousId: row.previous_id,
    input: read(row.input) as unknown[],
    response: read(row.response) as Record<string, unknown>,
    createdAtMs: row.created_at,
  };
}

/** Keeps one response; an id that the owner has already keeps what it stood for. */
export async function insertResponse({ db }: Database, owner: ResponseOwner, stored: StoredResponse, expiresAtMs: number): Promise<void> {
  await db
    .insertInto('stored_responses')
    .values({
      owner_scope: owner.scope,
      owner_id: owner.id,
      id: stored.id,
      previous_id: stored.previousId,
      input: JSON.stringify(stored.input),
      response: JSON.stringify(stored.response),
      created_at: stored.createdAtMs,
      expires_at: expiresAtMs,
    })
    .onConflict((conflict) => conflict.columns(['owner_scope', 'owner_id', 'id']).doNothing())
    .execute();
}

/** FALSE where the owner has no such response. */
export async function deleteResponse({ db }: Database, owner: ResponseOwner, id: string): Promise<boolean> {
  const [gone] = await db
    .deleteFrom('stored_responses')
    .where('owner_scope', '=', owner.scope)
    .where('owner_id', '=', owner.id)
    .where('id', '=', id)
    .execute();
  return (gone?.numDeletedRows ?? 0n) > 0n;
}

/** Everything that an owner has kept, for good: with its owner goes who could ask for it. */
export const forgetResponses = ({ db, compile }: Database, owner: ResponseOwner): Statement =>
  compile(db.deleteFrom('stored_responses').where('owner_scope', '=', owner.scope).where('owner_id', '=', owner.id));

/** Rows that one sweep deletes at most, so that the writer is never held for long. */
export const sweepRowsMax = 500;

/** Deletes expired rows, oldest first; answers how many. */
export async function sweepResponses({ db }: Database, nowMs: number): Promise<number> {
  const rows = await db
    .selectFrom('stored_responses')
    .select(['owner_scope', 'owner_id', 'id'])
    .where('expires_at', '<=', nowMs)
    .orderBy('expires_at')
    .limit(sweepRowsMax)
    .execute();
  if (rows.length === 0) return 0;
  const [gone] = await db
    .deleteFrom('stored_responses')
    .where('expires_at', '<=', nowMs)
    .where(
      'id',
      'in',
      rows.map(({ id }) => id),
    )
    .execute();
  return Number(gone?.numDeletedRows ?? 0n);
}

/** Owners that one round looks after; the others are next. */
const ownersMax = 100;

/** Takes the oldest rows of owners who have more than `rowsMax` of them; answers how many are gone. */
export async function trimOwners({ db }: Database, rowsMax: number): Promise<number> {
  const owners = await db
    .selectFrom('stored_responses')
    .select(({ fn }) => ['owner_scope', 'owner_id', fn.countAll<number>().as('rows')])
    .groupBy(['owner_scope', 'owner_id'])
    .having(({ fn }) => fn.countAll(), '>', rowsMax)
    .limit(ownersMax)
    .execute();
  let gone = 0;
  for (const { owner_scope: scope, owner_id: id, rows } of owners) {
    const oldest = await db
      .selectFrom('stored_responses')
      .select('id')
      .where('owner_scope', '=', scope)
      .where('owner_id', '=', id)
      .orderBy('created_at')
      .limit(Math.min(sweepRowsMax, rows - rowsMax))
      .execute();
    const [done] = await db
      .deleteFrom('stored_responses')
      .where('owner_scope', '=', scope)
      .where('owner_id', '=', id)
      .where(
        'id',
        'in',
        oldest.map((row) => row.id),
      )
      .execute();
    gone += Number(done?.numDeletedRows ?? 0n);
  }
  return gone;
}
