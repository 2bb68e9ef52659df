/** Google's whole answer in the house's language. */
import type { ChatMessage, ChatResponse, ChatUsage, FinishReason, ToolCall } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { Moment } from '../protocol.ts';
import { finite, isRecord, list, member, text, type Json } from '../shape.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { sourcesOf } from './sources.ts';
import type { Part } from './wire.ts';

/** Reasons that mean that somebody's rule, and not the model, ended the answer (ai.google.dev, FinishReason). */
const blockedReasons: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);

/** Reasons that the house's words tell completely; every other one travels in the extension. */
const toldApart: ReadonlySet<string> = new Set(['STOP', 'MAX_TOKENS']);

/** The reason that an answer ended, in the provider's word; null while it has not. The default of the enumeration says nothing. */
export function stopReasonOf(candidate: unknown): string | null {
  const reason = text(member(candidate, 'finishReason')) ?? '';
  return reason === '' || reason === 'FINISH_REASON_UNSPECIFIED' ? null : reason;
}

/** The house's word for a reason; one that nobody knows, or a call that went wrong, still means that the answer ended. */
export function finishOf(reason: string, calls: number): FinishReason {
  // An answer that could be gone on from has reached a limit too.
  if (reason === 'MAX_TOKENS' || reason === 'CONTINUATION') return 'length';
  if (blockedReasons.has(reason)) return 'content_filter';
  return calls > 0 ? 'tool_calls' : 'stop';
}

/** What a blocked answer says of itself; the sentence is ours where the provider gives none. */
export const refusalOf = (reason: string, message: unknown): string => {
  const said = text(message) ?? '';
  return said === '' ? `The provider withheld this answer: ${reason}.` : said;
};

/** Why a prompt was not answered at all; null where it was. */
export function blockReasonOf(body: unknown): string | null {
  const reason = text(member(member(body, 'promptFeedback'), 'blockReason')) ?? '';
  return reason === '' || reason === 'BLOCK_REASON_UNSPECIFIED' ? null : reason;
}

/** Most characters of an answer's id that go into the ids of its calls: together they stay within the 40 that others allow. */
const idCharsMax = 24;

/** The provider seldom names its calls, and the house must: the answer's own id, the choice and a number are unique in a conversation. */
export const callIdOf = (given: unknown, answerId: string, choice: number, at: number): string =>
  text(given) || `call_${answerId.slice(-idCharsMax)}_${choice}_${at}`;

/** Prompt tokens are the total, cached ones and those of tools included; thoughts are part of the completion. Null where the counts are no counts. */
export function chatUsageOf(usage: unknown): ChatUsage | null {
  if (!isRecord(usage) || usage['promptTokenCount'] === undefined) return null;
  // Zeros are left out on this wire.
  const count = (key: string): number => {
    const value = usage[key] ?? 0;
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : Number.NaN;
  };
  const prompt = count('promptTokenCount') + count('toolUsePromptTokenCount');
  const thoughts = count('thoughtsTokenCount');
  const out = count('candidatesTokenCount') + thoughts;
  const cached = count('cachedContentTokenCount');
  if (Number.isNaN(prompt + out + cached)) return null;
  const cachedSound = soundOf(usage['cacheTokensDetails']);
  return {
    prompt_tokens: prompt,
    completion_tokens: out,
    total_tokens: prompt + out,
    prompt_tokens_details: {
      cached_tokens: cached,
      ...soundOf(usage['promptTokensDetails']),
      ...(cachedSound.audio_tokens !== undefined && { cached_tokens_details: cachedSound }),
    },
    completion_tokens_details: { reasoning_tokens: thoughts, ...soundOf(usage['candidatesTokensDetails']) },
  };
}

/** Tokens of sound cost more than those of text. */
function soundOf(details: unknown): { audio_tokens?: number } {
  const sound = list(details).find((one) => member(one, 'modality') === 'AUDIO');
  const tokens = member(sound, 'tokenCount');
  return typeof tokens === 'number' && tokens > 0 ? { audio_tokens: tokens } : {};
}

const tokenOf = (entry: unknown): Json => {
  const token = text(member(entry, 'token')) ?? '';
  return { token, logprob: finite(member(entry, 'logProbability')) ?? 0, bytes: [...Buffer.from(token, 'utf8')] };
};

/** Probabilities of the chosen tokens and of the next best; undefined where none were asked for. */
export function logprobsOf(candidate: unknown): Json | undefined {
  const result = member(candidate, 'logprobsResult');
  if (!isRecord(result)) return undefined;
  const top = list(result['topCandidates']);
  const content = list(result['chosenCandidates']).map((chosen, at) => ({
    ...tokenOf(chosen),
    top_logprobs: list(member(top[at], 'candidates')).map(tokenOf),
  }));
  return { content, refusal: null };
}

/** TRUE for a part that the house's message says completely: plain text, or a plain call. */
function isPlain(part: Part): boolean {
  const keys = Object.keys(part);
  if (keys.length !== 1) return false;
  return typeof part['text'] === 'string' || (isRecord(part['functionCall']) && member(part['functionCall'], 'id') === undefined);
}

/** What belongs to a candidate besides its parts. */
const companions = ['groundingMetadata', 'citationMetadata', 'urlContextMetadata'] as const;

/** What the house's language cannot say of an answer; undefined where it says everything. `end` is the candidate that ended it. */
export function extensionOf(parts: readonly Part[], reason: string | null, end: Json): Json | undefined {
  const extension: Json = {};
  if (parts.some((part) => !isPlain(part))) extension['blocks'] = [...parts];
  for (const name of companions) if (isRecord(end[name])) extension[name] = end[name];
  if (reason !== null && !toldApart.has(reason)) {
    extension['stop_reason'] = reason;
    const details: Json = {};
    if (text(end['finishMessage'])) details['message'] = end['finishMessage'];
    if (Array.isArray(end['safetyRatings'])) details['safetyRatings'] = end['safetyRatings'];
    if (Object.keys(details).length > 0) extension['stop_details'] = details;
  }
  return Object.keys(extension).length > 0 ? extension : undefined;
}

export const partsOfCandidate = (candidate: unknown): Part[] => list(member(member(candidate, 'content'), 'parts')).filter(isRecord);

const textOf = (parts: readonly Part[], isThought: boolean): string =>
  parts
    .filter((part) => (part['thought'] === true) === isThought)
    .map((part) => text(part['text']) ?? '')
    .join('');

/** A call in the house's words. */
export const callOf = (part: Part, answerId: string, choice: number, at: number): ToolCall => {
  const call = part['functionCall'];
  return {
    id: callIdOf(member(call, 'id'), answerId, choice, at),
    type: 'function',
    function: { name: text(member(call, 'name')) ?? '', arguments: JSON.stringify(member(call, 'args') ?? {}) },
  };
};

function choiceOf(candidate: Json, at: number, answerId: string): ChatResponse['choices'][number] {
  const index = finite(candidate['index']) ?? at;
  const parts = partsOfCandidate(candidate);
  const calls = parts.filter((part) => isRecord(part['functionCall'])).map((part, number) => callOf(part, answerId, index, number));
  const reason = stopReasonOf(candidate);
  const finish = reason === null ? null : finishOf(reason, calls.length);
  const isBlocked = finish === 'content_filter';
  const content = textOf(parts, false);
  const thought = textOf(parts, true);
  const annotations = sourcesOf(parts, candidate);
  const patchbay = extensionOf(parts, reason, candidate);
  const logprobs = logprobsOf(candidate);
  const message: ChatMessage = {
    role: 'assistant',
    content: content === '' && (calls.length > 0 || isBlocked) ? null : content,
    ...(isBlocked && { refusal: refusalOf(reason ?? '', candidate['finishMessage']) }),
    ...(thought !== '' && { reasoning_content: thought }),
    ...(annotations.length > 0 && { annotations }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(patchbay && { patchbay }),
  };
  return { index, message, finish_reason: finish, ...(logprobs && { logprobs }) };
}

/** The one choice of a prompt that was not answered, as a message and as what a stream says at its end. */
export function blockedMessageOf(body: Json, reason: string): { refusal: string; patchbay: Json } {
  const feedback = body['promptFeedback'];
  const ratings = member(feedback, 'safetyRatings');
  return {
    refusal: refusalOf(reason, member(feedback, 'blockReasonMessage')),
    patchbay: { stop_reason: reason, ...(Array.isArray(ratings) && { stop_details: { safetyRatings: ratings } }) },
  };
}

/** Some answers come in a list of one, errors above all. */
export const unwrapped = (body: unknown): unknown => (Array.isArray(body) && body.length === 1 ? (body[0] as unknown) : body);

/**
 * The house's answer. Throws UpstreamFailure: the error's own fault for an error in a 200, `invalid_response` for a body with
 * neither a candidate nor the reason why there is none.
 */
export function fromGenerateResponse(answer: unknown, model: string, moment: Moment): ChatResponse {
  const body = unwrapped(answer);
  if (!isRecord(body)) throw new UpstreamFailure('invalid_response', 'the answer is no JSON object');
  if (isErrorBody(body)) throw failureOf(body);
  const candidates = list(body['candidates']).filter(isRecord);
  const blocked = blockReasonOf(body);
  if (candidates.length === 0 && blocked === null) throw new UpstreamFailure('invalid_response', 'the answer has no candidate');
  const id = text(body['responseId']) || moment.id;
  const choices: ChatResponse['choices'] =
    candidates.length > 0 || blocked === null
      ? candidates.map((candidate, at) => choiceOf(candidate, at, id))
      : [{ index: 0, message: { role: 'assistant', content: null, ...blockedMessageOf(body, blocked) }, finish_reason: 'content_filter' }];
  return {
    id,
    object: 'chat.completion',
    created: moment.createdS,
    model: text(body['modelVersion']) || model,
    choices,
    usage: chatUsageOf(body['usageMetadata']),
  };
}
