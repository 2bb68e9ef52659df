/** The estimate that stands in for missing usage, against usage that vendors counted in recorded answers: within stated bounds. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { tokensOfText } from '../../src/domain/token-estimate.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { destination, moment } from '../providers/kit.ts';

/** No answer may be estimated further off than this, and all of them together not further than this. */
const factorMax = 1.75;
const sumFactorMax = 1.25;
/** Shorter ones say little: their frame is most of what was counted. */
const tokensMin = 25;

const recorded = resolve(import.meta.dirname, '../../../../shared/fixtures/providers');
const places: Readonly<Record<string, readonly [provider: string, model: string]>> = {
  anthropic: ['anthropic', 'claude-sonnet-4-5'],
  bedrock: ['bedrock', 'amazon.nova-pro-v1:0'],
  deepseek: ['deepseek', 'deepseek-chat'],
  gemini: ['gemini', 'gemini-2.5-flash'],
  mistral: ['mistral', 'mistral-small-latest'],
  'openai-chat': ['openai', 'gpt-4o'],
  'openai-responses': ['openai', 'gpt-5-pro'],
  xai: ['xai', 'grok-3'],
};

interface Counted {
  name: string;
  text: string;
  tokens: number;
}

/** What one answer says, and how many tokens its vendor counted for it; null for one of which some was not shown. */
function countedOf(folder: string, file: string): Counted | null {
  const [provider, model] = places[folder]!;
  const to = destination(provider, model);
  const protocol = protocolOf(to.row);
  try {
    const answer = protocol.fromVendor(JSON.parse(readFileSync(join(recorded, folder, file), 'utf8')), to, moment);
    const usage = protocol.usageOf(answer.usage);
    const message = answer.choices[0]?.message;
    if (!usage || !message || message.patchbay !== undefined) return null;
    // Around a call there are some thirty tokens that nobody sees.
    if ((message.tool_calls ?? []).length > 0) return null;
    const text = typeof message.content === 'string' ? message.content : '';
    const tokens = usage.tokensOut - usage.tokensReasoning;
    // What was thought and not told apart in the count cannot be compared.
    const isWhole = usage.tokensReasoning > 0 || !message.reasoning_content;
    return isWhole && tokens >= tokensMin && text.length > 0 ? { name: `${folder}/${file}`, text, tokens } : null;
  } catch {
    return null;
  }
}

const counted = existsSync(recorded)
  ? Object.keys(places)
      .filter((folder) => existsSync(join(recorded, folder)))
      .flatMap((folder) =>
        readdirSync(join(recorded, folder))
          .filter((file) => file.endsWith('.json'))
          .map((file) => countedOf(folder, file)),
      )
      .filter((one) => one !== null)
  : // Where the recordings are not, one published pair stands for them (platform.openai.com, "A helpful rule of thumb": 4 characters).
    [{ name: 'rule of thumb', text: 'word '.repeat(80), tokens: 100 }];

test('each is within the bound, and so is their sum', () => {
  expect(counted.length).toBeGreaterThan(0);
  for (const { name, text, tokens } of counted) {
    const factor = tokensOfText(text) / tokens;
    expect(factor, `${name}: ${tokens} counted`).toBeGreaterThan(1 / factorMax);
    expect(factor, `${name}: ${tokens} counted`).toBeLessThan(factorMax);
  }
  const sum = counted.reduce((all, { text, tokens }) => ({ ours: all.ours + tokensOfText(text), theirs: all.theirs + tokens }), {
    ours: 0,
    theirs: 0,
  });
  expect(sum.ours / sum.theirs).toBeGreaterThan(1 / sumFactorMax);
  expect(sum.ours / sum.theirs).toBeLessThan(sumFactorMax);
});
