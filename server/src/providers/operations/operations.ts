/** What can be asked besides a conversation, one row each: where it is, what goes in, what comes back, and what it can cost. */
import { noTokens, type TokenUsage } from '../../domain/ledger.ts';
import type { OperationId } from '../row.ts';
import { choicesOf, product } from '../choices.ts';
import { finite, isRecord, list, member, type Json } from '../shape.ts';
import { tokensMax, usageOf } from '../usage.ts';

export interface Operation {
  id: OperationId;
  /** Below `/v1` here, and below the base of a provider whose row says nothing else. */
  path: string;
  /** How its requests are written: as JSON, as a form with files, or as either. */
  takes: 'json' | 'form' | 'either';
  /** Whether this request asks for a stream of events. */
  isStream(field: (name: string) => unknown): boolean;
  /** `bytes` for sound that is passed on as it comes; `text` where a provider may answer plain text instead of an object. */
  answers: 'json' | 'text' | 'bytes';
  /** Whether an object is an answer at all; an unknown member is no fault. */
  isAnswer(body: Json): boolean;
  /** What a provider says that it used; null where it does not. */
  usageOf(body: unknown): TokenUsage | null;
  /** FALSE where sound and pictures decide the price, and tokens of text alone would make a wrong one: it stays unknown. */
  isPricedByTokens: boolean;
  /** The most that one choice can say, and how many there are; null where nobody can tell before. */
  outputOf(body: Json): { tokensMax: number; times: number } | null;
  /** Works before it answers: the headers of the answer may take as long as all of it. */
  isSlow: boolean;
  /** Where a provider does not have it, a conversation says the same. */
  isSaidByChat: boolean;
}

const never = (): boolean => false;
const isStreamFlag = (field: (name: string) => unknown): boolean => field('stream') === true;
const noOutput = (): { tokensMax: number; times: number } => ({ tokensMax: 0, times: 1 });

const tokens = (value: unknown): number | null => {
  const count = finite(value);
  return count !== undefined && Number.isInteger(count) && count >= 0 && count <= tokensMax ? count : null;
};

/** Usage of what has no output: some vendors report a total alone (Jina, Voyage), one what it bills (Cohere). */
function inputUsageOf(body: unknown): TokenUsage | null {
  const usage = member(body, 'usage');
  const said = usageOf(usage);
  if (said) return said;
  const meta = member(body, 'meta');
  const tokensIn =
    tokens(member(usage, 'total_tokens')) ??
    tokens(member(member(meta, 'tokens'), 'input_tokens')) ??
    tokens(member(member(meta, 'billed_units'), 'input_tokens'));
  return tokensIn === null ? null : { ...noTokens, tokensIn };
}

const reportedUsageOf = (body: unknown): TokenUsage | null => usageOf(member(body, 'usage'));

/** Texts and lists of texts or of tokens: how many completions a request is. */
export function promptsOf(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
}

/** Said nowhere, this wire means sixteen tokens (platform.openai.com, completions, `max_tokens`). */
export const completionTokensDefault = 16;

const fromInput = {
  takes: 'json',
  isStream: never,
  answers: 'json',
  usageOf: inputUsageOf,
  isPricedByTokens: true,
  outputOf: noOutput,
  isSlow: false,
  isSaidByChat: false,
} satisfies Partial<Operation>;

const media = {
  isStream: isStreamFlag,
  usageOf: reportedUsageOf,
  isPricedByTokens: false,
  outputOf: () => null,
  isSlow: true,
  isSaidByChat: false,
} satisfies Partial<Operation>;

const heard = {
  ...media,
  takes: 'form',
  answers: 'text',
  isAnswer: (body: Json) => typeof body['text'] === 'string' || Array.isArray(body['segments']),
} satisfies Partial<Operation>;

export const operations: Readonly<Record<OperationId, Operation>> = {
  embeddings: {
    ...fromInput,
    id: 'embeddings',
    path: '/embeddings',
    isAnswer: (body) => Array.isArray(body['data']) || Array.isArray(body['embeddings']),
  },
  completions: {
    ...fromInput,
    id: 'completions',
    path: '/completions',
    isStream: isStreamFlag,
    isAnswer: (body) => list(body['choices']).some(isRecord),
    usageOf: reportedUsageOf,
    outputOf: (body) => ({
      tokensMax: tokens(body['max_tokens']) ?? completionTokensDefault,
      times: product(Math.max(choicesOf(body['n']), choicesOf(body['best_of'])), promptsOf(body['prompt'])),
    }),
    isSaidByChat: true,
  },
  moderations: { ...fromInput, id: 'moderations', path: '/moderations', isAnswer: (body) => Array.isArray(body['results']) },
  rerank: {
    ...fromInput,
    id: 'rerank',
    path: '/rerank',
    isAnswer: (body) => Array.isArray(body['results']) || Array.isArray(body['data']),
  },
  'images.generations': {
    ...media,
    id: 'images.generations',
    path: '/images/generations',
    takes: 'json',
    answers: 'json',
    isAnswer: (body) => Array.isArray(body['data']) || Array.isArray(body['images']),
  },
  'images.edits': {
    ...media,
    id: 'images.edits',
    path: '/images/edits',
    takes: 'either',
    answers: 'json',
    isAnswer: (body) => Array.isArray(body['data']) || Array.isArray(body['images']),
  },
  'audio.speech': {
    ...media,
    id: 'audio.speech',
    path: '/audio/speech',
    takes: 'json',
    isStream: (field) => field('stream_format') === 'sse',
    answers: 'bytes',
    isAnswer: never,
  },
  'audio.transcriptions': { ...heard, id: 'audio.transcriptions', path: '/audio/transcriptions' },
  'audio.translations': { ...heard, id: 'audio.translations', path: '/audio/translations' },
};

/** How the books call an operation: the `face` of its entries. */
export const faceOf = (id: OperationId): string => `openai.${id}`;

/** Faces whose entries have no price per token: whatever is said of their tokens later, what they cost stays as it was booked. */
export const facesWithoutTokenPrice: readonly string[] = Object.values(operations)
  .filter(({ isPricedByTokens }) => !isPricedByTokens)
  .map(({ id }) => faceOf(id));
