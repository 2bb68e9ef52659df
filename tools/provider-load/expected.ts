/** What every vendor of the load test says and counts, so that an answer which came through changed is an error and no success. */

const wordCount = 40;

/** Pieces of one streamed answer. */
export const sayings: readonly string[] = Array.from({ length: wordCount }, (_, at) => `word${at} `);

export const expected = { text: sayings.join(''), tokensIn: 211, tokensOut: 80 } as const;
