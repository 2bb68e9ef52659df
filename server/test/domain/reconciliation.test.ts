/** Made-up books and the exports that belong to them: a row that is taken out, added or changed is found, and nothing else is. */
import { describe, expect, test } from 'vitest';
import { modelKeyOf, noFigures, reconcile, type Books, type Cause, type OurDay, type TheirDay } from '../../src/domain/reconciliation.ts';

const dayMs = 86_400_000;
const firstMs = Date.parse('2026-10-01T00:00:00Z');
const dayAt = (index: number): number => firstMs + index * dayMs;
const exact = { share: 0, tokens: 0, nanoUsd: 0 };

/** Numbers that look like chance and are the same in every run (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const models = ['gpt-4o-2024-08-06', 'gpt-4o-mini', 'gpt-4.1', 'o3-mini', 'text-embedding-3-small'];
const keys = ['key_a', 'key_b', 'key_c'];
const connectionOf = (keyName: string): string => `connection of ${keyName}`;

/** A month of books: most of the keys use most of the models on most days. Ours ask for models by their short names. */
function booksOf(seed: number): { theirs: TheirDay[]; ours: OurDay[] } {
  const below = chance(seed);
  const theirs: TheirDay[] = [];
  const ours: OurDay[] = [];
  for (let index = 0; index < 30; index++)
    for (const keyName of keys)
      for (const model of models) {
        if (below(10) < 3) continue;
        const tokensIn = 1_000 + below(1_000_000);
        const tokensCached = below(tokensIn);
        const figures = {
          requests: 1 + below(500),
          tokensIn,
          tokensCached,
          tokensCacheWrite: 0,
          tokensOut: 500 + below(100_000),
          costNanoUsd: 1 + below(1e9),
        };
        theirs.push({ dayMs: dayAt(index), keyName, model, isBatch: false, ...figures });
        const short = model.replace('-2024-08-06', '');
        ours.push({
          dayMs: dayAt(index),
          connectionId: connectionOf(keyName),
          model: short,
          ...figures,
          unknowns: 0,
          estimated: 0,
          unpriced: 0,
        });
      }
  return { theirs, ours };
}

const keyMap = new Map(keys.map((name) => [name, connectionOf(name)]));
const books = (over: Partial<Books> & Pick<Books, 'theirs' | 'ours'>): Books => ({
  measure: 'tokens',
  keyMap,
  tolerance: exact,
  unfinishedFromMs: Infinity,
  ...over,
});
const placeOf = (day: { dayMs: number; keyName?: string; connectionId?: string; model: string }): string =>
  `${day.dayMs} ${day.keyName ?? day.connectionId?.replace('connection of ', '') ?? ''} ${modelKeyOf(day.model)}`;
const found = (all: Books) => reconcile(all).differences.map((one) => ({ place: placeOf(one), cause: one.cause }));
const sorted = <One extends { place: string }>(all: One[]): One[] => all.toSorted((one, other) => (one.place < other.place ? -1 : 1));

describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('books of seed %i', (seed) => {
  test('equal books have no difference, in tokens and in cost', () => {
    const { theirs, ours } = booksOf(seed);
    for (const measure of ['tokens', 'cost'] as const) {
      const result = reconcile(books({ theirs, ours, measure }));
      expect(result).toMatchObject({ differences: [], isByKey: true });
      expect(result.agreed).toBe(result.compared);
      expect(result.theirs).toEqual(result.ours);
      expect(result.compared).toBeGreaterThan(250);
    }
  });

  test('rows taken out of, added to and changed in the export are found exactly, each with its cause', () => {
    const { theirs, ours } = booksOf(seed);
    const below = chance(seed * 7_919);
    const expected: { place: string; cause: Cause }[] = [];
    const touched = new Set<string>();
    // Far enough apart that no two of them look like one that was moved over midnight.
    const pick = (): number => {
      for (let tries = 0; tries < 1_000; tries++) {
        const at = below(theirs.length);
        const near = [-dayMs, 0, dayMs].map((shift) => placeOf({ ...theirs[at]!, dayMs: theirs[at]!.dayMs + shift }));
        if (near.some((place) => touched.has(place))) continue;
        touched.add(placeOf(theirs[at]!));
        return at;
      }
      throw new Error('no room for another fault');
    };
    const altered = theirs.map((day) => ({ ...day }));
    const gone = new Set<number>();
    for (let fault = 0; fault < 12; fault++) {
      const at = pick();
      const day = altered[at]!;
      const place = placeOf(day);
      if (fault % 4 === 0) {
        gone.add(at);
        expected.push({ place, cause: 'missing_in_theirs' });
      } else if (fault % 4 === 1) {
        day.tokensOut += 1 + below(1_000);
        expected.push({ place, cause: 'outside' });
      } else if (fault % 4 === 2) {
        day.tokensIn -= 1 + below(500);
        expected.push({ place, cause: 'missing_in_theirs' });
      } else {
        day.tokensCached = day.tokensCached === 0 ? 1 : day.tokensCached - 1;
        expected.push({ place, cause: 'cached' });
      }
    }
    const stray = {
      ...noFigures,
      dayMs: dayAt(9),
      keyName: 'key_of_somebody',
      model: 'gpt-4o',
      isBatch: false,
      requests: 1,
      tokensIn: 7,
      tokensOut: 3,
    };
    expected.push({ place: placeOf(stray), cause: 'outside' });
    const all = [...altered.filter((_, at) => !gone.has(at)), stray];
    expect(sorted(found(books({ theirs: all, ours })))).toEqual(sorted(expected));
  });

  test('the order of lines, and how many lines a day has, change nothing', () => {
    const { theirs, ours } = booksOf(seed);
    const halves = theirs.flatMap((day) => {
      const tokensIn = Math.floor(day.tokensIn / 3);
      return [
        { ...noFigures, ...day, ...noFigures, tokensIn },
        { ...day, tokensIn: day.tokensIn - tokensIn },
      ];
    });
    const left = reconcile(books({ theirs: theirs.slice(5), ours }));
    expect(reconcile(books({ theirs: halves.slice(10).toReversed(), ours: ours.toReversed() }))).toEqual(left);
    expect(left.differences.length).toBeGreaterThan(0);
  });
});

const figures = { requests: 10, tokensIn: 1_000, tokensCached: 0, tokensCacheWrite: 0, tokensOut: 100, costNanoUsd: 5_000_000 };
const their = (over: Partial<TheirDay> = {}): TheirDay => ({
  dayMs: dayAt(0),
  keyName: '',
  model: 'gpt-4o',
  isBatch: false,
  ...figures,
  ...over,
});
const our = (over: Partial<OurDay> = {}): OurDay => ({
  dayMs: dayAt(0),
  connectionId: 'c',
  model: 'gpt-4o',
  ...figures,
  unknowns: 0,
  estimated: 0,
  unpriced: 0,
  ...over,
});
const causesOf = (all: Books): Cause[] => reconcile(all).differences.map(({ cause }) => cause);
const plain = (theirs: TheirDay[], ours: OurDay[], over: Partial<Books> = {}): Books => books({ theirs, ours, keyMap: new Map(), ...over });

describe('causes', () => {
  test('what lies on either side of midnight is told as that, on both days', () => {
    const theirs = [their({ tokensIn: 900 }), their({ dayMs: dayAt(1), tokensIn: 1_100 })];
    const ours = [our(), our({ dayMs: dayAt(1) })];
    expect(causesOf(plain(theirs, ours))).toEqual(['time_border', 'time_border']);
    // The same amounts two days apart are two things.
    expect(causesOf(plain([theirs[0]!, { ...theirs[1]!, dayMs: dayAt(2) }], [ours[0]!, our({ dayMs: dayAt(2) })]))).toEqual([
      'missing_in_theirs',
      'outside',
    ]);
  });

  test('a day that was not over when the file was made is told as that', () => {
    const unfinishedFromMs = dayAt(3);
    expect(causesOf(plain([their({ dayMs: dayAt(3), tokensIn: 1 })], [our({ dayMs: dayAt(3) })], { unfinishedFromMs }))).toEqual([
      'time_border',
    ]);
    expect(causesOf(plain([their({ dayMs: dayAt(2), tokensIn: 1 })], [our({ dayMs: dayAt(2) })], { unfinishedFromMs }))).toEqual([
      'missing_in_theirs',
    ]);
  });

  test('entries that a crash left open explain what they count and we do not', () => {
    expect(causesOf(plain([their({ tokensIn: 1_500 })], [our({ unknowns: 1 })]))).toEqual(['unknown_outcome']);
    expect(causesOf(plain([their({ tokensIn: 500 })], [our({ unknowns: 1 })]))).toEqual(['missing_in_theirs']);
  });

  test('an estimate is told as one, whichever side has more', () => {
    expect(causesOf(plain([their({ tokensOut: 120 })], [our({ estimated: 1 })]))).toEqual(['estimated']);
    expect(causesOf(plain([their({ tokensOut: 80 })], [our({ estimated: 1 })]))).toEqual(['estimated']);
  });

  test('batches are told as such where the rest agrees, and only there', () => {
    const batch = their({ isBatch: true, tokensIn: 700, tokensOut: 70 });
    expect(causesOf(plain([their(), batch], [our()]))).toEqual(['batch']);
    expect(causesOf(plain([their({ tokensIn: 1_001 }), batch], [our()]))).toEqual(['outside']);
  });

  test('a price that differs does so by the same ratio on every day; one day alone is not called a price', () => {
    const days = [0, 1, 2, 3].map((index) => [
      their({ dayMs: dayAt(index), costNanoUsd: (index + 1) * 1_200_000 }),
      our({ dayMs: dayAt(index), costNanoUsd: (index + 1) * 1_000_000 }),
    ]) as [TheirDay, OurDay][];
    const theirs = days.map(([one]) => one);
    const ours = days.map(([, one]) => one);
    expect(causesOf(plain(theirs, ours, { measure: 'cost' }))).toEqual(['price', 'price', 'price', 'price']);
    expect(causesOf(plain(theirs.slice(0, 1), ours.slice(0, 1), { measure: 'cost' }))).toEqual(['outside']);
    expect(causesOf(plain([their()], [our({ costNanoUsd: 0, unpriced: 10 })], { measure: 'cost' }))).toEqual(['price']);
  });

  test('what is on one side alone is outside of Patchbay, or missing in theirs', () => {
    expect(causesOf(plain([their()], []))).toEqual(['outside']);
    expect(causesOf(plain([], [our()]))).toEqual(['missing_in_theirs']);
  });
});

describe('keys', () => {
  test('without a key that belongs to a connection all keys are one', () => {
    const result = reconcile(
      plain(
        [their({ keyName: 'key_a', tokensIn: 400, tokensOut: 40 }), their({ keyName: 'key_b', tokensIn: 600, tokensOut: 60 })],
        [our()],
      ),
    );
    expect(result).toMatchObject({ isByKey: false, differences: [], compared: 1 });
  });

  test('two names of one key are one key, and what belongs to no key stands for itself', () => {
    const theirs = [
      their({ keyName: 'old name', tokensIn: 400, tokensOut: 40 }),
      their({ keyName: 'new name', tokensIn: 600, tokensOut: 60 }),
    ];
    const map = new Map([
      ['old name', 'c'],
      ['new name', 'c'],
    ]);
    const result = reconcile(plain(theirs, [our(), our({ connectionId: 'unmapped', tokensIn: 5, tokensOut: 0 })], { keyMap: map }));
    expect(result.differences.map(({ keyName, connectionIds, cause }) => [keyName, connectionIds, cause])).toEqual([
      ['', ['unmapped'], 'missing_in_theirs'],
    ]);
  });
});

describe('tolerance', () => {
  test('a share and an amount each let a difference pass, to the last token', () => {
    const of = (tokensIn: number, tolerance: Books['tolerance']) => causesOf(plain([their({ tokensIn })], [our()], { tolerance })).length;
    expect([of(1_010, { ...exact, share: 0.01 }), of(990, { ...exact, share: 0.01 })]).toEqual([0, 0]);
    expect(of(1_011, { ...exact, share: 0.01 })).toBe(1);
    expect([of(1_050, { ...exact, tokens: 50 }), of(1_051, { ...exact, tokens: 50 })]).toEqual([0, 1]);
  });

  test('cents that the provider rounds away are no difference', () => {
    const tolerance = { share: 0, tokens: 0, nanoUsd: 10_000_000 };
    const cost = (costNanoUsd: number) =>
      plain([their({ costNanoUsd })], [our({ costNanoUsd: 5_000_000 })], { measure: 'cost', tolerance });
    expect([causesOf(cost(0)), causesOf(cost(15_000_000)), causesOf(cost(15_000_001))]).toEqual([[], [], ['outside']]);
  });
});

test.each([
  ['gpt-4o-2024-08-06', 'gpt-4o'],
  ['claude-haiku-4-5-20251001', 'Claude Haiku 4.5'],
  ['claude-3-5-sonnet-latest', 'Claude 3.5 Sonnet 2024-10-22'],
  ['GPT-4.1', 'gpt-4.1'],
])('%s and %s are one model', (one, other) => {
  expect(modelKeyOf(one)).toBe(modelKeyOf(other));
});

test.each([
  ['gpt-4o', 'gpt-4o-mini'],
  ['gpt-4.1', 'gpt-4.1-nano'],
  ['o1', 'o3'],
])('%s and %s are two models', (one, other) => {
  expect(modelKeyOf(one)).not.toBe(modelKeyOf(other));
});
