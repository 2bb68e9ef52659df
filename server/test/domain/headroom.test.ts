/** What providers say of their limits, in the notations that they really use. */
import { describe, expect, test } from 'vitest';
import { headroomOf, levelOf, resetMsOf, type Headroom } from '../../src/domain/headroom.ts';

const seenAtMs = Date.parse('2026-11-21T12:00:00Z');
const figure = (over: Partial<Headroom>): Headroom => ({
  measure: 'requests',
  window: null,
  isOfProject: false,
  limit: null,
  remaining: null,
  resetAtMs: null,
  ...over,
});

describe('a reset', () => {
  test.each([
    ['12ms', 12],
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['7.66s', 7_660],
    ['2m59.56s', 179_560],
    ['1h2m3s', 3_723_000],
    ['1d', 86_400_000],
    ['42', 42_000],
    ['0.5', 500],
    ['0', 0],
    ['1795262430', Date.parse('2026-11-21T12:00:30Z') - seenAtMs],
    ['1795262430000', Date.parse('2026-11-21T12:00:30Z') - seenAtMs],
    ['2026-11-21T12:00:30Z', 30_000],
    ['2026-11-21T19:00:30+07:00', 30_000],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ])('%s is a moment', (text, inMs) => {
    expect(resetMsOf(text, seenAtMs)).toBe(seenAtMs + inMs);
  });

  test.each(['', '-1', '-5s', 'soon', '6m 0s', '1e9', 'NaN', 'Infinity', '2026-99-99', '9'.repeat(400), `${'1s'.repeat(3)}x`])(
    '%j is none',
    (text) => {
      expect(resetMsOf(text, seenAtMs)).toBeNull();
    },
  );
});

describe('headers', () => {
  test("OpenAI's are two limits, the scarcer one first", () => {
    const figures = headroomOf(
      {
        'x-ratelimit-limit-requests': '5000',
        'x-ratelimit-limit-tokens': '160000',
        'x-ratelimit-remaining-requests': '4999',
        'x-ratelimit-remaining-tokens': '80000',
        'x-ratelimit-reset-requests': '12ms',
        'x-ratelimit-reset-tokens': '30s',
        'x-ratelimit-limit-tokens_usage_based': '160000',
      },
      seenAtMs,
    );
    expect(figures).toEqual([
      figure({ measure: 'tokens', limit: 160_000, remaining: 80_000, resetAtMs: seenAtMs + 30_000 }),
      figure({ measure: 'requests', limit: 5_000, remaining: 4_999, resetAtMs: seenAtMs + 12 }),
    ]);
  });

  test("Anthropic's have the field last and moments for resets", () => {
    const of = (what: string, remaining: string) => ({
      [`anthropic-ratelimit-${what}-limit`]: '100',
      [`anthropic-ratelimit-${what}-remaining`]: remaining,
      [`anthropic-ratelimit-${what}-reset`]: '2026-11-21T12:01:00Z',
    });
    const said = { ...of('requests', '50'), ...of('input-tokens', '10'), ...of('output-tokens', '90'), ...of('tokens', '100') };
    expect(headroomOf(said, seenAtMs).map(({ measure, remaining }) => [measure, remaining])).toEqual([
      ['input_tokens', 10],
      ['requests', 50],
      ['output_tokens', 90],
      ['tokens', 100],
    ]);
    expect(headroomOf(said, seenAtMs)[0]?.resetAtMs).toBe(seenAtMs + 60_000);
  });

  test.each<[string, Record<string, string>, Partial<Headroom>]>([
    [
      "Mistral's by size and minute",
      { 'x-ratelimitbysize-limit-minute': '500000', 'x-ratelimitbysize-remaining-minute': '499900' },
      { measure: 'tokens', window: 'minute', limit: 500_000, remaining: 499_900 },
    ],
    [
      "Mistral's of old",
      { 'ratelimitbysize-limit': '500000', 'ratelimitbysize-remaining': '5', 'ratelimitbysize-reset': '28' },
      { measure: 'tokens', limit: 500_000, remaining: 5, resetAtMs: seenAtMs + 28_000 },
    ],
    ["Mistral's requests", { 'x-ratelimit-limit-req-minute': '60' }, { measure: 'requests', window: 'minute', limit: 60 }],
    [
      "Cerebras's by day",
      { 'x-ratelimit-limit-requests-day': '1000', 'x-ratelimit-remaining-requests-day': '1', 'x-ratelimit-reset-requests-day': '33011.38' },
      { measure: 'requests', window: 'day', limit: 1_000, remaining: 1, resetAtMs: seenAtMs + 33_011_380 },
    ],
    [
      "OpenRouter's without a subject",
      { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795262460000' },
      { measure: 'requests', limit: 20, remaining: 0, resetAtMs: Date.parse('2026-11-21T12:01:00Z') },
    ],
    ["Together's tokens", { 'x-tokenlimit-limit': '7', 'x-tokenlimit-remaining': '7' }, { measure: 'tokens', limit: 7, remaining: 7 }],
    ['the draft of the IETF', { 'ratelimit-limit': '9', 'ratelimit-reset': '3' }, { limit: 9, resetAtMs: seenAtMs + 3_000 }],
    [
      'those of a project',
      { 'x-ratelimit-limit-project-tokens': '8', 'x-ratelimit-remaining-project-tokens': '4' },
      { measure: 'tokens', isOfProject: true, limit: 8, remaining: 4 },
    ],
  ])('%s are read', (_, headers, expected) => {
    expect(headroomOf(headers, seenAtMs)).toEqual([figure(expected)]);
  });

  test("Azure's -1 for what it does not count is no limit", () => {
    const said = { 'x-ratelimit-limit-tokens': '-1', 'x-ratelimit-remaining-tokens': '-1', 'x-ratelimit-reset-tokens': '0' };
    expect(headroomOf(said, seenAtMs)).toEqual([]);
  });

  test('what is no figure, no limit or no header of ours is left out', () => {
    const odd = { 'x-ratelimit-limit-requests': 'many', 'x-ratelimit-limit-cookies': '5', 'set-cookie': 'ratelimit=1', 'x-ratelimit': '5' };
    expect(headroomOf(odd, seenAtMs)).toEqual([]);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x-ratelimit-limit-${'a'.repeat(at)}`, '1']));
    expect(headroomOf(many, seenAtMs).length).toBeLessThanOrEqual(12);
  });
});

test('a limit that is whole again by now makes nobody exhausted', () => {
  const spent = figure({ limit: 100, remaining: 0, resetAtMs: seenAtMs + 1_000 });
  expect(levelOf([spent], seenAtMs)).toBe('exhausted');
  expect(levelOf([spent], seenAtMs + 1_000)).toBe('ample');
  expect(levelOf([figure({ limit: 100, remaining: 9 })], seenAtMs)).toBe('low');
  expect(levelOf([figure({ limit: 100, remaining: 10 })], seenAtMs)).toBe('ample');
  expect(levelOf([figure({ limit: 0, remaining: null })], seenAtMs)).toBe('ample');
  expect(levelOf([], seenAtMs)).toBe('ample');
});
