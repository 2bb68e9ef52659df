/** The same requests through our translators and through the AI SDK's own providers: each difference is reported by us, or explained here. */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/domain/ledger.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { destination } from '../providers/kit.ts';
import type { Body } from '../providers/parameter-draw.ts';
import { sent } from '../providers/parameter-kit.ts';
import { seeded } from '../vault/parts.ts';
import { pick, whole } from './mutate.ts';

type Draw = () => number;
type Model = ReturnType<ReturnType<typeof createAnthropic>>;
type Options = Parameters<Model['doGenerate']>[0];

const casesCount = 200;

/** A provider of the AI SDK whose calls end here. */
function capturing(): { fetch: typeof fetch; last: () => Body } {
  let body: Body = {};
  return {
    fetch: (_address, init) => {
      body = JSON.parse(init?.body as string) as Body;
      return Promise.resolve(new Response('{}', { status: 400, headers: { 'content-type': 'application/json' } }));
    },
    last: () => body,
  };
}

async function captured(make: (fetch: typeof globalThis.fetch) => unknown, options: Options): Promise<Body> {
  const line = capturing();
  // The call is refused here, after its body has been read.
  await Promise.resolve((make(line.fetch) as Model).doGenerate(options)).catch(() => undefined);
  return line.last();
}

const schema = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const }, days: { type: 'integer' as const } },
  required: ['city'],
  additionalProperties: false,
};
const tools: NonNullable<Options['tools']> = [
  { type: 'function', name: 'weather', description: 'The weather of a city', inputSchema: schema },
  { type: 'function', name: 'time', inputSchema: { type: 'object', properties: { zone: { type: 'string' } } } },
];

const word = (draw: Draw): string => `word ${whole(draw, 0, 99_999)}`;
const maybe = (draw: Draw, share = 0.4): boolean => draw() < share;

/** A conversation and its settings, in the SDK's neutral words. */
function optionsOf(draw: Draw): Options {
  const prompt: Options['prompt'] = [];
  if (maybe(draw, 0.6)) prompt.push({ role: 'system', content: word(draw) });
  const hasTools = maybe(draw, 0.5);
  const picture = { type: 'file' as const, mediaType: 'image/png', data: { type: 'data' as const, data: 'iVBORw0KGgo=' } };
  prompt.push({ role: 'user', content: [{ type: 'text', text: word(draw) }, ...(maybe(draw, 0.3) ? [picture] : [])] });
  if (maybe(draw, 0.5))
    prompt.push(
      { role: 'assistant', content: [{ type: 'text', text: word(draw) }] },
      { role: 'user', content: [{ type: 'text', text: word(draw) }] },
    );
  if (hasTools && maybe(draw, 0.6)) {
    const toolCallId = `call_${whole(draw, 1, 999)}`;
    prompt.push(
      {
        role: 'assistant',
        content: [{ type: 'tool-call', toolCallId, toolName: 'weather', input: { city: word(draw), days: whole(draw, 1, 9) } }],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName: 'weather', output: { type: 'text', value: word(draw) } }] },
    );
  }
  return {
    prompt,
    ...(maybe(draw) && { maxOutputTokens: whole(draw, 1, 4_000) }),
    ...(maybe(draw) && { temperature: whole(draw, 0, 10) / 10 }),
    ...(maybe(draw, 0.3) && { topP: whole(draw, 1, 9) / 10 }),
    ...(maybe(draw, 0.2) && { topK: whole(draw, 1, 50) }),
    ...(maybe(draw, 0.3) && { stopSequences: [word(draw), word(draw)] }),
    ...(maybe(draw, 0.2) && { seed: whole(draw, 1, 9_999) }),
    ...(maybe(draw, 0.2) && { presencePenalty: whole(draw, 1, 19) / 10 }),
    ...(maybe(draw, 0.2) && { frequencyPenalty: whole(draw, 1, 19) / 10 }),
    ...(hasTools && {
      tools,
      toolChoice: pick(draw, [{ type: 'auto' }, { type: 'none' }, { type: 'required' }, { type: 'tool', toolName: 'time' }] as const),
    }),
    ...(!hasTools &&
      maybe(draw, 0.3) && { responseFormat: pick(draw, [{ type: 'json' as const, schema, name: 'answer' }, { type: 'json' as const }]) }),
  };
}

type Leaves = Map<string, string>;

function leavesOf(value: unknown, path = '', found: Leaves = new Map()): Leaves {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
    for (const [key, inner] of Object.entries(value)) leavesOf(inner, path === '' ? key : `${path}.${key}`, found);
  else found.set(path, JSON.stringify(value));
  return found;
}

/** Places where two bodies differ: `path: theirs | ours`. */
function differences(theirs: Body, ours: Body): string[] {
  const [a, b] = [leavesOf(theirs), leavesOf(ours)];
  const paths = new Set([...a.keys(), ...b.keys()]);
  return [...paths].filter((path) => a.get(path) !== b.get(path)).map((path) => `${path}: ${a.get(path) ?? '-'} | ${b.get(path) ?? '-'}`);
}

interface Explanation {
  /** Of `path: theirs | ours`. */
  where: RegExp;
  why: string;
}

interface Pair {
  name: string;
  to: Destination;
  make: (fetch: typeof globalThis.fetch) => unknown;
  /** Parameters of ours, when reported, and where their loss shows. */
  reported: Readonly<Record<string, RegExp>>;
  explained: readonly Explanation[];
}

const passedOn: Explanation = {
  where: /^top_k: - \| \d+$/,
  why: 'That provider has no such setting; a client of ours that says it is passed on as it came.',
};

const pairs: readonly Pair[] = [
  {
    name: 'anthropic',
    to: destination('anthropic', 'claude-sonnet-4-5'),
    make: (fetch) => createAnthropic({ apiKey: 'k', fetch })('claude-sonnet-4-5'),
    reported: { response_format: /^system: (-|"word \d+") \| "(word \d+\\n\\n)?Answer with one JSON object/ },
    explained: [
      {
        where: /^system(\.0\.(type|text))?: ("text"|.*word \d+)/,
        why: 'Instructions of one text are a text here and a list of one block there; the wire takes both alike.',
      },
    ],
  },
  {
    name: 'google',
    to: destination('gemini', 'gemini-2.5-flash'),
    make: (fetch) => createGoogle({ apiKey: 'k', fetch })('gemini-2.5-flash'),
    reported: {},
    explained: [
      {
        where: /^contents\.\d+\.parts\.\d+\.function(Call|Response)\.id: "call_\d+" \| -$/,
        why: 'Models before the third generation pair calls and results by name and order; ids are left out.',
      },
      {
        where: /functionResponse\.response\.(name|content|output): /,
        why: 'A result of text stands under `output`, as the documentation of the wire has it, and not under a name of the library.',
      },
      {
        where: /^tools\.0\.functionDeclarations\.1\.description: "" \| -$/,
        why: 'A function without a description has none; an empty one says nothing more.',
      },
      {
        where: /^generationConfig\.(presence|frequency)Penalty: - \| /,
        why: 'The wire has these fields, and what was asked is said; the library leaves them out with a warning.',
      },
      { where: /^generationConfig: \{\} \| -$/, why: 'An object without members says nothing.' },
    ],
  },
  {
    name: 'responses',
    to: destination('openai', 'gpt-4o', { wire: 'responses' }),
    make: (fetch) => createOpenAI({ apiKey: 'k', fetch }).responses('gpt-4o'),
    reported: {},
    explained: [
      {
        where: /^input\.\d+\.content(\.0\.(type|text))?: .*("input_text"|"word \d+")/,
        why: 'A message of one text is a text here and a list of one part there; the wire takes both alike.',
      },
      { where: /^store: - \| false$/, why: 'Nothing is kept at the provider unless the caller asks for it.' },
      {
        where: /^include\.0: - \| "reasoning\.encrypted_content"$/,
        why: 'Where nothing is kept, thoughts can be carried on in no other form.',
      },
      { where: /^input\.\d+\.content\.\d+\.detail: - \| "auto"$/, why: 'The wire wants the member, and this is its default.' },
    ],
  },
  {
    name: 'openai chat',
    to: destination('openai', 'gpt-4o', { wire: 'chat' }),
    make: (fetch) => createOpenAI({ apiKey: 'k', fetch }).chat('gpt-4o'),
    reported: {},
    explained: [passedOn],
  },
  {
    name: 'openai-compatible',
    to: destination('custom', 'some-model'),
    make: (fetch) => compatible(fetch),
    reported: {},
    explained: [passedOn],
  },
];

const compatible = (fetch: typeof globalThis.fetch): unknown =>
  createOpenAICompatible({ name: 'p', baseURL: 'https://p.example.org/v1', apiKey: 'k', fetch, supportsStructuredOutputs: true })(
    'some-model',
  );

/** What a client of ours sends: the SDK's OpenAI-compatible provider, and the one setting that it leaves out. */
async function clientBody(options: Options): Promise<Body> {
  const body = await captured(compatible, options);
  return { ...body, ...(options.topK !== undefined && { top_k: options.topK }) };
}

const isReported = ({ reported }: Pair, changed: readonly Change[], difference: string): boolean =>
  Object.entries(reported).some(([parameter, where]) => where.test(difference) && changed.some((change) => change.parameter === parameter));

describe.each(pairs)('against the provider of the AI SDK for $name', (pair) => {
  test(`${casesCount} generated requests differ in nothing that is not reported or explained`, async () => {
    const draw = seeded(pair.name.length);
    const unexplained = new Map<string, string>();
    const used = new Set<string>();
    for (let at = 0; at < casesCount; at++) {
      const options = optionsOf(draw);
      const theirs = await captured(pair.make, options);
      const { body: ours, changed } = sent('chat', await clientBody(options), pair.to);
      expect(Object.keys(theirs).length).toBeGreaterThan(0);
      for (const difference of differences(theirs, ours)) {
        const known = pair.explained.find(({ where }) => where.test(difference));
        if (known) used.add(known.why);
        else if (!isReported(pair, changed, difference))
          unexplained.set(difference.replaceAll(/\d+/g, '0'), `${difference} (case ${at}) said ${JSON.stringify(changed)}`);
      }
    }
    expect([...unexplained.values()]).toEqual([]);
    // An explanation that explains nothing any more is out of date.
    expect(pair.explained.map(({ why }) => why).filter((why) => !used.has(why))).toEqual([]);
  });
});
