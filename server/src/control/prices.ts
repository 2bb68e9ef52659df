/** What administrators say that models cost: prices are added and ended, never changed, and past entries are priced again only when asked. */
import { furtherPrices } from '@patchbay/contract/price-names';
import { costOf, keptPrices } from '../domain/cost.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import type { UnitPrices } from '../domain/ledger.ts';
import { nanoUsdOf } from '../domain/money.ts';
import { isAdministrator } from '../domain/owner.ts';
import { bandFaultsOf, priceAt, tierOf, type PriceEntry, type PriceTier } from '../domain/price.ts';
import { isUuid } from '../lib/ids.ts';
import { providerRow, type ProviderRow } from '../providers/catalog.ts';
import { facesWithoutTokenPrice } from '../providers/operations/operations.ts';
import type { ModelPrices, PriceBook } from '../providers/prices.ts';
import { findConnection } from '../storage/connections.ts';
import { StaleWrite } from '../storage/errors.ts';
import {
  endPrice as ending,
  insertPrice,
  listPrices,
  priceById,
  pricesOfLine,
  type PriceFilter,
  type StoredPrice,
} from '../storage/prices.ts';
import { pricedRows, writeCosts, type NewCost, type PricedRow, type RepriceCursor, type RepriceFilter } from '../storage/reprice.ts';
import { writeAudit } from '../storage/changes.ts';
import { auditEntry, commitAs, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { priceState } from './price-states.ts';
import { notFound } from './stale.ts';
import type { TaskContext, TaskRun, Tasks } from './tasks.ts';

export interface PricingDeps extends ControlDeps {
  prices: PriceBook;
}

export interface PriceDeps extends PricingDeps {
  tasks: Tasks;
  /** Entries of the past cost something else now: budgets are counted anew. Absent: nobody counts. */
  booksChanged?(): void;
}

/** One tier as entered: decimal US dollars per million tokens. */
export interface EnteredTier {
  fromTokensIn: number;
  input: string | number;
  output: string | number;
  cacheRead?: string | number | null;
  cacheWrite?: string | number | null;
  cacheWriteHour?: string | number | null;
  audioInput?: string | number | null;
  audioOutput?: string | number | null;
  cacheAudioRead?: string | number | null;
  perRequest?: string | number | null;
}

export interface EnteredPrice {
  provider: string;
  model: string;
  connectionId?: string | null;
  validFromMs?: number;
  /** Known from the beginning where an earlier statement is brought back that had an end. */
  validUntilMs?: number | null;
  tiers: readonly EnteredTier[];
  note?: string | null;
  isConfirmed: boolean;
}

/** Ten thousand dollars for a million tokens is no price. */
const nanoPerMillionMax = 10_000_000_000_000;
const dayMs = 86_400_000;

const deedOn = (action: string, price: Pick<PriceEntry, 'id' | 'provider' | 'model'>, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType: 'price',
  subjectId: price.id,
  subjectName: `${price.provider}/${price.model}`,
  owner: null,
  changes,
});

/** Prices that were set, newest first; ended ones too. */
export const listOwnPrices = (deps: PriceDeps, filter: PriceFilter): Promise<StoredPrice[]> => listPrices(deps.database, filter);

function rowOf(provider: string): ProviderRow {
  const row = providerRow(provider);
  if (!row) throw new Refusal('UNKNOWN_PROVIDER', { values: { provider: provider.slice(0, 100) } });
  return row;
}

/**
 * What an entered price says, without setting it.
 * @throws Refusal UNKNOWN_PROVIDER, VALIDATION_ERROR for an amount that is none, NOT_FOUND for an unknown connection, PRICE_OUT_OF_BAND for
 * a price more than tenfold off the known one that nobody confirmed
 */
export async function judgePrice(deps: PricingDeps, entered: EnteredPrice): Promise<Omit<PriceEntry, 'id' | 'validFromMs'>> {
  const row = rowOf(entered.provider);
  const connectionId = entered.connectionId ?? null;
  if (connectionId !== null) await requireConnection(deps, connectionId, entered.provider);
  const tiers = tiersOf(entered.tiers);
  const known = deps.prices.pricesOf(row, entered.model, connectionId);
  const faults = bandFaultsOf(tiers[0]!.prices, known?.at(0) ?? null);
  if (faults.length > 0 && !entered.isConfirmed) throw new Refusal('PRICE_OUT_OF_BAND', { details: faults });
  return { provider: row.id, model: entered.model, connectionId, validUntilMs: entered.validUntilMs ?? null, tiers };
}

async function newPrice(deps: PricingDeps, caller: Caller, entered: EnteredPrice): Promise<StoredPrice> {
  const judged = await judgePrice(deps, entered);
  const nowMs = deps.clock.nowMs();
  return {
    ...judged,
    id: deps.ids.uuid(),
    validFromMs: entered.validFromMs ?? nowMs,
    note: entered.note ?? null,
    createdBy: caller.actor.userId,
    createdAtMs: nowMs,
    revision: 0,
  };
}

/** Sets a price. @throws Refusal as `judgePrice` does */
export async function addPrice(deps: PricingDeps, caller: Caller, entered: EnteredPrice): Promise<StoredPrice> {
  const price = await newPrice(deps, caller, entered);
  // What holds until now may be older than its history; it is one with those before it.
  const [before] = await pricesOfLine(deps.database, price, 1);
  const state = {
    after: priceState(price),
    ...(before && { before: { revision: before.revision, atMs: before.createdAtMs, state: priceState(before), subjectId: before.id } }),
  };
  const action = caller.rollsBackTo === undefined ? 'price.create' : 'price.update';
  const deed = { ...deedOn(action, price, { tiers: { after: price.tiers } }), state };
  const { revision } = await commitAs(deps, caller, [insertPrice(deps.database, price)], deed);
  return { ...price, revision };
}

/**
 * Puts a price in the place of one that ends with it, both in one change: no moment is without a price.
 * @throws Refusal as `judgePrice` does, NOT_FOUND, STALE where the one before has ended already
 */
export async function replacePrice(deps: PricingDeps, caller: Caller, id: string, entered: EnteredPrice): Promise<StoredPrice> {
  const before = isUuid(id) ? await priceById(deps.database, id) : undefined;
  if (!before) throw notFound();
  const price = await newPrice(deps, caller, entered);
  const steps = [ending(deps.database, id, endOf(before, price.createdAtMs)), insertPrice(deps.database, price)];
  const kept = { revision: before.revision, atMs: before.createdAtMs, state: priceState(before), subjectId: before.id };
  const changes = { tiers: { before: before.tiers, after: price.tiers } };
  const deed = { ...deedOn('price.update', price, changes), state: { after: priceState(price), before: kept } };
  const { revision } = await unlessEnded(commitAs(deps, caller, steps, deed));
  return { ...price, revision };
}

/** One that has not begun ends where it begins, so that it never holds. */
const endOf = ({ validFromMs }: PriceEntry, atMs: number): number => Math.max(atMs, validFromMs);

/** @throws Refusal STALE where somebody ended the price in between */
async function unlessEnded<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    if (error instanceof StaleWrite) throw new Refusal('STALE', { cause: error });
    throw error;
  }
}

async function requireConnection(deps: ControlDeps, id: string, provider: string): Promise<void> {
  const found = await findConnection(deps.database, id);
  if (!found) throw notFound();
  if (found.connection.providerId !== provider)
    throw unfit(fault('connectionId', 'other_provider', 'the connection belongs to another provider'));
}

const fault = (path: string, code: string, message: string): FieldFault => ({ path, code, message });

function tiersOf(entered: readonly EnteredTier[]): PriceTier[] {
  const faults: FieldFault[] = [];
  const amount = (value: string | number, path: string): number => {
    const nano = nanoUsdOf(value);
    if (nano !== null && nano <= nanoPerMillionMax) return nano;
    faults.push(fault(path, 'amount', 'an amount of US dollars from 0 to 10000 with at most nine decimals'));
    return 0;
  };
  const tiers = entered.map((tier, index): PriceTier => {
    const at = (name: string): string => `tiers.${index}.${name}`;
    const prices: UnitPrices = { input: amount(tier.input, at('input')), output: amount(tier.output, at('output')) };
    for (const name of furtherPrices) {
      const value = tier[name];
      if (value !== undefined && value !== null) prices[name] = amount(value, at(name));
    }
    const before = entered[index - 1];
    if (index === 0 ? tier.fromTokensIn !== 0 : tier.fromTokensIn <= before!.fromTokensIn)
      faults.push(fault(at('fromTokensIn'), 'order', 'the first tier begins at 0, each further one after the one before'));
    return { fromTokensIn: tier.fromTokensIn, prices };
  });
  if (faults.length > 0) throw unfit(...faults);
  return tiers;
}

/**
 * Ends a price now or at a later moment; what held before it holds again, else the catalogue.
 * @throws Refusal NOT_FOUND, VALIDATION_ERROR for a moment that is past, STALE where it has ended already
 */
export async function endOwnPrice(deps: ControlDeps, caller: Caller, id: string, atMs: number | undefined): Promise<StoredPrice> {
  const price = isUuid(id) ? await priceById(deps.database, id) : undefined;
  if (!price) throw notFound();
  const nowMs = deps.clock.nowMs();
  if (atMs !== undefined && atMs < nowMs) throw unfit(fault('at', 'past', 'a price ends now or later: what was priced stays as it was'));
  const untilMs = endOf(price, atMs ?? nowMs);
  const ended = { ...price, validUntilMs: untilMs };
  const changes = { validUntil: { before: price.validUntilMs, after: untilMs } };
  const before = { revision: price.revision, atMs: price.createdAtMs, state: priceState(price) };
  const action = caller.rollsBackTo === undefined ? 'price.end' : 'price.update';
  const deed = { ...deedOn(action, price, changes), state: { after: priceState(ended), before } };
  const { revision } = await unlessEnded(commitAs(deps, caller, [ending(deps.database, id, untilMs)], deed));
  return { ...ended, revision };
}

export interface Effective {
  provider: string;
  source: 'own' | 'catalogue' | 'none';
  entry: PriceEntry | null;
  catalogue: ModelPrices | null;
}

/** What holds now for a model, and what the catalogue says. @throws Refusal UNKNOWN_PROVIDER */
export function effectivePrice(deps: PriceDeps, provider: string, model: string, connectionId: string | null): Effective {
  const row = rowOf(provider);
  const entry = deps.keeper.snapshot.prices.at(row.id, model, connectionId, deps.clock.nowMs());
  const catalogue = deps.prices.catalogueOf(row, model);
  return { provider: row.id, source: entry ? 'own' : catalogue ? 'catalogue' : 'none', entry, catalogue };
}

export interface Repricing extends RepriceFilter {
  isDryRun: boolean;
}

/** What a re-pricing has found so far. */
interface Found {
  rows: number;
  changed: number;
  withoutPrice: number;
  beforeNanoUsd: number;
  afterNanoUsd: number;
  /** The last entry that is done with. */
  cursor: RepriceCursor | null;
}

const newlyFound: Found = { rows: 0, changed: 0, withoutPrice: 0, beforeNanoUsd: 0, afterNanoUsd: 0, cursor: null };

export const repriceKind = 'reprice';

/** Begins to price past entries again, by the prices that held at their time. Budgets that were spent stay spent. */
export async function startRepricing(deps: PriceDeps, caller: Caller, what: Repricing): Promise<string> {
  const row = rowOf(what.provider);
  if (what.toMs <= what.fromMs) throw unfit(fault('to', 'order', 'the end lies after the beginning'));
  if (what.connectionId !== null) await requireConnection(deps, what.connectionId, row.id);
  const task = await deps.tasks.start({
    kind: repriceKind,
    title: `${row.id}/${what.model}`,
    ownerUserId: caller.actor.userId,
    ownerName: caller.actor.name,
    input: { ...what, provider: row.id, requestId: caller.origin.requestId },
    run: (context) => reprice(deps, caller, { ...what, provider: row.id }, newlyFound, context),
  });
  return task.id;
}

/** A restart, or the end of a pause, goes on behind the last entries that were written, as long as the person may still do so. */
export function resumeRepricing(deps: PriceDeps): void {
  deps.tasks.onRestart(repriceKind, (task): TaskRun | null => {
    const actor = deps.keeper.snapshot.actorOf(task.createdBy.id, 'session');
    if (!actor || !isAdministrator(actor)) return null;
    const { requestId, ...what } = task.input as unknown as Repricing & { requestId: string };
    const caller = { actor, origin: { requestId, address: '', agent: '' } };
    const before = (task.result ?? newlyFound) as unknown as Found;
    return (context) => reprice(deps, caller, what, before, context);
  });
}

async function reprice(
  deps: PriceDeps,
  caller: Caller,
  what: Repricing,
  before: Found,
  context: TaskContext,
): Promise<Record<string, unknown>> {
  const found: Found = { ...before };
  const entries = (await listPrices(deps.database, { provider: what.provider, model: what.model })).map((entry): PriceEntry => entry);
  const row = rowOf(what.provider);
  let cursor = before.cursor ?? null;
  try {
    // Bounded by the range: the cursor only moves forward.
    for (;;) {
      if (context.signal.aborted) break;
      const page = await pricedRows(deps.database, { ...what, leftAlone: facesWithoutTokenPrice }, cursor);
      const last = page.at(-1);
      if (!last) break;
      const costs = page.map((one) => newCostOf(deps, row, entries, what.model, one, found)).filter((cost) => cost !== null);
      if (!what.isDryRun) await writeCosts(deps.database, costs);
      cursor = { atMs: last.atMs, id: last.id };
      context.progress(Math.floor((last.atMs - what.fromMs) / dayMs), Math.ceil((what.toMs - what.fromMs) / dayMs));
      context.keep({ ...shown(found), cursor });
    }
  } finally {
    // What is written counts, also where the rest waits or has failed.
    if (!what.isDryRun) deps.booksChanged?.();
  }
  // It goes on later, and tells of the whole then; what is cancelled tells of what it did.
  if (context.signal.aborted && context.signal.reason !== 'cancelled') return { ...shown(found), cursor };
  const deed = { ...deedOn('price.reprice', { id: context.taskId, provider: what.provider, model: what.model }), subjectType: 'task' };
  const changes = { what: { after: what }, found: { after: shown(found) } };
  await writeAudit(deps.database, auditEntry(deps, caller, { ...deed, changes }));
  return shown(found);
}

function shown(found: Found): Record<string, unknown> {
  const { rows, changed, withoutPrice, beforeNanoUsd, afterNanoUsd } = found;
  return { rows, changed, withoutPrice, beforeNanoUsd, afterNanoUsd };
}

/** The new cost of an entry; null where it stays as it is. */
function newCostOf(
  deps: PriceDeps,
  provider: ProviderRow,
  entries: readonly PriceEntry[],
  model: string,
  row: PricedRow,
  found: Found,
): NewCost | null {
  const entry = priceAt(entries, row.connectionId, row.atMs);
  const prices = entry
    ? tierOf(entry.tiers, row.usage.tokensIn)
    : deps.prices.catalogueAt(provider, model, row.atMs)?.at(row.usage.tokensIn, row.usage.serviceTier);
  found.rows += 1;
  found.beforeNanoUsd += row.costNanoUsd ?? 0;
  // What has no price keeps what it had: a known cost is never replaced by none.
  if (!prices) {
    found.withoutPrice += 1;
    found.afterNanoUsd += row.costNanoUsd ?? 0;
    return null;
  }
  const costNanoUsd = costOf(row.usage, prices);
  found.afterNanoUsd += costNanoUsd;
  if (costNanoUsd === row.costNanoUsd) return null;
  found.changed += 1;
  return { row, costNanoUsd, prices: keptPrices(row.usage, prices) };
}
