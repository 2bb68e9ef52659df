/** What `explain` says is what a request comes to: a slice of the random configurations; `node tools/routing.ts` asks a thousand. */
import { expect, test } from 'vitest';
import { agreement } from './routing-agreement.ts';

test('explain names the same first choice as the real call, in configurations of every strategy, fault and need', async () => {
  const { faults, choices, refused, configurations } = await agreement(120, 1);
  expect(faults).toEqual([]);
  expect(choices.size).toBeGreaterThan(3);
  expect(refused).toBeLessThan(configurations / 2);
});
