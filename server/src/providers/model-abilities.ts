/** What a model takes and is able to do, for the families whose makers say so; null elsewhere. From the vendors' model pages. */

export type Modality = 'text' | 'image' | 'audio' | 'video' | 'file';

export interface ModelAbilities {
  input: readonly Modality[];
  output: readonly Modality[];
  tools: boolean;
  /** Thinks before it answers, or can be asked to. */
  reasoning: boolean;
  /** Answers in the form of a given schema. */
  structuredOutput: boolean;
}

const text: readonly Modality[] = ['text'];
const seeing: readonly Modality[] = ['text', 'image'];
const reading: readonly Modality[] = ['text', 'image', 'file'];
const everything: readonly Modality[] = ['text', 'image', 'audio', 'video', 'file'];

const of = (input: readonly Modality[], abilities: Partial<Omit<ModelAbilities, 'input'>> = {}): ModelAbilities => ({
  input,
  output: text,
  tools: true,
  reasoning: false,
  structuredOutput: true,
  ...abilities,
});

/** The first pattern that fits wins, so the special ones stand first. */
const table: readonly (readonly [RegExp, ModelAbilities])[] = [
  [/^gpt-4o-(mini-)?audio/, of(['text', 'audio'], { output: ['text', 'audio'], structuredOutput: false })],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5)/, of(reading)],
  [/^gpt-4-(turbo|vision)/, of(seeing, { structuredOutput: false })],
  [/^(gpt-4(-|$)|gpt-3\.5-turbo)/, of(text, { structuredOutput: false })],
  [/^gpt-5-chat/, of(seeing)],
  [/^gpt-[5-9]/, of(reading, { reasoning: true })],
  [/^o1-(mini|preview)/, of(text, { tools: false, reasoning: true, structuredOutput: false })],
  [/^o3-mini/, of(text, { reasoning: true })],
  [/^o[1-9]/, of(reading, { reasoning: true })],
  [/^gpt-oss/, of(text, { reasoning: true })],
  [/^claude-3-7/, of(reading, { reasoning: true, structuredOutput: false })],
  [/^claude-3/, of(reading, { structuredOutput: false })],
  [/^claude-(opus|sonnet|haiku|fable)-[4-9]/, of(reading, { reasoning: true })],
  [/^gemini-(1\.5|2\.0)/, of(everything)],
  [/^gemini-(2\.5|[3-9])/, of(everything, { reasoning: true })],
  [/^deepseek-reasoner/, of(text, { reasoning: true, structuredOutput: false })],
  [/^deepseek-(chat|coder)/, of(text, { structuredOutput: false })],
  [/^deepseek-(v4|flash)/, of(text, { reasoning: true, structuredOutput: false })],
  [
    /^(text-embedding|embed-|mistral-embed|nomic-embed|mxbai-embed|gemini-embedding|codestral-embed)/,
    of(text, { output: [], tools: false, structuredOutput: false }),
  ],
  // docs.mistral.ai, capabilities.
  [/^magistral/, of(seeing, { reasoning: true })],
  [/^(mistral-(large-2512|large-latest|medium|small)|ministral|pixtral)/, of(seeing)],
  [/^(codestral|devstral|open-mistral|mistral)/, of(text)],
  // docs.x.ai/docs/models.
  [/^grok-(3-mini|code)/, of(text, { reasoning: true })],
  [/^grok-3/, of(text)],
  [/^grok-4(-1)?-fast-non-reasoning/, of(seeing)],
  [/^grok-[4-9]/, of(seeing, { reasoning: true })],
  // console.groq.com/docs/tool-use, docs.cohere.com/docs/models.
  [/^llama-3\.(1-8b-instant|3-70b-versatile)/, of(text, { structuredOutput: false })],
  [/^command-a-vision/, of(seeing, { tools: false })],
  [/^command-(a|r)/, of(text)],
];

/** Abilities of a model id, with or without a maker before a slash; null where nothing is known. */
export function modelAbilitiesOf(model: string): ModelAbilities | null {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  return table.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
