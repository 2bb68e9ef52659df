/** How many answers are asked for at once, reckoned so that no count, however large, makes less than a smaller one. */

/** Of a request's `n`: one where it says nothing. A count in quotes counts, since some servers read it so. */
export function choicesOf(value: unknown): number {
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && count > 1 ? Math.min(Math.ceil(count), Number.MAX_SAFE_INTEGER) : 1;
}

/** The product of two counts, or the largest number that is exact. Nothing times anything is nothing. */
export const product = (count: number, times: number): number =>
  count === 0 || times === 0 ? 0 : Math.min(count * times, Number.MAX_SAFE_INTEGER);

/** Vendors give 128 at most (platform.openai.com, chat completions, `n`); the indexes beyond this are not told apart. */
const indexesMax = 1_024;

/** Which of a stream's choices have ended: the end of one is not the end of an answer that has several. */
export interface ChoiceEnds {
  saw(index: number, hasEnded: boolean): void;
  /** As many have ended as were asked for: only usage may still come. */
  haveAllEnded(): boolean;
  /** None that has begun is still open: all there is, where the provider closes the line. It may give fewer than were asked for. */
  isNoneOpen(): boolean;
}

export function createChoiceEnds(asked: number): ChoiceEnds {
  const begun = new Set<number>();
  const ended = new Set<number>();
  return {
    saw(index, hasEnded) {
      if (begun.size < indexesMax) begun.add(index);
      if (hasEnded && ended.size < indexesMax) ended.add(index);
    },
    haveAllEnded: () => ended.size >= asked,
    // Where one answer was asked for, a finish is its end, whatever index stands beside it.
    isNoneOpen: () => ended.size > 0 && (asked === 1 || ended.size >= begun.size),
  };
}
