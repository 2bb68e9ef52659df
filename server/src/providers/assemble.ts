/** A whole answer from chunks and chunks from a whole answer, for callers and providers that differ in how they stream. */
import type { ChatChunk, ChatDelta, ChatMessage, ChatResponse, ToolCall } from '../domain/chat.ts';

/** Characters that a chunk says: text, reasoning, refusal, tool names and arguments; the base of an estimate. */
export function charsOf(chunk: ChatChunk): number {
  let chars = 0;
  for (const { delta } of chunk.choices) {
    chars += (delta.content?.length ?? 0) + (delta.reasoning_content?.length ?? 0) + (delta.refusal?.length ?? 0);
    for (const call of delta.tool_calls ?? []) chars += (call.function?.name?.length ?? 0) + (call.function?.arguments?.length ?? 0);
  }
  return chars;
}

/** TRUE for a chunk that means something to a reader: a word, a call or an end; the role alone does not. */
export const isSemantic = (chunk: ChatChunk): boolean =>
  chunk.choices.some(({ delta, finish_reason: finish }) => finish !== null || (delta.tool_calls?.length ?? 0) > 0) || charsOf(chunk) > 0;

interface Partial {
  message: ChatMessage;
  calls: ToolCall[];
  finish: ChatResponse['choices'][number]['finish_reason'];
}

function addCalls(calls: ToolCall[], deltas: NonNullable<ChatDelta['tool_calls']>): void {
  for (const delta of deltas) {
    const call = (calls[delta.index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } });
    if (delta.id) call.id = delta.id;
    call.function.name += delta.function?.name ?? '';
    call.function.arguments += delta.function?.arguments ?? '';
  }
}

function add(partial: Partial, delta: ChatDelta): void {
  const { message } = partial;
  if (typeof delta.content === 'string') message.content = (message.content ?? '') + delta.content;
  if (typeof delta.reasoning_content === 'string') message.reasoning_content = (message.reasoning_content ?? '') + delta.reasoning_content;
  if (typeof delta.refusal === 'string') message.refusal = (message.refusal ?? '') + delta.refusal;
  if (Array.isArray(delta['annotations']))
    message['annotations'] = [...((message['annotations'] as unknown[] | undefined) ?? []), ...(delta['annotations'] as unknown[])];
  if (delta.tool_calls) addCalls(partial.calls, delta.tool_calls);
  if (delta.patchbay) message.patchbay = { ...message.patchbay, ...delta.patchbay };
}

/** Where a stream began with the empty text and then said something else, the whole answer says null, as whole answers do. */
function messageOf({ message, calls }: Partial): ChatMessage {
  const called = calls.filter((call) => call !== undefined);
  const isSilent = message.content === '' && (called.length > 0 || typeof message.refusal === 'string');
  return { ...message, content: isSilent ? null : message.content, ...(called.length > 0 && { tool_calls: called }) };
}

/** The whole answer that a complete stream of house chunks amounts to. */
export function assemble(chunks: readonly ChatChunk[]): ChatResponse {
  const partials = new Map<number, Partial>();
  let usage: ChatResponse['usage'] = null;
  for (const chunk of chunks) {
    if (chunk.usage) usage = chunk.usage;
    for (const choice of chunk.choices) {
      let partial = partials.get(choice.index);
      if (!partial) partials.set(choice.index, (partial = { message: { role: 'assistant', content: null }, calls: [], finish: null }));
      add(partial, choice.delta);
      partial.finish ??= choice.finish_reason;
    }
  }
  const head = chunks[0];
  return {
    id: head?.id ?? '',
    object: 'chat.completion',
    created: head?.created ?? 0,
    model: head?.model ?? '',
    choices: [...partials]
      .toSorted(([a], [b]) => a - b)
      .map(([index, partial]) => ({ index, message: messageOf(partial), finish_reason: partial.finish })),
    usage,
  };
}

/** The chunks of a whole answer: the message at once, its end, and the usage last. For a stream that was answered whole (E3). */
export function chunksOf(answer: ChatResponse): ChatChunk[] {
  const head = { id: answer.id, object: 'chat.completion.chunk' as const, created: answer.created, model: answer.model };
  const chunks: ChatChunk[] = [];
  for (const { index, message, finish_reason: finish } of answer.choices) {
    const { tool_calls: calls, ...said } = message;
    const deltas = calls?.map((call, at) => ({ index: at, id: call.id, type: 'function' as const, function: { ...call.function } }));
    chunks.push({ ...head, choices: [{ index, delta: { ...said, ...(deltas && { tool_calls: deltas }) }, finish_reason: null }] });
    chunks.push({ ...head, choices: [{ index, delta: {}, finish_reason: finish ?? 'stop' }] });
  }
  if (answer.usage) chunks.push({ ...head, choices: [], usage: answer.usage });
  return chunks;
}
