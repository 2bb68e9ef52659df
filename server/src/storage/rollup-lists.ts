/** Lists of parameters whose lengths repeat, so that few statements serve for all batches. */

/** `$1, $2 ...` for a list that begins after `before` parameters. */
export const placeholders = (count: number, before = 0): string =>
  Array.from({ length: count }, (_, index) => `$${before + index + 1}`).join(', ');

/** The length of a list of parameters: powers of two, so that statements repeat. The last value fills it up. */
export const listSize = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)));
