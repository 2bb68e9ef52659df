/** What tokens cost in another tier than the standard one, for the tiers whose price is published; unknown stays unpriced. */
import type { UnitPrices } from '../domain/ledger.ts';

/** Tiers at one share of the standard price for all models of a provider in the price book, as a divisor of it. */
const divisors: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // "Tokens are priced at Batch API rates", which are half of the standard ones (developers.openai.com/api/docs/guides/flex-processing).
  openai: { flex: 2, batch: 2 },
  // "a 50% discount compared to standard processing" (learn.microsoft.com/azure/foundry/openai/how-to/flex-processing).
  azure: { flex: 2 },
  // "All usage is charged at 50% of the standard API prices" (platform.claude.com/docs/en/build-with-claude/batch-processing).
  anthropic: { batch: 2 },
  // "Pricing matches the on-demand tier" (console.groq.com/docs/flex-processing).
  groq: { flex: 1 },
};

/** Dollars per million tokens: input, cached input (null where none is published), output. */
type Listed = readonly [input: number, cached: number | null, output: number];

/** Priority processing of OpenAI's, without long prompts (openai.com/api-priority-processing). The first that fits, so the special ones stand first. */
const priority: readonly (readonly [RegExp, Listed])[] = [
  [/^gpt-5\.5(-\d{4}.*)?$/, [12.5, 1.25, 75]],
  [/^gpt-5\.4-mini(-\d{4}.*)?$/, [1.5, 0.15, 9]],
  [/^gpt-5\.4(-\d{4}.*)?$/, [5, 0.5, 30]],
  [/^gpt-5\.2(-\d{4}.*)?$/, [3.5, 0.35, 28]],
  [/^gpt-5(\.1)?(-codex)?(-\d{4}.*)?$/, [2.5, 0.25, 20]],
  [/^gpt-5-mini(-\d{4}.*)?$/, [0.45, 0.045, 3.6]],
  [/^gpt-4\.1(-\d{4}.*)?$/, [3.5, 0.875, 14]],
  [/^gpt-4\.1-mini(-\d{4}.*)?$/, [0.7, 0.175, 2.8]],
  [/^gpt-4\.1-nano(-\d{4}.*)?$/, [0.2, 0.05, 0.8]],
  [/^gpt-4o-2024-05-13$/, [8.75, null, 26.25]],
  [/^gpt-4o(-2024-(08-06|11-20))?$/, [4.25, 2.125, 17]],
  [/^gpt-4o-mini(-\d{4}.*)?$/, [0.25, 0.125, 1]],
  [/^o3(-\d{4}.*)?$/, [3.5, 0.875, 14]],
  [/^o4-mini(-\d{4}.*)?$/, [2, 0.5, 8]],
];
/** Longer prompts have no priority price ("Requests estimated at >128K prompt tokens"). */
const priorityTokensInMax = 128_000;

/**
 * Dollars per thousand requests by how much is searched: low, medium, high; the catalogue knows the last of them alone
 * (docs.perplexity.ai/getting-started/pricing). Deep research is billed by searches, citations and thoughts besides, and stays unpriced.
 */
const searches: readonly (readonly [RegExp, Readonly<Record<string, number>>])[] = [
  [/^sonar(-reasoning)?$/, { search_low: 5, search_medium: 8, search_high: 12 }],
  [/^sonar(-reasoning)?-pro$/, { search_low: 6, search_medium: 10, search_high: 14 }],
];

function searchPricesOf(model: string, tier: string, standard: UnitPrices): UnitPrices | null {
  const perThousand = searches.find(([pattern]) => pattern.test(model))?.[1][tier];
  return perThousand === undefined ? null : { ...standard, perRequest: nanoOf(perThousand) / 1000 };
}

const nanoOf = (dollars: number): number => Math.round(dollars * 1_000_000_000);

function divided(prices: UnitPrices, by: number): UnitPrices {
  const entries = Object.entries(prices) as [keyof UnitPrices, number][];
  return Object.fromEntries(entries.map(([name, price]) => [name, Math.round(price / by)])) as unknown as UnitPrices;
}

/**
 * Prices of a model in a tier, nano-dollars per million tokens. Null where nobody publishes them: then the call is unpriced, for the
 * standard price would be wrong by half or by double. `providerId` is the price book's.
 */
export function tierPricesOf(providerId: string, model: string, tier: string, standard: UnitPrices, tokensIn: number): UnitPrices | null {
  const by = divisors[providerId]?.[tier];
  if (by !== undefined) return divided(standard, by);
  if (providerId === 'perplexity') return searchPricesOf(model, tier, standard);
  if (providerId !== 'openai' || tier !== 'priority' || tokensIn > priorityTokensInMax) return null;
  const listed = priority.find(([pattern]) => pattern.test(model))?.[1];
  if (!listed) return null;
  const [input, cached, output] = listed;
  return { input: nanoOf(input), output: nanoOf(output), ...(cached !== null && { cacheRead: nanoOf(cached) }) };
}
