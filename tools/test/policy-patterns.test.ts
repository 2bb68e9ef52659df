/** The command that shows patterns to be linear measures what it says, and finds none that is not. */
import { expect, test } from 'vitest';
import { evilPatterns, growthMax, measure } from '../policy-patterns.ts';

test.each(evilPatterns)('$pattern takes as many times longer as the text is longer, and not that many times again', (evil) => {
  const { growth, times } = measure(evil, [2_000, 80_000]);
  expect(times.map(({ chars }) => chars)).toEqual([2_000, 80_000]);
  // Forty times the text: what grew with its square would be at forty. A busy machine is given its room.
  expect(growth).toBeLessThan(5 * growthMax);
});
