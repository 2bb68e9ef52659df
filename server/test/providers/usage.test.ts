/** Usage is read with distrust, and no count can become negative, fractional or endless (D10). */
import { describe, expect, test } from 'vitest';
import { tokensMax, usageOf } from '../../src/providers/usage.ts';

const counts = (
  tokensIn: number,
  tokensOut: number,
  more: Partial<NonNullable<ReturnType<typeof usageOf>>> = {},
): ReturnType<typeof usageOf> => ({
  tokensIn,
  tokensOut,
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensReasoning: 0,
  isEstimated: false,
  ...more,
});

describe('as vendors write it', () => {
  test.each([
    [
      'OpenAI',
      {
        prompt_tokens: 16,
        completion_tokens: 300,
        total_tokens: 316,
        prompt_tokens_details: { cached_tokens: 8 },
        completion_tokens_details: { reasoning_tokens: 100 },
      },
      counts(16, 300, { tokensCached: 8, tokensReasoning: 100 }),
    ],
    [
      'DeepSeek',
      { prompt_tokens: 18, completion_tokens: 219, total_tokens: 237, prompt_cache_hit_tokens: 10, prompt_cache_miss_tokens: 8 },
      counts(18, 219, { tokensCached: 10 }),
    ],
    ['Moonshot', { prompt_tokens: 18, completion_tokens: 2, total_tokens: 20, cached_tokens: 4 }, counts(18, 2, { tokensCached: 4 })],
    [
      'thinking beside the completion count',
      { prompt_tokens: 12, completion_tokens: 1, total_tokens: 303, completion_tokens_details: { reasoning_tokens: 290 } },
      counts(12, 291, { tokensReasoning: 290 }),
    ],
    ['thinking in the total alone', { prompt_tokens: 10, completion_tokens: 5, total_tokens: 40 }, counts(10, 30, { tokensReasoning: 25 })],
    ['a total that is too small', { prompt_tokens: 10, completion_tokens: 5, total_tokens: 3 }, counts(10, 5)],
    [
      'cache writes',
      { prompt_tokens: 100, completion_tokens: 1, total_tokens: 101, prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 50 } },
      counts(100, 1, { tokensCached: 40, tokensCacheWrite: 50 }),
    ],
    [
      // community.openai.com/t/help-me-understand-the-realtime-usage-block/1060242
      'sound, of which some was cached',
      {
        input_tokens: 789,
        output_tokens: 32,
        total_tokens: 821,
        input_token_details: {
          text_tokens: 313,
          audio_tokens: 476,
          cached_tokens: 640,
          cached_tokens_details: { text_tokens: 256, audio_tokens: 384 },
        },
      },
      counts(789, 32, { tokensCached: 640, tokensAudioIn: 476, tokensAudioCached: 384 }),
    ],
    [
      'more cached sound than sound',
      {
        prompt_tokens: 9,
        completion_tokens: 1,
        prompt_tokens_details: { audio_tokens: 3, cached_tokens: 8, cached_tokens_details: { audio_tokens: 8 } },
      },
      counts(9, 1, { tokensCached: 8, tokensAudioIn: 3, tokensAudioCached: 3 }),
    ],
    ['embeddings', { prompt_tokens: 5, total_tokens: 5 }, counts(5, 0)],
    ['the other pair of names', { input_tokens: 3, output_tokens: 4 }, counts(3, 4)],
    ['nothing used', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, counts(0, 0)],
  ])('%s', (_name, usage, expected) => {
    expect(usageOf(usage)).toEqual(expected);
  });
});

describe('nonsense is no usage', () => {
  test.each([
    [null],
    [undefined],
    ['12'],
    [12],
    [[]],
    [{}],
    [{ prompt_tokens: null, completion_tokens: null }],
    [{ prompt_tokens: -1, completion_tokens: 5 }],
    [{ prompt_tokens: 5, completion_tokens: -1 }],
    [{ prompt_tokens: 1.5, completion_tokens: 5 }],
    [{ prompt_tokens: '5', completion_tokens: 5 }],
    [{ prompt_tokens: 1e308, completion_tokens: 5 }],
    [{ prompt_tokens: Number.NaN, completion_tokens: 5 }],
    [{ prompt_tokens: Number.POSITIVE_INFINITY, completion_tokens: 5 }],
    [{ prompt_tokens: tokensMax + 1, completion_tokens: 5 }],
    [{ prompt_tokens: 5 }],
    [{ completion_tokens: 5 }],
  ])('%j', (usage) => {
    expect(usageOf(usage)).toBeNull();
  });

  test('details that contradict the totals are cut to them', () => {
    const usage = usageOf({
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 99, cache_write_tokens: 99 },
      completion_tokens_details: { reasoning_tokens: 99 },
    });
    expect(usage).toEqual(counts(10, 5, { tokensCached: 10, tokensCacheWrite: 0, tokensReasoning: 5 }));
  });

  test('broken details and a broken total are passed over', () => {
    const details = { prompt_tokens_details: { cached_tokens: -1 }, completion_tokens_details: 'many' };
    expect(usageOf({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 1e308, ...details })).toEqual(counts(10, 5));
  });
});
