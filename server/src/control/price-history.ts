/** The history of what a model costs here: every price that was set for it and every end, and the way back, which never touches the past. */
import { Refusal, unfit } from '../domain/errors.ts';
import { isUuid } from '../lib/ids.ts';
import { listRevisions, revisionsMax, type ObjectRevision, type ObjectState } from '../storage/object-revisions.ts';
import { priceById, pricesOfLine, type StoredPrice } from '../storage/prices.ts';
import type { Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { priceInput } from './price-states.ts';
import { addPrice, endOwnPrice, type PricingDeps } from './prices.ts';
import { notFound } from './stale.ts';

/** All prices that were ever set for what a price is for, that one among them; newest first. @throws Refusal NOT_FOUND */
async function lineOf({ database }: Pick<ControlDeps, 'database'>, id: string): Promise<StoredPrice[]> {
  const price = isUuid(id) ? await priceById(database, id) : undefined;
  if (!price) throw notFound();
  return pricesOfLine(database, price, revisionsMax);
}

/** What was said of the model of a price, newest first. @throws Refusal NOT_FOUND */
export async function priceHistory(deps: Pick<ControlDeps, 'database'>, id: string): Promise<ObjectRevision[]> {
  const line = await lineOf(deps, id);
  return listRevisions(deps.database, 'price', ...line.map((price) => price.id));
}

/**
 * Has an earlier statement hold again from now on, by a price that follows, or by an end where it was an end: what was priced stays as it
 * was. @throws Refusal as a new price and an end do; VALIDATION_ERROR where there is nothing to end
 */
export async function bringBackPrice(deps: PricingDeps, caller: Caller, id: string, state: ObjectState): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const entered = priceInput(state, nowMs);
  if (entered.validUntilMs === null || entered.validUntilMs > nowMs) {
    await addPrice(deps, caller, entered);
    return;
  }
  const open = (await lineOf(deps, id)).filter(({ validUntilMs }) => validUntilMs === null || validUntilMs > nowMs);
  if (open.length === 0) throw unfit({ path: 'validUntil', code: 'ended', message: 'no price of this model holds that could end' });
  for (const price of open) await endUnlessEnded(deps, caller, price.id);
}

/** One that somebody else ended meanwhile is as it should be. */
async function endUnlessEnded(deps: PricingDeps, caller: Caller, id: string): Promise<void> {
  try {
    await endOwnPrice(deps, caller, id, undefined);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'STALE') throw error;
  }
}
