/** An answer of the house as a response: its items, its end, what it used, and the settings that it was asked with. */
import type { ChatResponse, ChatUsage, Extension, FinishReason } from '../../domain/chat.ts';
import { finite, isRecord, list, member, text, type Json } from '../../providers/shape.ts';
import { usageOf as tokensOf } from '../../providers/usage.ts';
import { carry } from '../openai/carry.ts';
import { customInput } from './tools.ts';

/** What an answer repeats of its request, and the ids that it gives. */
export interface Frame {
  /** Without the prefix: `resp_<id>`, `msg_<id>_0`. */
  id: string;
  createdS: number;
  model: string;
  request: Json;
  custom: ReadonlySet<string>;
  tokensIn: number;
  previousId: string | null;
  isStored: boolean;
}

/** Characters per token where a provider gives no usage. */
export const charsPerToken = 4;

/** Tokens as the books read them: vendors count differently under the same names. */
export function usageOf(usage: ChatUsage | null | undefined, estimate: { in: number; out: number }): Json {
  const read = tokensOf(usage);
  const tokensIn = read?.tokensIn ?? estimate.in;
  const out = read?.tokensOut ?? estimate.out;
  return {
    input_tokens: tokensIn,
    input_tokens_details: { cached_tokens: read?.tokensCached ?? 0, cache_write_tokens: read?.tokensCacheWrite ?? 0 },
    output_tokens: out,
    output_tokens_details: { reasoning_tokens: read?.tokensReasoning ?? 0 },
    total_tokens: tokensIn + out,
  };
}

/** How the response ended: in full, at its limit, or by somebody's rule. */
export function endingOf(finish: FinishReason | null): Json {
  if (finish === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (finish === 'content_filter') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}

/** A response without its output: what is true of it from the first event on. */
export function responseOf(frame: Frame, more: Json): Json {
  const { request } = frame;
  return {
    id: `resp_${frame.id}`,
    object: 'response',
    created_at: frame.createdS,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: text(request['instructions']) ?? null,
    max_output_tokens: finite(request['max_output_tokens']) ?? null,
    model: frame.model,
    output: [],
    parallel_tool_calls: request['parallel_tool_calls'] !== false,
    previous_response_id: frame.previousId,
    reasoning: isRecord(request['reasoning']) ? request['reasoning'] : { effort: null, summary: null },
    store: frame.isStored,
    temperature: finite(request['temperature']) ?? null,
    text: isRecord(request['text']) ? request['text'] : { format: { type: 'text' } },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: list(request['tools']),
    top_p: finite(request['top_p']) ?? null,
    truncation: text(request['truncation']) ?? 'disabled',
    usage: null,
    user: text(request['user']) ?? null,
    metadata: isRecord(request['metadata']) ? request['metadata'] : {},
    ...more,
  };
}

export const reasoningItem = (id: string, thought: string, extension: Extension | undefined): Json => ({
  id,
  type: 'reasoning',
  summary: thought === '' ? [] : [{ type: 'summary_text', text: thought }],
  encrypted_content: carry(extension),
});

export const textPart = (said: string, logprobs: readonly unknown[] = [], annotations: readonly Json[] = []): Json => ({
  type: 'output_text',
  text: said,
  annotations: [...annotations],
  logprobs: [...logprobs],
});

/** A source as this wire has it; null for one that it has no words for. OpenAI's two wires spell it apart. */
export function sourceOf(annotation: unknown): Json | null {
  const cited = member(annotation, 'url_citation');
  if (member(annotation, 'type') !== 'url_citation' || !isRecord(cited)) return null;
  const { start_index: start, end_index: end, url, title } = cited;
  return {
    type: 'url_citation',
    start_index: finite(start) ?? 0,
    end_index: finite(end) ?? 0,
    url: text(url) ?? '',
    title: text(title) ?? '',
  };
}

/** The sources that a message, or a piece of one, names. */
export const sourcesOf = (said: unknown): Json[] =>
  list(member(said, 'annotations'))
    .map(sourceOf)
    .filter((source) => source !== null);

/** Probabilities of tokens, which this wire has in the words of the house. */
export const likelihoodsOf = (choice: unknown): readonly unknown[] => list(member(member(choice, 'logprobs'), 'content'));
export const refusalPart = (refusal: string): Json => ({ type: 'refusal', refusal });

export const messageItem = (id: string, content: readonly Json[], status: string): Json => ({
  id,
  type: 'message',
  status,
  role: 'assistant',
  content,
});

/** A call without input says so: clients read the arguments as JSON. */
export const argumentsOf = (args: string): string => (args.trim() === '' ? '{}' : args);

export function callItem(id: string, call: { id: string; name: string; args: string }, isCustom: boolean, status: string): Json {
  const base = { id, status, call_id: call.id, name: call.name };
  return isCustom
    ? { type: 'custom_tool_call', ...base, input: status === 'in_progress' ? '' : customInput(call.args) }
    : { type: 'function_call', ...base, arguments: status === 'in_progress' ? call.args : argumentsOf(call.args) };
}

/** The whole response. This wire has one answer: of several choices the first is told. */
export function wholeResponse(answer: ChatResponse, frame: Frame): Json {
  const choice = answer.choices[0];
  const message = choice?.message ?? { role: 'assistant', content: '' };
  const output: Json[] = [];
  const id = (kind: string): string => `${kind}_${frame.id}_${output.length}`;
  const thought = message.reasoning_content ?? '';
  if (thought !== '' || carry(message.patchbay) !== null) output.push(reasoningItem(id('rs'), thought, message.patchbay));
  const said = message.content ?? '';
  const refusal = text(message.refusal) ?? '';
  const calls = message.tool_calls ?? [];
  const parts = [
    ...(said === '' ? [] : [textPart(said, likelihoodsOf(choice), sourcesOf(message))]),
    ...(refusal === '' ? [] : [refusalPart(refusal)]),
  ];
  const ending = endingOf(choice?.finish_reason ?? null);
  const status = ending['status'] === 'completed' ? 'completed' : 'incomplete';
  if (parts.length > 0 || calls.length === 0) output.push(messageItem(id('msg'), parts.length > 0 ? parts : [textPart('')], status));
  for (const call of calls) {
    const { name, arguments: args } = call.function;
    output.push(callItem(id('fc'), { id: call.id, name, args }, frame.custom.has(name), 'completed'));
  }
  const chars = JSON.stringify(output, (key, value: unknown) => (key === 'logprobs' ? undefined : value)).length;
  const out = Math.ceil(chars / charsPerToken);
  return responseOf({ ...frame, model: answer.model }, { ...ending, output, usage: usageOf(answer.usage, { in: frame.tokensIn, out }) });
}
