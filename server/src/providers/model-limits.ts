/** How much a model may answer and hold, for the models whose makers say so; null elsewhere. From the vendors' model pages. */

export interface ModelLimit {
  /** Most tokens of one answer. */
  readonly maxOutputTokens: number | null;
  /** Most tokens of prompt and answer together. */
  readonly contextWindow: number | null;
}

/** The first pattern that fits wins, so the special ones stand first. */
const table: readonly (readonly [RegExp, number | null, number | null])[] = [
  [/^gpt-4o-2024-05-13/, 4096, 128_000],
  [/^(gpt-4o|chatgpt-4o)/, 16_384, 128_000],
  [/^gpt-4\.1/, 32_768, 1_047_576],
  [/^gpt-4\.5/, 16_384, 128_000],
  [/^gpt-4-(turbo|1106|0125|vision)/, 4096, 128_000],
  [/^gpt-4-32k/, 8192, 32_768],
  [/^gpt-4(-|$)/, 8192, 8192],
  [/^gpt-3\.5-turbo/, 4096, 16_385],
  [/^gpt-5-chat/, 16_384, 128_000],
  // developers.openai.com/api/docs/models: the long window begins with 5.4, and not in its small ones.
  [/^gpt-5\.4-(mini|nano)/, 128_000, 400_000],
  [/^gpt-5\.5/, 128_000, 1_000_000],
  [/^gpt-(5\.[46]|[6-9])/, 128_000, 1_050_000],
  [/^gpt-5/, 128_000, 400_000],
  [/^o1-mini/, 65_536, 128_000],
  [/^o1-preview/, 32_768, 128_000],
  [/^(o1|o3|o4)/, 100_000, 200_000],
  [/^gpt-oss/, 131_072, 131_072],
  [/^claude-3-(opus|sonnet|haiku)/, 4096, 200_000],
  [/^claude-3-5/, 8192, 200_000],
  [/^claude-3-7/, 64_000, 200_000],
  [/^claude-opus-4-(0|1|20)/, 32_000, 200_000],
  // platform.claude.com/docs/en/models: each model's page.
  [/^claude-opus-4-[6-9]/, 128_000, 1_000_000],
  [/^claude-sonnet-4-[6-9]/, 64_000, 1_000_000],
  [/^claude-(opus|sonnet|haiku)-4/, 64_000, 200_000],
  [/^claude-(opus|sonnet|haiku|fable)-5/, 128_000, 1_000_000],
  [/^gemini-(pro|pro-vision|1\.0)/, 8192, 32_760],
  [/^gemini-1\.5/, 8192, 1_048_576],
  [/^gemini-2\.0/, 8192, 1_048_576],
  [/^gemini-(2\.5|3)/, 65_536, 1_048_576],
  [/^deepseek-(chat|coder)/, 8192, 131_072],
  [/^deepseek-reasoner/, 65_536, 131_072],
  [/^deepseek-(v4|flash)/, 384_000, 1_000_000],
  // docs.mistral.ai/getting-started/models says how much they hold, and not how much they answer.
  [/^(mistral-large-2512|mistral-medium-3-5|mistral-small-2603|devstral-2512|ministral-(8|14)b-2512)/, null, 262_144],
  [/^codestral/, null, 256_000],
  [/^ministral-3b-2512/, null, 131_072],
  [/^(mistral-embed|text-embedding-(3|ada))/, null, 8192],
  // platform.minimaxi.com/docs/api-reference/text-openai-api, supported models.
  [/^minimax-m2/, null, 204_800],
  // docs.x.ai/docs/models.
  [/^grok-(4-1-fast|4-fast)/, null, 2_000_000],
  [/^grok-4\.(20|3)/, null, 1_000_000],
  [/^grok-4\.[56]/, null, 500_000],
  [/^grok-(4|code-fast)/, null, 256_000],
  [/^grok-3/, null, 131_072],
  // console.groq.com/docs/models.
  [/^llama-3\.3-70b-versatile/, 32_768, 131_072],
  [/^llama-3\.1-8b-instant/, 131_072, 131_072],
  // docs.cohere.com/docs/models.
  [/^command-a-03-2025/, 8000, 256_000],
  [/^command-(r7b|r-08|r-plus-08)/, 4000, 128_000],
  [/^embed-v4/, null, 128_000],
];

const unknown: ModelLimit = { maxOutputTokens: null, contextWindow: null };

/** What was found for the names that were asked for: the same few are asked for with every request. */
const found = new Map<string, ModelLimit>();
const foundMax = 1_000;

/** Limits of a model id, with or without a maker before a slash (`openai/gpt-4o`). */
export function modelLimitOf(model: string): ModelLimit {
  const known = found.get(model);
  if (known) return known;
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const row = table.find(([pattern]) => pattern.test(name));
  const limit = row ? { maxOutputTokens: row[1], contextWindow: row[2] } : unknown;
  // Names come from callers too, and may be any.
  if (found.size >= foundMax) found.clear();
  found.set(model, limit);
  return limit;
}
