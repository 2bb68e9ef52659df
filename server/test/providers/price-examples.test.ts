/** What an answer costs from its own bytes on: usage as each vendor writes it, at the prices of its published documents, to the nano-dollar. */
import { describe, expect, test } from 'vitest';
import { costOf } from '../../src/domain/cost.ts';
import type { TokenUsage } from '../../src/domain/ledger.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { mustProviderRow } from '../../src/providers/catalog.ts';
import { createPriceBook, type ModelPrices } from '../../src/providers/prices.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { destination, event, moment } from './kit.ts';

/** The day that the prices below were read from their pages; the book knows later ones too. */
const clock = { ...systemClock, nowMs: () => Date.parse('2026-08-01T12:00:00Z') };
const book = createPriceBook({ clock });

function wholeUsage(provider: string, model: string, body: unknown): TokenUsage {
  const to = destination(provider, model);
  const protocol = protocolOf(to.row);
  const answer = protocol.fromVendor(body, to, moment);
  return protocol.usageOf(answer.usage, answer['service_tier'])!;
}

function streamUsage(provider: string, model: string, events: readonly { type: string }[]): TokenUsage {
  const to = destination(provider, model);
  const protocol = protocolOf(to.row);
  const reader = protocol.streamReader(to, moment);
  const chunks = [...events.flatMap((body) => reader.push(event(body, body.type))), ...reader.end().chunks];
  const last = chunks.findLast(({ usage }) => usage)!;
  return protocol.usageOf(last.usage, last['service_tier'])!;
}

const pricesOf = (provider: string, model: string): ModelPrices => book.pricesOf(mustProviderRow(provider), model, null)!;

function costOfAnswer(provider: string, model: string, usage: TokenUsage): number | null {
  const prices = pricesOf(provider, model).at(usage.tokensIn, usage.serviceTier);
  return prices && costOf(usage, prices);
}

const chat = (usage: unknown, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'a',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
  usage,
  ...more,
});
const message = (usage: unknown): Record<string, unknown> => ({
  id: 'a',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'x' }],
  stop_reason: 'end_turn',
  usage,
});
const generated = (usageMetadata: unknown): Record<string, unknown> => ({
  candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'STOP' }],
  usageMetadata,
});

describe("OpenAI's example of prompt caching (https://openai.com/index/api-prompt-caching/)", () => {
  // The page's own usage and its prices for gpt-4o-2024-08-06: 2.50, cached 1.25, output 10.00 dollars.
  const usage = {
    total_tokens: 2306,
    prompt_tokens: 2006,
    completion_tokens: 300,
    prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };

  test('2,006 in of which 1,920 were cached, and 300 out: 0.005615 dollars', () => {
    // 86 x 2,500 + 1,920 x 1,250 + 300 x 10,000.
    expect(costOfAnswer('openai', 'gpt-4o-2024-08-06', wholeUsage('openai', 'gpt-4o-2024-08-06', chat(usage)))).toBe(5_615_000);
  });

  test('of gpt-4o-mini, at 0.15, 0.075 and 0.60: 0.0003369 dollars', () => {
    // 86 x 150 + 1,920 x 75 + 300 x 600.
    expect(costOfAnswer('openai', 'gpt-4o-mini', wholeUsage('openai', 'gpt-4o-mini', chat(usage)))).toBe(336_900);
  });
});

describe("Anthropic's example of prompt caching (https://platform.claude.com/docs/en/build-with-claude/prompt-caching)", () => {
  // A novel as the system prompt: written with the first request, read with the second. Prices of Claude Opus 5
  // (https://platform.claude.com/docs/en/models/opus-5/overview): 5, for five minutes 6.25, for an hour 10, read 0.50, output 25.
  const novel = 188_086;
  const rest = { input_tokens: 21, output_tokens: 393 };
  const cost = (usage: Record<string, unknown>): number | null =>
    costOfAnswer('anthropic', 'claude-opus-5', wholeUsage('anthropic', 'claude-opus-5', message({ ...rest, ...usage })));

  test('written for five minutes', () => {
    // 21 x 5,000 + 188,086 x 6,250 + 393 x 25,000.
    const usage = { cache_creation_input_tokens: novel, cache_read_input_tokens: 0 };
    expect(cost(usage)).toBe(1_185_467_500);
    expect(cost({ ...usage, cache_creation: { ephemeral_5m_input_tokens: novel, ephemeral_1h_input_tokens: 0 } })).toBe(1_185_467_500);
  });

  test('read', () => {
    // 21 x 5,000 + 188,086 x 500 + 393 x 25,000.
    expect(cost({ cache_creation_input_tokens: 0, cache_read_input_tokens: novel })).toBe(103_973_000);
  });

  const forAnHour = {
    cache_creation_input_tokens: novel,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: novel },
  };

  test('written for an hour', () => {
    // 21 x 5,000 + 188,086 x 10,000 + 393 x 25,000.
    expect(cost(forAnHour)).toBe(1_890_790_000);
  });

  test('written for an hour and for five minutes and read, all at once', () => {
    // 21 x 5,000 + 1,800 x 500 + 148 x 6,250 + 100 x 10,000 + 393 x 25,000.
    const parts = { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 };
    expect(cost({ cache_read_input_tokens: 1800, cache_creation_input_tokens: 248, cache_creation: parts })).toBe(12_755_000);
  });

  test('written for an hour, in a stream: the parts come with its first event and the output with its last', () => {
    const usage = streamUsage('anthropic', 'claude-opus-5', [
      {
        type: 'message_start',
        message: { ...message({ ...forAnHour, input_tokens: 21, output_tokens: 1 }), content: [], stop_reason: null },
      } as { type: string },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as { type: string },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } } as { type: string },
      { type: 'content_block_stop', index: 0 } as { type: string },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { input_tokens: 21, cache_creation_input_tokens: novel, cache_read_input_tokens: 0, output_tokens: 393 },
      } as { type: string },
      { type: 'message_stop' },
    ]);
    expect(usage).toMatchObject({ tokensIn: 188_107, tokensOut: 393, tokensCacheWrite: novel, tokensCacheWriteHour: novel });
    expect(costOfAnswer('anthropic', 'claude-opus-5', usage)).toBe(1_890_790_000);
  });

  test.each([
    ['more for an hour than was written at all', { ephemeral_1h_input_tokens: 500 }, 21 * 5_000 + 248 * 10_000 + 393 * 25_000],
    ['a count that is none', { ephemeral_1h_input_tokens: -5 }, 21 * 5_000 + 248 * 6_250 + 393 * 25_000],
    ['a text in the place of a count', { ephemeral_1h_input_tokens: '100' }, 21 * 5_000 + 248 * 6_250 + 393 * 25_000],
    ['a list in the place of the parts', [100], 21 * 5_000 + 248 * 6_250 + 393 * 25_000],
  ])('%s makes no other price than can be', (_name, parts, expected) => {
    expect(cost({ cache_creation_input_tokens: 248, cache_creation: parts })).toBe(expected);
  });

  test('the same model at Bedrock, whose list of writes says for how long (API_runtime_CacheDetail)', () => {
    const model = 'global.anthropic.claude-opus-4-6-v1:0';
    const body = {
      output: { message: { role: 'assistant', content: [{ text: 'x' }] } },
      stopReason: 'end_turn',
      usage: {
        inputTokens: 21,
        outputTokens: 393,
        totalTokens: 662,
        cacheReadInputTokens: 0,
        cacheWriteInputTokens: 248,
        cacheDetails: [
          { ttl: '1h', inputTokens: 100 },
          { ttl: '5m', inputTokens: 148 },
        ],
      },
    };
    const usage = wholeUsage('bedrock', model, body);
    expect(usage).toMatchObject({ tokensIn: 269, tokensCacheWrite: 248, tokensCacheWriteHour: 100 });
    // The catalogue has no price of an hour for it, so the vendor's rule holds: twice the input.
    expect(costOfAnswer('bedrock', model, usage)).toBe(21 * 5_000 + 148 * 6_250 + 100 * 10_000 + 393 * 25_000);
  });
});

describe("Google's discount on cached tokens (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/context-cache/context-cache-overview)", () => {
  // "a 90% discount on cached tokens compared to standard input tokens"; Gemini 2.5 Pro is 1.25 and 10 dollars, 2.50 and 15 for prompts of
  // more than 200,000 tokens (https://ai.google.dev/gemini-api/docs/pricing). Thoughts are part of the output.
  test('100,000 cached tokens, a question of 500, and an answer of 300 with 700 of thought', () => {
    const usage = { promptTokenCount: 100_500, cachedContentTokenCount: 100_000, candidatesTokenCount: 300, thoughtsTokenCount: 700 };
    // 500 x 1,250 + 100,000 x 125 + 1,000 x 10,000.
    expect(costOfAnswer('gemini', 'gemini-2.5-pro', wholeUsage('gemini', 'gemini-2.5-pro', generated(usage)))).toBe(23_125_000);
  });

  test('a longer prompt has the higher prices for all of it, the cached part too', () => {
    const usage = { promptTokenCount: 250_000, cachedContentTokenCount: 240_000, candidatesTokenCount: 1_000 };
    // 10,000 x 2,500 + 240,000 x 250 + 1,000 x 15,000.
    expect(costOfAnswer('gemini', 'gemini-2.5-pro', wholeUsage('gemini', 'gemini-2.5-pro', generated(usage)))).toBe(100_000_000);
  });
});

describe("DeepSeek's rule, tokens times price (https://api-docs.deepseek.com/quick_start/pricing-details-usd)", () => {
  // By day deepseek-chat is 0.07 for a hit, 0.27 for a miss and 1.10 for output, deepseek-reasoner 0.14, 0.55 and 2.19.
  const usage = {
    prompt_tokens: 12_345,
    prompt_cache_hit_tokens: 12_288,
    prompt_cache_miss_tokens: 57,
    completion_tokens: 678,
    total_tokens: 13_023,
  };
  test.each([
    ['deepseek-chat', 12_288 * 70 + 57 * 270 + 678 * 1_100],
    ['deepseek-reasoner', 12_288 * 140 + 57 * 550 + 678 * 2_190],
  ])('hits and misses of %s', (model, expected) => {
    expect(costOfAnswer('deepseek', model, wholeUsage('deepseek', model, chat(usage)))).toBe(expected);
  });
});

describe("Anthropic's worked example of a session (https://platform.claude.com/docs/en/about-claude/pricing, Claude Managed Agents)", () => {
  // An hour of Claude Opus 5 with 50,000 tokens in and 15,000 out at 5 and 25 dollars, as the page had it in autumn 2026. The hour itself,
  // 0.08 dollars, is no matter of tokens and not in these sums.
  const cost = (usage: Record<string, unknown>): number | null =>
    costOfAnswer('anthropic', 'claude-opus-5', wholeUsage('anthropic', 'claude-opus-5', message(usage)));

  test('nothing cached: 0.25 and 0.375, together 0.625 of the 0.705 dollars there', () => {
    expect(cost({ input_tokens: 50_000, output_tokens: 15_000 })).toBe(625_000_000);
  });

  test('40,000 of the 50,000 read from the cache: 0.05, 0.02 and 0.375, together 0.445 of the 0.525 dollars there', () => {
    expect(cost({ input_tokens: 10_000, cache_read_input_tokens: 40_000, output_tokens: 15_000 })).toBe(445_000_000);
  });
});

describe("Perplexity's own bill for an answer (https://docs.perplexity.ai/changelog/changelog, July 2025)", () => {
  // The usage of the page, with its cost: 2.4e-05 for the question, 0.006585 for the answer, 0.006 for the request, 0.012609 in all.
  const usage = { prompt_tokens: 8, completion_tokens: 439, total_tokens: 447, search_context_size: 'low' };
  const cost = (model: string, more: Record<string, unknown> = {}): number | null =>
    costOfAnswer('perplexity', model, wholeUsage('perplexity', model, chat({ ...usage, ...more })));

  test('of sonar-pro, at 3 and 15 dollars and 6 dollars a thousand requests: to the nano-dollar', () => {
    expect(cost('sonar-pro')).toBe(12_609_000);
  });

  test.each([
    ['sonar', 'low', 8_000 + 439_000 + 5_000_000],
    ['sonar', 'medium', 8_000 + 439_000 + 8_000_000],
    ['sonar', 'high', 8_000 + 439_000 + 12_000_000],
    ['sonar-pro', 'medium', 24_000 + 6_585_000 + 10_000_000],
    ['sonar-pro', 'high', 24_000 + 6_585_000 + 14_000_000],
  ])('%s, of which %s was searched', (model, size, expected) => {
    expect(cost(model, { search_context_size: size })).toBe(expected);
  });

  test('an answer that does not say how much was searched has the highest price, and what has no published one has none', () => {
    expect(cost('sonar', { search_context_size: undefined })).toBe(8_000 + 439_000 + 12_000_000);
    expect(cost('sonar', { search_context_size: 'everything' })).toBeNull();
    // It is billed by its searches, citations and thoughts too.
    expect(cost('sonar-deep-research')).toBeNull();
  });

  test('in a stream each piece counts on, and the last one is the bill', () => {
    const piece = (more: Record<string, unknown>): { type: string } =>
      ({ type: '', object: 'chat.completion.chunk', model: 'sonar-pro', ...more }) as { type: string };
    const said = streamUsage('perplexity', 'sonar-pro', [
      piece({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null }], usage: { ...usage, completion_tokens: 1 } }),
      piece({ choices: [{ index: 0, delta: { content: '' }, finish_reason: 'stop' }], usage, object: 'chat.completion.done' }),
    ]);
    expect(costOfAnswer('perplexity', 'sonar-pro', said)).toBe(12_609_000);
  });
});

test("xAI's example of a cached prompt (https://docs.x.ai/developers/advanced-api-usage/prompt-caching/usage-and-pricing)", () => {
  const usage = {
    prompt_tokens: 125,
    completion_tokens: 48,
    total_tokens: 173,
    prompt_tokens_details: { text_tokens: 125, audio_tokens: 0, image_tokens: 0, cached_tokens: 98 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  // grok-4-0709 at 3, 0.75 and 15 dollars: 27 x 3,000 + 98 x 750 + 48 x 15,000.
  expect(costOfAnswer('xai', 'grok-4-0709', wholeUsage('xai', 'grok-4-0709', chat(usage)))).toBe(874_500);
});

describe('another tier of service', () => {
  const usage = { prompt_tokens: 2006, completion_tokens: 300, total_tokens: 2306, prompt_tokens_details: { cached_tokens: 1920 } };
  const cost = (tier: unknown, model = 'gpt-4.1'): number | null =>
    costOfAnswer('openai', model, wholeUsage('openai', model, chat(usage, { service_tier: tier })));

  test.each(['default', 'auto', null, undefined, 7])('%s is the standard price: 86 x 2,000 + 1,920 x 500 + 300 x 8,000', (tier) => {
    expect(cost(tier)).toBe(3_532_000);
  });

  test('flex is half of it (https://developers.openai.com/api/docs/guides/flex-processing)', () => {
    expect(cost('flex')).toBe(1_766_000);
  });

  test('priority is as its page has it (https://openai.com/api-priority-processing/): 86 x 3,500 + 1,920 x 875 + 300 x 14,000', () => {
    expect(cost('priority')).toBe(6_181_000);
  });

  test.each([
    ['priority', 'gpt-3.5-turbo'],
    ['priority', 'gpt-4o-audio-preview'],
    ['scale', 'gpt-4.1'],
    ['a-tier-of-tomorrow', 'gpt-4.1'],
  ])('%s of %s has no published price and is unpriced, never charged as the standard one', (tier, model) => {
    expect(cost('default', model)).not.toBeNull();
    expect(cost(tier, model)).toBeNull();
  });

  test('a long prompt has no priority price', () => {
    const prices = pricesOf('openai', 'gpt-4.1');
    expect(prices.at(128_000, 'priority')).not.toBeNull();
    expect(prices.at(128_001, 'priority')).toBeNull();
  });

  test("the same word is another price elsewhere: Groq's flex costs what everything costs (https://console.groq.com/docs/flex-processing)", () => {
    const model = 'llama-3.3-70b-versatile';
    expect(pricesOf('groq', model).at(100, 'flex')).toEqual(pricesOf('groq', model).at(100));
    expect(pricesOf('mistral', 'mistral-small-latest').at(100, 'flex')).toBeNull();
  });

  test("Claude's batches are half, and bought capacity is unpriced", () => {
    const of = (tier: string): number | null =>
      costOfAnswer(
        'anthropic',
        'claude-opus-5',
        wholeUsage('anthropic', 'claude-opus-5', message({ input_tokens: 100, output_tokens: 10, service_tier: tier })),
      );
    expect([of('standard'), of('batch'), of('priority')]).toEqual([750_000, 375_000, null]);
  });

  test('in a stream the tier stands beside the usage, whichever wire it comes by', () => {
    const finish = { choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] };
    const said = streamUsage('openai', 'gpt-4.1', [
      { type: '', object: 'chat.completion.chunk', service_tier: 'flex', ...finish } as { type: string },
      { type: '', object: 'chat.completion.chunk', service_tier: 'flex', choices: [], usage } as { type: string },
    ]);
    expect([said.serviceTier, costOfAnswer('openai', 'gpt-4.1', said)]).toEqual(['flex', 1_766_000]);
  });

  test('what an administrator set holds in every tier: it is the price of that connection', () => {
    const tiers = [{ fromTokensIn: 0, prices: { input: 7, output: 8 } }];
    const own = createPriceBook({
      clock,
      own: (provider, model) => ({ id: 'p', provider, model, connectionId: null, validFromMs: 0, validUntilMs: null, tiers }),
    });
    expect(own.pricesOf(mustProviderRow('openai'), 'gpt-4.1', null)!.at(5, 'priority')).toEqual({ input: 7, output: 8 });
  });
});
