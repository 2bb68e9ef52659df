/** When a condition becomes an alert and when it is over, by a clock that the test owns. */
import { describe, expect, test } from 'vitest';
import {
  countFirings,
  dedupKeyOf,
  isMuted,
  quietCause,
  stepCause,
  tellAgain,
  type CauseState,
  type CauseTimes,
} from '../../src/domain/alert-state.ts';

const times = (part: Partial<CauseTimes> = {}): CauseTimes => ({
  holdMs: 0,
  clearMs: 30_000,
  isOpen: false,
  isAutoResolved: true,
  notBeforeMs: 0,
  ...part,
});

/** Walks a cause through looks at these moments, carrying out what is said; `*` marks a look at which the condition held. */
function walk(looks: readonly [number, boolean][], part: Partial<CauseTimes> = {}): string[] {
  let state: CauseState = quietCause;
  let isOpen = false;
  return looks.map(([atMs, isMet]) => {
    const step = stepCause(state, isMet, atMs, times({ ...part, isOpen }));
    state = step.state;
    if (step.act === 'open') isOpen = true;
    if (step.act === 'resolve') isOpen = false;
    return step.act ?? '-';
  });
}

describe('a cause', () => {
  test('without a time to hold opens at once, and only once', () => {
    expect(walk([[0, true], [15_000, true], [30_000, true]])).toEqual(['open', '-', '-']); // prettier-ignore
  });
  test('opens when it has held for as long as the rule says, and begins anew after a break', () => {
    const looks: [number, boolean][] = [[0, true], [45_000, true], [60_000, false], [75_000, true], [120_000, true], [135_000, true]]; // prettier-ignore
    expect(walk(looks, { holdMs: 60_000 })).toEqual(['-', '-', '-', '-', '-', 'open']);
  });
  test('ends when it was over for a while, so that what comes and goes is one alert', () => {
    const looks: [number, boolean][] = [[0, true], [15_000, false], [30_000, true], [45_000, false], [60_000, false], [75_000, false], [90_000, false]]; // prettier-ignore
    expect(walk(looks)).toEqual(['open', '-', '-', '-', '-', 'resolve', '-']);
  });
  test('stays open until somebody ends it where it does not end by itself', () => {
    expect(walk([[0, true], [15_000, false], [90_000, false]], { isAutoResolved: false })).toEqual(['open', '-', '-']); // prettier-ignore
  });
  test('opens nothing within the quiet time after the last alert', () => {
    expect(walk([[0, true], [500, true], [1000, true]], { notBeforeMs: 1000 })).toEqual(['-', '-', 'open']); // prettier-ignore
  });
  test('that never held leaves nothing to remember', () => {
    expect(stepCause({ metSinceMs: 5, clearSinceMs: null }, false, 9, times())).toEqual({ state: quietCause, act: null });
  });
});

describe('people', () => {
  const rule = { repeatS: 60, mutedUntilMs: null };
  const alert = { notifiedAtMs: 0, acknowledgedAtMs: null };
  test('are told again after the repeat, and not before', () => {
    expect([tellAgain(alert, rule, 59_999), tellAgain(alert, rule, 60_000)]).toEqual([null, 'repeated']);
  });
  test('are told once where the rule has no repeat', () => expect(tellAgain(alert, { ...rule, repeatS: null }, 1e12)).toBe(null));
  test('are not told again once somebody looks after it', () =>
    expect(tellAgain({ ...alert, acknowledgedAtMs: 5 }, rule, 1e12)).toBe(null));
  test('are told of what was opened while the rule was muted when that is over, as of something new', () => {
    const silent = { notifiedAtMs: null, acknowledgedAtMs: null };
    expect([tellAgain(silent, { ...rule, mutedUntilMs: 100 }, 99), tellAgain(silent, { ...rule, mutedUntilMs: 100 }, 100)]).toEqual([
      null,
      'firing',
    ]);
  });
  test('a mute ends by itself', () => {
    expect([isMuted({ mutedUntilMs: 10 }, 9), isMuted({ mutedUntilMs: 10 }, 10), isMuted({ mutedUntilMs: null }, 9)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('the past', () => {
  const past = (subject: string, met: string, stepMs = 1000) =>
    Array.from(met, (sign, index) => ({ subject, isMet: sign === '*', atMs: index * stepMs }));
  const plain = { holdMs: 0, cooldownMs: 0, isAutoResolved: true };
  test.each([
    ['nothing', '....', plain, 0],
    ['one stretch', '.**.', plain, 1],
    ['two stretches', '*.*.', plain, 2],
    ['two stretches of a rule that does not end by itself', '*.*.', { ...plain, isAutoResolved: false }, 1],
    ['two stretches within the quiet time', '*.*.', { ...plain, cooldownMs: 60_000 }, 1],
    ['a stretch that is too short', '.*..***', { ...plain, holdMs: 2000 }, 1],
  ] as const)('%s', (_, met, how, times_) => expect(countFirings(past('a', met), how)).toBe(times_));
  test('each cause counts by itself, in whatever order it comes', () => {
    expect(countFirings([...past('b', '*.*'), ...past('a', '.*.')].toReversed(), plain)).toBe(3);
  });
});

test('the causes of two rules are never one', () => {
  expect(dedupKeyOf('a', 'b:c')).not.toBe(dedupKeyOf('a:b', 'd'));
});
