/** Ollama's stream, one JSON object a line, read into the house's chunks. */
import type { ChatChunk, ChatDelta, ChatUsage, FinishReason } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { Moment, StreamReader } from '../protocol.ts';
import { isRecord, malformedEventsMax, parseAnswer, text, type Json } from '../shape.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { callsOf, chatUsageOf, finishOf, logprobsOf } from './response.ts';

/**
 * A reader for one answer. The line that says `done` ends it; what comes after that is not read. `push` throws UpstreamFailure
 * for an error line and for the second line that is no JSON object.
 */
export function createOllamaReader(model: string, moment: Moment): StreamReader {
  let named: string | null = null;
  let calls = 0;
  let isDone = false;
  let malformed = 0;
  let usage: ChatUsage | null = null;

  const head = (): Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> => ({
    id: moment.id,
    object: 'chat.completion.chunk',
    created: moment.createdS,
    model: named || model,
  });
  const chunkOf = (delta: ChatDelta, finish: FinishReason | null = null, more: Json = {}): ChatChunk => ({
    ...head(),
    choices: [{ index: 0, delta, finish_reason: finish, ...more }],
  });

  const deltaOf = (message: unknown): ChatDelta | null => {
    if (!isRecord(message)) return null;
    const content = text(message['content']) ?? '';
    const thought = text(message['thinking']) ?? '';
    const said = callsOf(message, moment.id, calls);
    const deltas = said.map((call, at) => ({ index: calls + at, ...call }));
    calls += said.length;
    if (content === '' && thought === '' && deltas.length === 0) return null;
    return {
      ...(content !== '' && { content }),
      ...(thought !== '' && { reasoning_content: thought }),
      ...(deltas.length > 0 && { tool_calls: deltas }),
    };
  };

  const onLine = (body: Json): ChatChunk[] => {
    const chunks: ChatChunk[] = [];
    // A line that is about something else, as a server may add, does not begin the answer.
    if (!isRecord(body['message']) && body['done'] === undefined) return chunks;
    if (named === null) {
      named = text(body['model']) ?? '';
      chunks.push(chunkOf({ role: 'assistant', content: '' }));
    }
    const delta = deltaOf(body['message']);
    const logprobs = logprobsOf(body);
    if (delta) chunks.push(chunkOf(delta, null, logprobs && { logprobs }));
    if (body['done'] === true) {
      isDone = true;
      usage = chatUsageOf(body);
      chunks.push(chunkOf({}, finishOf(body['done_reason'], calls)));
    }
    return chunks;
  };

  return {
    push(event: SseEvent) {
      if (isDone || event.data.trim() === '') return [];
      const body = parseAnswer(event.data);
      if (isErrorBody(body)) throw failureOf(body);
      if (isRecord(body)) return onLine(body);
      malformed++;
      if (malformed > malformedEventsMax) throw new UpstreamFailure('invalid_response', 'the stream has lines that are no JSON');
      return [];
    },
    end: () => ({ chunks: usage === null ? [] : [{ ...head(), choices: [], usage }], isComplete: isDone }),
  };
}
