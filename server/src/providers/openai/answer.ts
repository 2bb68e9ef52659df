/** One whole answer of an OpenAI-compatible provider, checked before anyone believes it (D1 to D4 of the fault matrix). */
import type { ChatMessage, ChatResponse, FinishReason, ToolCall } from '../../domain/chat.ts';
import { UpstreamFailure, type Fault } from '../../domain/errors.ts';
import type { Moment } from '../protocol.ts';
import { finite, isRecord, list, member, text, type Json } from '../shape.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';

/** What else vendors call the five reasons. */
const finishWords: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
  function_call: 'function_call',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  complete: 'stop',
  max_tokens: 'length',
  model_length: 'length',
  context_length: 'length',
  tool_use: 'tool_calls',
  tool_call: 'tool_calls',
  safety: 'content_filter',
  recitation: 'content_filter',
  sensitive: 'content_filter',
  refusal: 'content_filter',
  // docs.z.ai, chat completion.
  model_context_window_exceeded: 'length',
};

/**
 * Words for an answer that broke off on the provider's side, and the fault that each stands for: api-docs.deepseek.com, create chat
 * completion; docs.z.ai, chat completion. `error` has its reason beside it (openrouter.ai/docs, errors) or none (docs.mistral.ai/api).
 */
const brokenFinishes: ReadonlyMap<unknown, Fault | null> = new Map<unknown, Fault | null>([
  ['error', null],
  ['insufficient_system_resource', 'overloaded'],
  ['network_error', 'server_error'],
]);

/** What a choice failed with, where its end says that it did; null for any other end. */
export function brokenFinishOf(choice: unknown): UpstreamFailure | null {
  const reason = member(choice, 'finish_reason');
  if (typeof reason !== 'string') return null;
  const fault = brokenFinishes.get(reason);
  if (fault === undefined) return null;
  if (fault === null || isErrorBody(choice)) return failureOf(choice);
  return new UpstreamFailure(fault, `the provider broke its answer off: ${reason}`, { vendorStatus: 200 });
}

/** A vendor's reason in the house's words; null where none was given. A word that nobody knows still means that it ended. */
export function finishReasonOf(reason: unknown): FinishReason | null {
  if (typeof reason !== 'string' || reason === '') return null;
  const word = reason.toLowerCase();
  return Object.hasOwn(finishWords, word) ? (finishWords[word] ?? 'stop') : 'stop';
}

export function throwIfBroken(choice: unknown): void {
  const failure = brokenFinishOf(choice);
  if (failure) throw failure;
}

const invalid = (detail: string): UpstreamFailure => new UpstreamFailure('invalid_response', detail);

/** Content as text: some vendors answer parts, thinking among them (Mistral's magistral models). */
export function contentOf(content: unknown): { content: string | null; reasoning: string } {
  if (typeof content === 'string') return { content, reasoning: '' };
  if (!Array.isArray(content)) return { content: null, reasoning: '' };
  let said = '';
  let thought = '';
  for (const part of content as unknown[]) {
    if (typeof part === 'string') said += part;
    else if (member(part, 'type') === 'thinking') {
      const thinking = member(part, 'thinking');
      thought +=
        typeof thinking === 'string'
          ? thinking
          : list(thinking)
              .map((piece) => text(member(piece, 'text')) ?? '')
              .join('');
    } else said += text(member(part, 'text')) ?? '';
  }
  return { content: said === '' && thought !== '' ? null : said, reasoning: thought };
}

/** Arguments are a text in the house; some servers answer them as an object. */
export const argumentsOf = (value: unknown): string => (typeof value === 'string' ? value : isRecord(value) ? JSON.stringify(value) : '');

function toolCallsOf(calls: unknown, moment: Moment): ToolCall[] {
  return list(calls)
    .filter(isRecord)
    .map((call, at) => ({
      ...call,
      id: text(call['id']) || `call_${moment.id}_${at}`,
      type: 'function' as const,
      function: { name: text(member(call['function'], 'name')) ?? '', arguments: argumentsOf(member(call['function'], 'arguments')) },
    }));
}

function messageOf(raw: Json, moment: Moment): ChatMessage {
  const { content, reasoning } = contentOf(raw['content']);
  const calls = toolCallsOf(raw['tool_calls'], moment);
  const thought = text(raw['reasoning_content']) ?? text(raw['reasoning']) ?? reasoning;
  const { tool_calls: _calls, ...rest } = raw;
  return {
    ...rest,
    role: 'assistant',
    content,
    ...(thought !== '' && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** TRUE for a message that says anything at all, or an end that explains its silence (D4). */
function saysSomething(message: ChatMessage, finish: FinishReason | null): boolean {
  if (message.content !== null || message.tool_calls || message.reasoning_content) return true;
  if (text(message.refusal) || isRecord(message['audio']) || isRecord(message['function_call'])) return true;
  return finish === 'length' || finish === 'content_filter';
}

function choiceOf(choice: unknown, at: number, moment: Moment): ChatResponse['choices'][number] {
  if (isErrorBody(choice)) throw failureOf(choice);
  throwIfBroken(choice);
  const raw = member(choice, 'message');
  if (!isRecord(choice) || !isRecord(raw)) throw invalid('a choice of the answer has no message');
  const message = messageOf(raw, moment);
  const finish = finishReasonOf(choice['finish_reason']);
  if (!saysSomething(message, finish)) throw invalid('the answer says nothing');
  return { ...choice, index: finite(choice['index']) ?? at, message, finish_reason: finish };
}

/** Throws UpstreamFailure for a body that is no answer; else its choices, at least one. */
function choicesOf(body: unknown): { record: Json; choices: readonly unknown[] } {
  if (!isRecord(body)) throw invalid('the answer is no JSON object');
  if (isErrorBody(body)) throw failureOf(body);
  const choices = body['choices'];
  if (!Array.isArray(choices) || choices.length === 0) throw invalid('the answer has no choices');
  return { record: body, choices: choices as unknown[] };
}

/** What the books need of an answer that passes through in its own bytes. */
interface SeenAnswer {
  /** As it stands there, unchecked. */
  usage: unknown;
  serviceTier: unknown;
  finishReason: FinishReason | null;
  model: string | null;
  choices: readonly unknown[];
}

/** The same checks as `answerOf`, and nothing built: nearly every choice is a text that only has to be there. */
export function seenAnswer(body: unknown, moment: Moment): SeenAnswer {
  const { record, choices } = choicesOf(body);
  for (let at = 0; at < choices.length; at++) if (!isPlainText(choices[at])) choiceOf(choices[at], at, moment);
  return {
    usage: record['usage'],
    serviceTier: record['service_tier'],
    finishReason: finishReasonOf(member(choices[0], 'finish_reason')),
    model: text(record['model']) || null,
    choices,
  };
}

/** TRUE for a choice that cannot be anything else; what is FALSE is looked at in full. */
function isPlainText(choice: unknown): boolean {
  if (!isRecord(choice) || choice['error'] !== undefined || choice['object'] === 'error' || choice['type'] === 'error') return false;
  return !brokenFinishes.has(choice['finish_reason']) && typeof member(choice['message'], 'content') === 'string';
}

/**
 * An answer in the house's exact shape; fields that the house does not know stay. Throws UpstreamFailure: the error's own
 * fault for an error in a 200, `invalid_response` for a text, a page, an empty body, no choices, or a choice that says nothing.
 */
export function answerOf(body: unknown, model: string, moment: Moment): ChatResponse {
  const { record, choices } = choicesOf(body);
  return {
    ...record,
    id: text(record['id']) || moment.id,
    object: 'chat.completion',
    created: finite(record['created']) ?? moment.createdS,
    model: text(record['model']) || model,
    choices: choices.map((choice, at) => choiceOf(choice, at, moment)),
    usage: isRecord(record['usage']) ? (record['usage'] as unknown as ChatResponse['usage']) : null,
  };
}
