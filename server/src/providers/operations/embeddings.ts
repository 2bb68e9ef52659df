/** Embeddings at providers with a wire of their own: many inputs stay one call (C-29), and answers come back as OpenAI writes them. */
import { UpstreamFailure } from '../../domain/errors.ts';
import type { Change, TokenUsage } from '../../domain/ledger.ts';
import { pathOf } from '../normalise.ts';
import type { Destination } from '../protocol.ts';
import type { ProviderRow } from '../row.ts';
import { finite, list, member, text, type Json } from '../shape.ts';
import { usageOf } from '../usage.ts';
import { saysNothing } from '../unread-fields.ts';

export interface AskedElsewhere {
  path: string;
  body: Json;
  changed: Change[];
}

export interface Vectors {
  vectors: readonly (readonly number[])[];
  usage: TokenUsage | null;
}

/** One operation in another wire. Pure. */
export interface Translation {
  /** Throws UpstreamFailure('bad_request') for what cannot be said there. */
  toVendor(asked: Json, to: Destination): AskedElsewhere;
  /** Throws UpstreamFailure('invalid_response') for what is no answer to so many inputs. */
  fromVendor(body: unknown, inputs: number | null): Vectors;
}

const refusedInput = (): UpstreamFailure =>
  new UpstreamFailure('bad_request', 'the input is no text', {
    told: { param: 'input', message: 'For this model input must be a text or a list of texts; lists of token ids are not understood.' },
  });

function textsOf(input: unknown): string[] {
  const inputs = typeof input === 'string' ? [input] : list(input);
  if (inputs.length === 0) throw refusedInput();
  return inputs.map((one) => text(one) ?? raise(refusedInput()));
}

function raise(error: Error): never {
  throw error;
}

const read: ReadonlySet<string> = new Set(['model', 'input', 'encoding_format', 'dimensions']);

function unread(asked: Json, own: readonly string[] = []): Change[] {
  return Object.entries(asked)
    .filter(([parameter, value]) => !read.has(parameter) && !own.includes(parameter) && !saysNothing(parameter, value))
    .map(([parameter]) => ({ parameter, what: 'dropped' }));
}

const invalid = (): UpstreamFailure => new UpstreamFailure('invalid_response', 'the provider answered no vectors');

function vectorOf(values: unknown): number[] {
  const numbers = list(values);
  if (numbers.length === 0) throw invalid();
  return numbers.map((value) => finite(value) ?? raise(invalid()));
}

/** How many vectors are owed: one for a text or a list of tokens, one each in a list of them. Null where nobody can tell. */
export function inputsOf(input: unknown): number | null {
  if (typeof input === 'string') return 1;
  if (!Array.isArray(input)) return null;
  return typeof input[0] === 'number' ? 1 : input.length;
}

/** A vector is known by its place alone: with one too few or too many, callers would pair texts with vectors of others. */
export function checkVectors(found: number, inputs: number | null): void {
  if (inputs !== null && found !== inputs)
    throw new UpstreamFailure('invalid_response', `the provider answered ${found} vectors for ${inputs} inputs`);
}

function vectorsOf(found: unknown, inputs: number | null, values: (one: unknown) => unknown): number[][] {
  const all = list(found);
  if (all.length === 0) throw invalid();
  checkVectors(all.length, inputs);
  return all.map((one) => vectorOf(values(one)));
}

/** ai.google.dev/api/embeddings, `models.batchEmbedContents`. */
const gemini: Translation = {
  toVendor(asked, to) {
    const model = `models/${to.model.replace(/^models\//, '')}`;
    const dimensions = finite(asked['dimensions']);
    const requests = textsOf(asked['input']).map((one) => ({
      model,
      content: { parts: [{ text: one }] },
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
    }));
    const path = `${pathOf(to.baseUrl)}/models/${encodeURIComponent(model.slice('models/'.length))}:batchEmbedContents`;
    return { path, body: { requests }, changed: unread(asked) };
  },
  fromVendor(body, inputs) {
    const tokensIn = finite(member(member(body, 'usageMetadata'), 'promptTokenCount'));
    return {
      vectors: vectorsOf(member(body, 'embeddings'), inputs, (one) => member(one, 'values')),
      usage: tokensIn === undefined ? null : usageOf({ prompt_tokens: tokensIn, total_tokens: tokensIn }),
    };
  },
};

/** Beside the question: how much of a long input counts, how long the model stays, and how it is run. */
const ollamaMembers = ['truncate', 'keep_alive', 'options'] as const;

/** docs.ollama.com/api/embed. */
const ollama: Translation = {
  toVendor(asked, to) {
    const dimensions = finite(asked['dimensions']);
    const body: Json = { model: to.model, input: textsOf(asked['input']), ...(dimensions !== undefined && { dimensions }) };
    for (const name of ollamaMembers) if (asked[name] !== undefined && asked[name] !== null) body[name] = asked[name];
    return { path: `${pathOf(to.baseUrl)}/api/embed`, body, changed: unread(asked, ollamaMembers) };
  },
  fromVendor(body, inputs) {
    const tokensIn = finite(member(body, 'prompt_eval_count'));
    return {
      vectors: vectorsOf(member(body, 'embeddings'), inputs, (one) => one),
      usage: tokensIn === undefined ? null : usageOf({ prompt_tokens: tokensIn, total_tokens: tokensIn }),
    };
  },
};

const translations: Partial<Record<ProviderRow['protocol'], Translation>> = { gemini, ollama };

/** Undefined where the provider speaks OpenAI's wire, or has no embeddings that we know to ask for. */
export const embeddingsOf = (row: ProviderRow): Translation | undefined => translations[row.protocol];

/** Little-endian 32-bit floats, as OpenAI packs them for `encoding_format: base64`. */
function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, at) => bytes.writeFloatLE(value, at * 4));
  return bytes.toString('base64');
}

/** Where the provider counts nothing, clients still expect a count. */
const charsPerToken = 4;

/** The answer as OpenAI writes it. */
export function writeEmbeddings({ vectors, usage }: Vectors, asked: Json, model: string): string {
  const isPacked = asked['encoding_format'] === 'base64';
  const tokensIn = usage?.tokensIn ?? Math.ceil(textsOf(asked['input']).join('').length / charsPerToken);
  return JSON.stringify({
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: isPacked ? packed(vector) : vector })),
    model,
    usage: { prompt_tokens: tokensIn, total_tokens: tokensIn },
  });
}
