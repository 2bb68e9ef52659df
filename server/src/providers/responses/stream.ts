/** The event stream of OpenAI's Responses read into the house's chunks. */
import type { ChatChunk, ChatDelta, FinishReason } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { Moment, StreamReader } from '../protocol.ts';
import { finite, isRecord, list, malformedEventsMax, member, parseJson, text, type Json } from '../shape.ts';
import { annotationOfPart, sourcesMax } from '../sources.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import type { Item } from './items.ts';
import {
  annotationsOfPart,
  callOf,
  chatUsageOf,
  extensionOf,
  failedResponse,
  finishOf,
  moderationOf,
  thoughtGap,
  thoughtOf,
  usageIn,
} from './response.ts';

/** More items than any answer has; what comes after them is not kept. */
const itemsMax = 1024;

interface Reading {
  readonly moment: Moment;
  hasStarted: boolean;
  id: string;
  createdS: number;
  model: string;
  /** Items that are complete, by their place. */
  items: Map<number, Item>;
  /** Number of the call that an item became, and whether pieces of it were told. */
  calls: Map<number, { at: number; hasPieces: boolean }>;
  /** Parts whose text came in pieces, so that their end does not say it again. */
  told: Set<string>;
  /** Where a part begins in all that is said, and how many sources of it were told. */
  parts: Map<string, { from: number; sources: number }>;
  /** Characters of the answer's text so far. */
  said: number;
  hasThought: boolean;
  /** The part of a thought that was told last; another one begins after a gap. */
  thoughtPart: string;
  usage: unknown;
  isEnded: boolean;
  malformed: number;
}

const headOf = (reading: Reading): Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> => ({
  id: reading.id,
  object: 'chat.completion.chunk',
  created: reading.createdS,
  model: reading.model,
});

const chunkOf = (reading: Reading, delta: ChatDelta, finish: FinishReason | null = null, more: Json = {}): ChatChunk => ({
  ...headOf(reading),
  choices: [{ index: 0, delta, finish_reason: finish, ...more }],
});

/** The first event that names the answer; it names it for all chunks. */
function start(reading: Reading, response: unknown): ChatChunk[] {
  if (reading.hasStarted) return [];
  reading.hasStarted = true;
  reading.id = text(member(response, 'id')) || reading.id;
  reading.createdS = finite(member(response, 'created_at')) ?? reading.createdS;
  reading.model = text(member(response, 'model')) || reading.model;
  return [chunkOf(reading, { role: 'assistant', content: '' })];
}

const placeOf = (event: Json): number => finite(event['output_index']) ?? 0;
const partKey = (event: Json): string => `${placeOf(event)}:${finite(event['content_index']) ?? finite(event['summary_index']) ?? 0}`;

function onThought(reading: Reading, event: Json, piece: string): ChatChunk[] {
  if (piece === '') return [];
  const part = partKey(event);
  const gap = reading.hasThought && part !== reading.thoughtPart ? thoughtGap : '';
  reading.hasThought = true;
  reading.thoughtPart = part;
  reading.told.add(`${placeOf(event)}`);
  return [chunkOf(reading, { reasoning_content: gap + piece })];
}

function partAt(reading: Reading, event: Json): { from: number; sources: number } {
  const key = partKey(event);
  let part = reading.parts.get(key);
  if (!part) reading.parts.set(key, (part = { from: reading.said, sources: 0 }));
  return part;
}

/** A source while its text grows; the end of the text says it again. */
function onSource(reading: Reading, event: Json): ChatChunk[] {
  const part = partAt(reading, event);
  const source = part.sources++ < sourcesMax ? annotationOfPart(event['annotation'], part.from) : null;
  return source === null ? [] : [chunkOf(reading, { annotations: [source] })];
}

/** What was not told of a part's sources. */
function owedSources(reading: Reading, event: Json, whole: unknown): ChatChunk[] {
  const part = partAt(reading, event);
  const annotations = annotationsOfPart(whole, part.from, part.sources);
  part.sources += annotations.length;
  return annotations.length === 0 ? [] : [chunkOf(reading, { annotations })];
}

function onText(reading: Reading, event: Json, key: 'content' | 'refusal', piece: string): ChatChunk[] {
  if (piece === '') return [];
  reading.told.add(partKey(event));
  if (key === 'content') {
    partAt(reading, event);
    reading.said += piece.length;
  }
  const entries = list(event['logprobs']);
  const logprobs = entries.length === 0 ? {} : { logprobs: { content: entries, refusal: null } };
  return [chunkOf(reading, { [key]: piece }, null, logprobs)];
}

/** A call is opened with its name; its arguments follow in pieces, or with its end. */
function openCall(reading: Reading, place: number, item: Item): ChatChunk[] {
  if (reading.calls.has(place)) return [];
  const call = callOf(item, reading.id, reading.calls.size);
  if (!call) return [];
  const at = reading.calls.size;
  reading.calls.set(place, { at, hasPieces: false });
  return [
    chunkOf(reading, {
      tool_calls: [{ index: at, id: call.id, type: 'function', function: { name: call.function.name, arguments: '' } }],
    }),
  ];
}

function onArguments(reading: Reading, event: Json): ChatChunk[] {
  const call = reading.calls.get(placeOf(event));
  const piece = text(event['delta']) ?? '';
  if (!call || piece === '') return [];
  call.hasPieces = true;
  return [chunkOf(reading, { tool_calls: [{ index: call.at, function: { arguments: piece } }] })];
}

/** The item is complete: it is kept, and what no piece has told of it is told now. */
function onItem(reading: Reading, event: Json): ChatChunk[] {
  const place = placeOf(event);
  const item = event['item'];
  if (!isRecord(item) || (reading.items.size >= itemsMax && !reading.items.has(place))) return [];
  reading.items.set(place, item);
  const chunks = openCall(reading, place, item);
  const call = reading.calls.get(place);
  if (call && !call.hasPieces) {
    const whole = callOf(item, reading.id, call.at)?.function.arguments ?? '{}';
    call.hasPieces = true;
    chunks.push(chunkOf(reading, { tool_calls: [{ index: call.at, function: { arguments: whole } }] }));
  }
  if (item['type'] === 'reasoning' && !reading.told.has(`${place}`)) chunks.push(...onThought(reading, event, thoughtOf(item)));
  if (item['type'] !== 'message') return chunks;
  for (const [index, part] of list(item['content']).entries()) {
    const inside = { output_index: place, content_index: index };
    const isRefusal = member(part, 'type') === 'refusal';
    if (!reading.told.has(partKey(inside)))
      chunks.push(...onText(reading, inside, isRefusal ? 'refusal' : 'content', text(member(part, isRefusal ? 'refusal' : 'text')) ?? ''));
    if (!isRefusal) chunks.push(...owedSources(reading, inside, part));
  }
  return chunks;
}

function onEnd(reading: Reading, response: unknown): ChatChunk[] {
  const failed = failedResponse(response);
  if (failed) throw failed;
  const chunks = start(reading, response);
  // Compatible servers may send nothing but the whole at the end.
  const output = list(member(response, 'output')).filter(isRecord);
  for (const [place, item] of output.entries())
    if (reading.items.size < output.length && !reading.items.has(place)) chunks.push(...onItem(reading, { output_index: place, item }));
  reading.isEnded = true;
  reading.usage = usageIn(response);
  const items = [...reading.items].toSorted(([a], [b]) => a - b).map(([, item]) => item);
  const patchbay = extensionOf(items);
  const last = chunkOf(reading, patchbay ? { patchbay } : {}, finishOf(response, reading.calls.size) ?? 'stop');
  chunks.push({ ...last, ...moderationOf(response) });
  return chunks;
}

function onEvent(reading: Reading, event: Json): ChatChunk[] {
  switch (event['type']) {
    case 'response.created':
    case 'response.in_progress':
    case 'response.queued':
      return start(reading, event['response']);
    case 'response.output_item.added':
      return [...start(reading, null), ...(isRecord(event['item']) ? openCall(reading, placeOf(event), event['item']) : [])];
    case 'response.output_item.done':
      return [...start(reading, null), ...onItem(reading, event)];
    case 'response.output_text.delta':
      return [...start(reading, null), ...onText(reading, event, 'content', text(event['delta']) ?? '')];
    case 'response.output_text.annotation.added':
      return [...start(reading, null), ...onSource(reading, event)];
    case 'response.refusal.delta':
      return [...start(reading, null), ...onText(reading, event, 'refusal', text(event['delta']) ?? '')];
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      return [...start(reading, null), ...onThought(reading, event, text(event['delta']) ?? '')];
    case 'response.function_call_arguments.delta':
      return onArguments(reading, event);
    case 'response.completed':
    case 'response.incomplete':
      return onEnd(reading, event['response']);
    case 'response.failed':
    case 'response.cancelled':
      throw (
        failedResponse(event['response']) ?? new UpstreamFailure('server_error', 'the provider gave the answer up', { vendorStatus: 200 })
      );
    default:
      // Tools that run at the provider tell their steps; what they came to stands in their items.
      return [];
  }
}

/**
 * A reader for one answer. The finish is told with `response.completed` or `response.incomplete`. `push` throws UpstreamFailure
 * for an error, for a response that failed, and for the second event that is no JSON object.
 */
export function createResponsesReader(model: string, moment: Moment): StreamReader {
  const reading: Reading = {
    moment,
    hasStarted: false,
    id: moment.id,
    createdS: moment.createdS,
    model,
    items: new Map(),
    calls: new Map(),
    told: new Set(),
    parts: new Map(),
    said: 0,
    hasThought: false,
    thoughtPart: '',
    usage: null,
    isEnded: false,
    malformed: 0,
  };
  return {
    push(event: SseEvent) {
      const data = event.data.trim();
      if (reading.isEnded || (data === '' && event.event !== 'error') || data === '[DONE]') return [];
      const body = parseJson(data);
      if (event.event === 'error' || isErrorBody(body)) throw failureOf(body ?? data);
      if (isRecord(body)) return onEvent(reading, body);
      reading.malformed++;
      if (reading.malformed > malformedEventsMax) throw new UpstreamFailure('invalid_response', 'the stream has events that are no JSON');
      return [];
    },
    end() {
      const usage = chatUsageOf(reading.usage);
      return { chunks: usage === null ? [] : [{ ...headOf(reading), choices: [], usage }], isComplete: reading.isEnded };
    },
  };
}
