/** An answer of OpenAI's Responses in the house's language. */
import type { ChatMessage, ChatResponse, ChatUsage, FinishReason, ToolCall } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import { callIdOf } from '../content.ts';
import type { Moment } from '../protocol.ts';
import { finite, isRecord, list, member, text, type Json } from '../shape.ts';
import { serviceTierOf } from '../usage.ts';
import { annotationOfPart, sourcesMax } from '../sources.ts';
import { unsaidOfCall } from './items.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import type { Item } from './items.ts';

/** What stands between two thoughts, and between two parts of one. */
export const thoughtGap = '\n\n';

/** The counts of a response, with the tier that stands beside them. */
export function usageIn(response: unknown): unknown {
  const usage = member(response, 'usage');
  const tier = serviceTierOf(member(response, 'service_tier'));
  return tier !== undefined && isRecord(usage) ? { ...usage, service_tier: tier } : usage;
}

/** Counts in the house's words; null where they are no counts. */
export function chatUsageOf(usage: unknown): ChatUsage | null {
  const count = (value: unknown): number | null => (typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null);
  const prompt = count(member(usage, 'input_tokens'));
  const out = count(member(usage, 'output_tokens'));
  if (prompt === null || out === null) return null;
  const inside = member(usage, 'input_tokens_details');
  const written = count(member(inside, 'cache_write_tokens'));
  const tier = text(member(usage, 'service_tier'));
  return {
    prompt_tokens: prompt,
    completion_tokens: out,
    total_tokens: prompt + out,
    prompt_tokens_details: {
      cached_tokens: count(member(inside, 'cached_tokens')) ?? 0,
      ...(written !== null && { cache_write_tokens: written }),
    },
    completion_tokens_details: { reasoning_tokens: count(member(member(usage, 'output_tokens_details'), 'reasoning_tokens')) ?? 0 },
    ...(tier !== undefined && { service_tier: tier }),
  };
}

/** The house's word for the end; null for an answer that has not ended. */
export function finishOf(response: unknown, calls: number): FinishReason | null {
  const status = member(response, 'status');
  if (status === 'completed') return calls > 0 ? 'tool_calls' : 'stop';
  if (status !== 'incomplete') return null;
  return member(member(response, 'incomplete_details'), 'reason') === 'content_filter' ? 'content_filter' : 'length';
}

/** A thought as text: its summary, or what an open model thought in clear. */
export function thoughtOf(item: Item): string {
  const textsOf = (key: string): string =>
    list(item[key])
      .map((part) => text(member(part, 'text')) ?? '')
      .filter((piece) => piece !== '')
      .join(thoughtGap);
  return textsOf('summary') || textsOf('content');
}

/** A call; the input of a free-form tool stands under one name, and comes back from the kept item. */
export function callOf(item: Item, answerId: string, at: number): ToolCall | null {
  const isCustom = item['type'] === 'custom_tool_call';
  if (item['type'] !== 'function_call' && !isCustom) return null;
  const args = isCustom ? JSON.stringify({ input: text(item['input']) ?? '' }) : (text(item['arguments']) ?? '{}');
  return {
    id: callIdOf(item['call_id'], answerId, at),
    type: 'function',
    function: { name: text(item['name']) ?? '', arguments: args === '' ? '{}' : args },
  };
}

/** TRUE for an item that the house's message says completely. */
function isPlain(item: Item): boolean {
  if (item['type'] === 'function_call') return unsaidOfCall(item).length === 0;
  if (item['type'] !== 'message' || (text(item['phase']) ?? '') !== '') return false;
  return list(item['content']).every((part) => list(member(part, 'annotations')).length === 0);
}

/** What the house's language cannot say of an answer; undefined where it says everything. */
export function extensionOf(items: readonly Item[]): Json | undefined {
  const messages = items.filter((item) => item['type'] === 'message').length;
  return messages > 1 || !items.every(isPlain) ? { items: [...items] } : undefined;
}

function partsOf(items: readonly Item[], type: string, key: string): string {
  return items
    .filter((item) => item['type'] === 'message')
    .flatMap((item) => list(item['content']))
    .filter((part) => member(part, 'type') === type)
    .map((part) => text(member(part, key)) ?? '')
    .join('');
}

/** The pages that its texts name, at their places in all that is said. */
function sourcesOf(items: readonly Item[]): Json[] {
  let said = 0;
  const parts = items.filter((item) => item['type'] === 'message').flatMap((item) => list(item['content']));
  return parts.flatMap((part) => {
    const from = said;
    if (member(part, 'type') !== 'output_text') return [];
    said += (text(member(part, 'text')) ?? '').length;
    return annotationsOfPart(part, from);
  });
}

/** Those of one part, from the one with this number on. */
export const annotationsOfPart = (part: unknown, from: number, first = 0): Json[] =>
  list(member(part, 'annotations'))
    .slice(first, sourcesMax)
    .map((source) => annotationOfPart(source, from))
    .filter((source) => source !== null);

function logprobsOf(items: readonly Item[]): Json | undefined {
  const entries = items.flatMap((item) => list(item['content'])).flatMap((part) => list(member(part, 'logprobs')));
  return entries.length === 0 ? undefined : { content: entries, refusal: null };
}

/** What was asked about question and answer, in the words of the chat wire, which has a list where this one has a result. */
export function moderationOf(response: unknown): Json {
  const said = member(response, 'moderation');
  if (!isRecord(said)) return {};
  const listed = (result: unknown): unknown =>
    member(result, 'type') === 'moderation_result'
      ? { type: 'moderation_results', model: member(result, 'model'), results: [result] }
      : result;
  return { moderation: { ...said, input: listed(said['input']), output: listed(said['output']) } };
}

/** A response that failed, as a failure of its own kind; null for every other one. */
export function failedResponse(body: unknown): UpstreamFailure | null {
  if (isErrorBody(body)) return failureOf(body);
  if (member(body, 'status') === 'failed' || member(body, 'status') === 'cancelled')
    return new UpstreamFailure('server_error', 'the provider gave the answer up', { vendorStatus: 200 });
  return null;
}

/**
 * The house's answer. Throws UpstreamFailure: the error's own fault for a failed response, `invalid_response` for a body that is
 * no response, has not ended, or says nothing although it was completed.
 */
export function fromResponse(body: unknown, model: string, moment: Moment): ChatResponse {
  if (!isRecord(body)) throw new UpstreamFailure('invalid_response', 'the answer is no JSON object');
  const failed = failedResponse(body);
  if (failed) throw failed;
  if (!Array.isArray(body['output'])) throw new UpstreamFailure('invalid_response', 'the answer has no output');
  const items = list(body['output']).filter(isRecord);
  const id = text(body['id']) || moment.id;
  const calls: ToolCall[] = [];
  for (const item of items) {
    const call = callOf(item, id, calls.length);
    if (call) calls.push(call);
  }
  const finish = finishOf(body, calls.length);
  if (finish === null || (items.length === 0 && finish === 'stop'))
    throw new UpstreamFailure('invalid_response', 'the answer has not ended, or says nothing');
  const said = partsOf(items, 'output_text', 'text');
  const refusal = partsOf(items, 'refusal', 'refusal');
  const thought = items
    .filter((item) => item['type'] === 'reasoning')
    .map(thoughtOf)
    .filter((piece) => piece !== '')
    .join(thoughtGap);
  const annotations = sourcesOf(items);
  const patchbay = extensionOf(items);
  const logprobs = logprobsOf(items);
  const message: ChatMessage = {
    role: 'assistant',
    content: said === '' && (calls.length > 0 || refusal !== '') ? null : said,
    ...(refusal !== '' && { refusal }),
    ...(thought !== '' && { reasoning_content: thought }),
    ...(annotations.length > 0 && { annotations }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(patchbay && { patchbay }),
  };
  return {
    id,
    object: 'chat.completion',
    created: finite(body['created_at']) ?? moment.createdS,
    model: text(body['model']) || model,
    choices: [{ index: 0, message, finish_reason: finish, ...(logprobs && { logprobs }) }],
    usage: chatUsageOf(usageIn(body)),
    ...moderationOf(body),
  };
}
