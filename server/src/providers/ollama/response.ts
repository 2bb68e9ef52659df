/** Ollama's whole answer in the house's language, and the pieces that its stream is made of. */
import type { ChatMessage, ChatResponse, ChatUsage, FinishReason, ToolCall } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import { callIdOf } from '../content.ts';
import type { Moment } from '../protocol.ts';
import { finite, isRecord, list, member, text, type Json } from '../shape.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';

/** The house's word for the end of an answer. `load` and `unload` end requests that asked for nothing. */
export function finishOf(reason: unknown, calls: number): FinishReason {
  if (reason === 'length') return 'length';
  return calls > 0 ? 'tool_calls' : 'stop';
}

/** Null where one of the counts is missing or nonsensical: an older server leaves the prompt's out where all of it was cached. */
export function chatUsageOf(body: Json): ChatUsage | null {
  const prompt = body['prompt_eval_count'];
  const out = body['eval_count'];
  const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0;
  if (!isCount(prompt) || !isCount(out)) return null;
  return { prompt_tokens: prompt, completion_tokens: out, total_tokens: prompt + out };
}

/** The calls of one message or of one piece of it; they come whole. */
export const callsOf = (message: unknown, answerId: string, from: number): ToolCall[] =>
  list(member(message, 'tool_calls'))
    .filter(isRecord)
    .map((call, at) => {
      const args = member(call['function'], 'arguments');
      return {
        id: callIdOf(call['id'], answerId, from + at),
        type: 'function',
        function: {
          name: text(member(call['function'], 'name')) ?? '',
          arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
        },
      };
    });

const tokenOf = (entry: unknown): Json => {
  const token = text(member(entry, 'token')) ?? '';
  return { token, logprob: finite(member(entry, 'logprob')) ?? 0, bytes: [...Buffer.from(token, 'utf8')] };
};

/** Probabilities of tokens; undefined where none were asked for. */
export function logprobsOf(body: Json): Json | undefined {
  const entries = list(body['logprobs']);
  if (entries.length === 0) return undefined;
  return {
    content: entries.map((entry) => ({ ...tokenOf(entry), top_logprobs: list(member(entry, 'top_logprobs')).map(tokenOf) })),
    refusal: null,
  };
}

/**
 * The house's answer. Throws UpstreamFailure: the error's own fault for an error in a 200, `invalid_response` for a body
 * without a message or one that does not say that it is done.
 */
export function fromOllamaResponse(body: unknown, model: string, moment: Moment): ChatResponse {
  if (!isRecord(body)) throw new UpstreamFailure('invalid_response', 'the answer is no JSON object');
  if (isErrorBody(body)) throw failureOf(body);
  const said = body['message'];
  if (!isRecord(said)) throw new UpstreamFailure('invalid_response', 'the answer has no message');
  if (body['done'] === false) throw new UpstreamFailure('invalid_response', 'the answer is only a piece of one');
  const calls = callsOf(said, moment.id, 0);
  const content = text(said['content']) ?? '';
  const thought = text(said['thinking']) ?? '';
  const logprobs = logprobsOf(body);
  const message: ChatMessage = {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(thought !== '' && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  return {
    id: moment.id,
    object: 'chat.completion',
    created: moment.createdS,
    model: text(body['model']) || model,
    choices: [{ index: 0, message, finish_reason: finishOf(body['done_reason'], calls.length), ...(logprobs && { logprobs }) }],
    usage: chatUsageOf(body),
  };
}
