/** Two books of the same days held against each other: where a provider's account and ours differ, by how much, and most likely why. Pure. */

export interface Figures {
  requests: number;
  tokensIn: number;
  tokensCached: number;
  tokensCacheWrite: number;
  tokensOut: number;
  costNanoUsd: number;
}

/** What a provider counted for one key and model on one day (of UTC). */
export interface TheirDay extends Figures {
  dayMs: number;
  keyName: string;
  model: string;
  isBatch: boolean;
}

/** What our books have for one connection and model on the same day. */
export interface OurDay extends Figures {
  dayMs: number;
  connectionId: string;
  model: string;
  /** Attempts of which nobody knows what became of them, whose tokens were estimated, and that had no price. */
  unknowns: number;
  estimated: number;
  unpriced: number;
}

/**
 * `outside`: the key was used without Patchbay. `missing_in_theirs`: we booked what they did not. `unknown_outcome`: a crash left entries
 * open. `estimated`: the provider had not said, and we estimated. `price`: same use, other price. `time_border`: it lies on the next
 * day with the other, or the day was not over. `cached`: the prompt is equal, its cached part is not. `batch`: their batches.
 */
export const causes = ['outside', 'missing_in_theirs', 'unknown_outcome', 'estimated', 'price', 'time_border', 'cached', 'batch'] as const;
export type Cause = (typeof causes)[number];

export interface Difference {
  dayMs: number;
  /** The provider's name of the key; empty where keys are not told apart. */
  keyName: string;
  /** The connections of this key in our books. */
  connectionIds: string[];
  model: string;
  theirs: Figures;
  ours: Figures;
  cause: Cause;
}

export interface Tolerance {
  /** Share of the larger side, 0.01 for one of a hundred. */
  share: number;
  tokens: number;
  nanoUsd: number;
}

export interface Books {
  measure: 'tokens' | 'cost';
  theirs: readonly TheirDay[];
  ours: readonly OurDay[];
  /** The provider's name of a key, and the connection that it belongs to. */
  keyMap: ReadonlyMap<string, string>;
  tolerance: Tolerance;
  /** From this day on nothing was over when the file was made. */
  unfinishedFromMs: number;
}

export interface Reconciliation {
  /** By day, then key, then model. */
  differences: Difference[];
  /** Days of a key and model that were compared, and how many of them agree. */
  compared: number;
  agreed: number;
  /** Whether keys were told apart: only where the file names them and at least one belongs to a connection. */
  isByKey: boolean;
  theirs: Figures;
  ours: Figures;
}

const oneDayMs = 86_400_000;
export const noFigures: Figures = { requests: 0, tokensIn: 0, tokensCached: 0, tokensCacheWrite: 0, tokensOut: 0, costNanoUsd: 0 };
const names = ['requests', 'tokensIn', 'tokensCached', 'tokensCacheWrite', 'tokensOut', 'costNanoUsd'] as const;

/**
 * One name for what both sides call differently: `gpt-4o-2024-08-06` was asked for as `gpt-4o`, and Anthropic's costs say
 * `Claude Haiku 4.5` where its API says `claude-haiku-4-5-20251001`.
 */
export const modelKeyOf = (model: string): string =>
  model
    .toLowerCase()
    .replaceAll(/[\s._]+/g, '-')
    .replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '');

interface Cell {
  dayMs: number;
  keyName: string;
  modelKey: string;
  model: string;
  connectionIds: Set<string>;
  theirs: Figures;
  ours: Figures;
  batch: Figures;
  unknowns: number;
  estimated: number;
  unpriced: number;
}

const add = (sum: Figures, part: Figures): void => {
  for (const name of names) sum[name] += part[name];
};

class Cells {
  readonly all = new Map<string, Cell>();

  at(dayMs: number, keyName: string, model: string): Cell {
    const modelKey = modelKeyOf(model);
    const key = `${dayMs}\0${keyName}\0${modelKey}`;
    let cell = this.all.get(key);
    if (!cell) {
      const figures = { theirs: { ...noFigures }, ours: { ...noFigures }, batch: { ...noFigures } };
      cell = { dayMs, keyName, modelKey, model, connectionIds: new Set(), ...figures, unknowns: 0, estimated: 0, unpriced: 0 };
      this.all.set(key, cell);
    }
    return cell;
  }
}

/** Holds the two against each other. What is within the tolerance agrees; everything else is a difference with one cause. */
export function reconcile(books: Books): Reconciliation {
  const isByKey = books.theirs.some(({ keyName }) => books.keyMap.has(keyName));
  const cells = laidOver(books, isByKey);
  const differing = cells.filter((cell) => !agrees(cell, books));
  const shifted = shiftedOf(differing, books);
  const pricedApart = pricedApartOf(cells, books);
  const differences = differing
    .map((cell) => ({
      dayMs: cell.dayMs,
      keyName: cell.keyName,
      connectionIds: [...cell.connectionIds].toSorted(),
      model: cell.model,
      theirs: cell.theirs,
      ours: cell.ours,
      cause: causeOf(cell, books, shifted.has(cell), pricedApart.has(`${cell.keyName}\0${cell.modelKey}`)),
    }))
    .toSorted((one, other) => one.dayMs - other.dayMs || order(one.keyName, other.keyName) || order(one.model, other.model));
  const [theirs, ours] = [{ ...noFigures }, { ...noFigures }];
  for (const cell of cells) {
    add(theirs, cell.theirs);
    add(ours, cell.ours);
  }
  return { differences, compared: cells.length, agreed: cells.length - differing.length, isByKey, theirs, ours };
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

function laidOver({ theirs, ours, keyMap }: Books, isByKey: boolean): Cell[] {
  const cells = new Cells();
  const keyOfConnection = new Map<string, string>();
  // Of two names for one key the first in the alphabet stands for both.
  for (const [keyName, connectionId] of [...keyMap].toSorted(([one], [other]) => order(other, one)))
    keyOfConnection.set(connectionId, keyName);
  for (const day of theirs) {
    const connectionId = isByKey ? keyMap.get(day.keyName) : undefined;
    const keyName = isByKey ? ((connectionId && keyOfConnection.get(connectionId)) ?? day.keyName) : '';
    const cell = cells.at(day.dayMs, keyName, day.model);
    add(cell.theirs, day);
    if (day.isBatch) add(cell.batch, day);
  }
  for (const day of ours) {
    // What belongs to no named key is held against lines without one.
    const cell = cells.at(day.dayMs, isByKey ? (keyOfConnection.get(day.connectionId) ?? '') : '', day.model);
    add(cell.ours, day);
    cell.connectionIds.add(day.connectionId);
    cell.unknowns += day.unknowns;
    cell.estimated += day.estimated;
    cell.unpriced += day.unpriced;
  }
  return [...cells.all.values()].filter(({ theirs: one, ours: other }) => [...names].some((name) => one[name] !== 0 || other[name] !== 0));
}

const near = (one: number, other: number, share: number, least: number): boolean =>
  Math.abs(one - other) <= Math.max(least, share * Math.max(Math.abs(one), Math.abs(other)));

const tokenNames = ['tokensIn', 'tokensCached', 'tokensCacheWrite', 'tokensOut'] as const;

const nearTokens = (
  one: Figures,
  other: Figures,
  { share, tokens }: Tolerance,
  which: readonly (typeof tokenNames)[number][] = tokenNames,
): boolean => which.every((name) => near(one[name], other[name], share, tokens));

const nearCost = (one: Figures, other: Figures, { share, nanoUsd }: Tolerance): boolean =>
  near(one.costNanoUsd, other.costNanoUsd, share, nanoUsd);

const agrees = ({ theirs, ours }: Pick<Cell, 'theirs' | 'ours'>, { measure, tolerance }: Books): boolean =>
  measure === 'tokens' ? nearTokens(theirs, ours, tolerance) : nearCost(theirs, ours, tolerance);

const minus = (one: Figures, other: Figures): Figures => {
  const left = { ...one };
  for (const name of names) left[name] -= other[name];
  return left;
};

/** Two days in a row of which one lacks what the other has too much: the same requests, counted on either side of midnight. */
function shiftedOf(differing: readonly Cell[], books: Books): Set<Cell> {
  const shifted = new Set<Cell>();
  const at = new Map(differing.map((cell) => [`${cell.dayMs}\0${cell.keyName}\0${cell.modelKey}`, cell]));
  for (const cell of differing.toSorted((one, other) => one.dayMs - other.dayMs)) {
    const next = at.get(`${cell.dayMs + oneDayMs}\0${cell.keyName}\0${cell.modelKey}`);
    if (!next || shifted.has(cell)) continue;
    const both = { theirs: { ...cell.theirs }, ours: { ...cell.ours } };
    add(both.theirs, next.theirs);
    add(both.ours, next.ours);
    if (!agrees(both, books)) continue;
    shifted.add(cell);
    shifted.add(next);
  }
  return shifted;
}

/** Two days with the same ratio are a price; one alone may be anything. */
const daysOfPrice = 2;
const ratioShare = 0.01;

/** Keys and models whose cost differs by the same ratio on every day that both sides have. */
function pricedApartOf(cells: readonly Cell[], { measure, tolerance }: Books): Set<string> {
  const ratios = new Map<string, number[]>();
  if (measure === 'tokens') return new Set();
  for (const { keyName, modelKey, theirs, ours } of cells) {
    if (theirs.costNanoUsd <= 0 || ours.costNanoUsd <= 0) continue;
    const key = `${keyName}\0${modelKey}`;
    ratios.set(key, [...(ratios.get(key) ?? []), theirs.costNanoUsd / ours.costNanoUsd]);
  }
  const isPrice = (all: readonly number[]): boolean => {
    const middle = all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)]!;
    return all.length >= daysOfPrice && !near(middle, 1, tolerance.share, 0) && all.every((ratio) => near(ratio, middle, ratioShare, 0));
  };
  return new Set([...ratios].filter(([, all]) => isPrice(all)).map(([key]) => key));
}

function causeOf(cell: Cell, books: Books, isShifted: boolean, isPricedApart: boolean): Cause {
  const { theirs, ours, batch } = cell;
  const { measure, tolerance } = books;
  if (isShifted || cell.dayMs >= books.unfinishedFromMs) return 'time_border';
  if (measure === 'cost' && (isPricedApart || (cell.unpriced > 0 && theirs.costNanoUsd > ours.costNanoUsd))) return 'price';
  const isMore = measure === 'cost' ? theirs.costNanoUsd > ours.costNanoUsd : sumOf(theirs) > sumOf(ours);
  if (isMore && (batch.tokensIn + batch.tokensOut > 0 || batch.costNanoUsd > 0) && agrees({ theirs: minus(theirs, batch), ours }, books))
    return 'batch';
  if (measure === 'tokens' && nearTokens(theirs, ours, tolerance, ['tokensIn', 'tokensOut'])) return 'cached';
  if (isMore && cell.unknowns > 0) return 'unknown_outcome';
  if (cell.estimated > 0) return 'estimated';
  return isMore ? 'outside' : 'missing_in_theirs';
}

const sumOf = ({ tokensIn, tokensOut }: Figures): number => tokensIn + tokensOut;
