/** A stream of OpenAI's wire read into the house's chunks: one role, dense tool calls, one finish, usage once and last. */
import type { ChatChunk, ChatDelta, ChatUsage } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { Moment, StreamReader } from '../protocol.ts';
import { finite, isRecord, list, malformedEventsMax, member, parseJson, text, type Json } from '../shape.ts';
import { serviceTierOf } from '../usage.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { argumentsOf, contentOf, finishReasonOf, throwIfBroken } from './answer.ts';
import { createToolIndexes, type ToolIndexes } from './tool-indexes.ts';

interface ChoiceState {
  hasRole: boolean;
  hasFinished: boolean;
  tools: ToolIndexes;
  /** Names of the calls, by their numbers. */
  names: Map<number, string>;
}

/** The name that a piece adds to its call: some servers say all of it again with every piece. */
function namePiece(said: string | undefined, index: number, names: Map<number, string>): string | undefined {
  const known = names.get(index);
  if (said === undefined || (known !== undefined && known !== '' && said === known)) return undefined;
  names.set(index, (known ?? '') + said);
  return said;
}

function toolDeltas(calls: unknown, { tools, names }: ChoiceState): NonNullable<ChatDelta['tool_calls']> {
  return list(calls)
    .filter(isRecord)
    .map((call) => {
      const id = text(call['id']) || undefined;
      const index = tools.of(finite(call['index']), id);
      const fn = call['function'];
      const name = namePiece(text(member(fn, 'name')), index, names);
      const args = member(fn, 'arguments');
      return {
        index,
        ...(id !== undefined && { id }),
        ...(id !== undefined && { type: 'function' as const }),
        function: { ...(name !== undefined && { name }), ...(args !== undefined && args !== null && { arguments: argumentsOf(args) }) },
      };
    });
}

function deltaOf(raw: Json, state: ChoiceState): ChatDelta {
  const { content, reasoning } = contentOf(raw['content']);
  const thought = text(raw['reasoning_content']) ?? text(raw['reasoning']) ?? (reasoning || undefined);
  const { role: _role, content: _content, tool_calls: calls, reasoning_content: _thought, refusal, patchbay: _ours, ...rest } = raw;
  const delta: ChatDelta = { ...rest, ...(text(refusal) !== undefined && { refusal: text(refusal) }) };
  if (!state.hasRole) delta.role = 'assistant';
  state.hasRole = true;
  if (content !== null) delta.content = content;
  if (thought !== undefined && thought !== '') delta.reasoning_content = thought;
  const deltas = toolDeltas(calls, state);
  if (deltas.length > 0) delta.tool_calls = deltas;
  return delta;
}

/** A reader for one answer. `push` throws UpstreamFailure for an error event and for the second event that is no JSON object. */
export function createReader(model: string, moment: Moment): StreamReader {
  const choices = new Map<number, ChoiceState>();
  // The first that says it decides: id, time and model are one for the whole answer, also where a vendor's clock runs on.
  const said: { id?: string; created?: number; model?: string } = {};
  let usage: ChatUsage | null = null;
  let tier: string | undefined;
  let isDone = false;
  let malformed = 0;

  const head = (): Pick<ChatChunk, 'id' | 'created' | 'model'> => ({
    id: said.id || moment.id,
    created: said.created ?? moment.createdS,
    model: said.model || model,
  });

  const stateOf = (index: number): ChoiceState => {
    const known = choices.get(index);
    if (known) return known;
    const fresh: ChoiceState = { hasRole: false, hasFinished: false, tools: createToolIndexes(), names: new Map() };
    choices.set(index, fresh);
    return fresh;
  };

  const choiceOf = (raw: Json, at: number): ChatChunk['choices'][number] => {
    throwIfBroken(raw);
    const index = finite(raw['index']) ?? at;
    const state = stateOf(index);
    const delta = raw['delta'];
    const finish = state.hasFinished ? null : finishReasonOf(raw['finish_reason']);
    const chunk = { ...raw, index, delta: deltaOf(isRecord(delta) ? delta : {}, state), finish_reason: finish };
    state.hasFinished ||= finish !== null;
    return chunk;
  };

  const broken = (): ChatChunk[] => {
    malformed++;
    if (malformed > malformedEventsMax) throw new UpstreamFailure('invalid_response', 'the stream has events that are no JSON');
    return [];
  };

  return {
    push(event: SseEvent) {
      const data = event.data.trim();
      if (isDone || (data === '' && event.event !== 'error')) return [];
      if (data === '[DONE]') {
        isDone = true;
        return [];
      }
      const body = parseJson(data);
      if (event.event === 'error' || isErrorBody(body)) throw failureOf(body ?? data);
      if (!isRecord(body)) return broken();
      if (isRecord(body['usage'])) usage = body['usage'] as unknown as ChatUsage;
      tier = serviceTierOf(body['service_tier']) ?? tier;
      said.id ||= text(body['id']);
      said.created ??= finite(body['created']);
      said.model ||= text(body['model']);
      const parts = list(body['choices']).filter(isRecord);
      if (parts.length === 0) return [];
      const { usage: _usage, ...rest } = body;
      return [{ ...rest, ...head(), object: 'chat.completion.chunk', choices: parts.map(choiceOf) }];
    },
    end() {
      // A finish that was seen makes up for a missing [DONE] (E6).
      const isComplete = isDone || (choices.size > 0 && [...choices.values()].every((choice) => choice.hasFinished));
      if (usage === null) return { chunks: [], isComplete };
      const last: ChatChunk = { ...head(), object: 'chat.completion.chunk', choices: [], usage };
      return { chunks: [tier === undefined ? last : { ...last, service_tier: tier }], isComplete };
    },
  };
}
