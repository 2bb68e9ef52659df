/** A slice of what `tools/fuzz.ts` runs by the million: whatever comes, there is one end, in words of ours, and nothing after it. */
import { describe, expect, test } from 'vitest';
import { seeded } from '../vault/parts.ts';
import { answerCase, requestCase, type Outcome } from './fuzz.ts';
import { mutatedBytes, mutatedLines } from './mutate.ts';

const answers = 2_500;
const requests = 1_000;

function run(one: (draw: () => number) => Outcome, cases: number, seed: number): { faults: string[]; ends: Set<string> } {
  const faults: string[] = [];
  const ends = new Set<string>();
  for (let at = 0; at < cases; at++) {
    const outcome = one(seeded(seed * 1_000_003 + at));
    ends.add(outcome.end);
    for (const fault of outcome.faults) faults.push(`case ${at}, ${outcome.kind}: ${fault}`);
  }
  return { faults, ends };
}

describe('broken answers', () => {
  test.each([1, 2])('end once, without a fault of our own, with nothing after the end (seed %i)', (seed) => {
    const { faults, ends } = run(answerCase, answers, seed);
    expect(faults).toEqual([]);
    // The cases are not all of one kind: some are sound enough, the others fail in many ways.
    for (const end of [
      'whole',
      'stream',
      'failure invalid_response',
      'failure connection_lost',
      'failure stalled',
      'failure auth',
      'failure caller_gone',
    ])
      expect([...ends]).toContain(end);
  });
});

describe('broken requests', () => {
  test.each([1, 2])('are refused in words or sent, and nothing else (seed %i)', (seed) => {
    const { faults, ends } = run(requestCase, requests, seed);
    expect(faults).toEqual([]);
    for (const end of ['sent', 'refused invalid_json', 'refused too_deep', 'refused invalid_type']) expect([...ends]).toContain(end);
  });
});

describe('the ways to break', () => {
  test('are the same for the same seed, and others for another', () => {
    const lines = ['{"a":{"b":[1,2,{"c":"d"}]}}', '{"e":1}', '{"f":null}'];
    const broken = (seed: number): string => mutatedLines(seeded(seed), lines, ['{"other":1}']).join('\n');
    expect(broken(5)).toBe(broken(5));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => broken(seed))).size).toBeGreaterThan(30);
    const bytes = Buffer.from(lines.join('\n'));
    expect(mutatedBytes(seeded(7), bytes).equals(mutatedBytes(seeded(7), bytes))).toBe(true);
    expect(bytes.toString()).toBe(lines.join('\n'));
  });

  test('leave some answers whole and break most', () => {
    const lines = ['{"a":1}', '{"b":2}'];
    const same = Array.from({ length: 200 }, (_, seed) => mutatedLines(seeded(seed), lines, lines)).filter(
      (one) => one.join() === lines.join(),
    );
    expect(same.length).toBeLessThan(100);
  });
});
