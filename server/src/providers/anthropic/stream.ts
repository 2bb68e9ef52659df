/** Anthropic's event stream read into the house's chunks. */
import type { ChatChunk, ChatDelta, FinishReason } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { Moment, StreamReader } from '../protocol.ts';
import { finite, isRecord, malformedEventsMax, member, parseAnswer, parseExactly, text, type Json } from '../shape.ts';
import { annotationsOfBlock } from '../sources.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { chatUsageOf, companionsOf, extensionOf, finishOfAnswer, refusalText } from './response.ts';
import { jsonToolName, type Block } from './wire.ts';

/** One content block while it grows. */
interface Growing {
  block: Block;
  /** Number of the call in the house's answer; null for a block that is none. */
  callIndex: number | null;
  isJsonAnswer: boolean;
  /** Input as it came, piece by piece. */
  input: string;
  /** So much was said before it. */
  from: number;
}

interface Reading {
  /** Epoch seconds for every chunk. */
  createdS: number;
  hasStarted: boolean;
  id: string;
  model: string;
  /** In order of appearance, finished or not: what the extension carries. */
  blocks: Block[];
  /** By the vendor's number, which starts anew with every message_start. */
  open: Map<number, Growing>;
  calls: number;
  /** Characters of the answer's text so far. */
  said: number;
  usage: Json;
  stopReason: unknown;
  stopSequence: unknown;
  details: unknown;
  beside: Json;
  isEnded: boolean;
  malformed: number;
}

/** Counts are cumulative; a later event overtakes an earlier one, field by field, and null says nothing. */
function takeUsage(reading: Reading, usage: unknown): void {
  if (!isRecord(usage)) return;
  for (const [key, value] of Object.entries(usage)) if (value !== null && value !== undefined) reading.usage[key] = value;
}

/** What a `message_delta` says of the end; a later one overtakes an earlier one. */
function takeEnding(reading: Reading, event: Json): void {
  takeUsage(reading, event['usage']);
  const delta = event['delta'];
  Object.assign(reading.beside, companionsOf(event), companionsOf(delta));
  reading.stopReason = member(delta, 'stop_reason') ?? reading.stopReason;
  reading.stopSequence = member(delta, 'stop_sequence') ?? reading.stopSequence;
  reading.details = member(delta, 'stop_details') ?? reading.details;
}

/** The event's JSON; null for nothing and for the one broken event that is passed over. Throws for an error. */
function bodyOf(reading: Reading, event: SseEvent): Json | null {
  const data = event.data.trim();
  if (data === '' && event.event !== 'error') return null;
  const body = parseAnswer(data);
  if (event.event === 'error' || isErrorBody(body)) throw failureOf(body ?? data);
  if (isRecord(body)) return body;
  reading.malformed++;
  if (reading.malformed > malformedEventsMax) throw new UpstreamFailure('invalid_response', 'the stream has events that are no JSON');
  return null;
}

function startBlock(reading: Reading, index: number, raw: unknown): ChatDelta | null {
  if (!isRecord(raw) || typeof raw['type'] !== 'string') return null;
  const block: Block = { ...raw, type: raw['type'] };
  const isCall = block.type === 'tool_use';
  const isJsonAnswer = isCall && block['name'] === jsonToolName;
  const growing: Growing = {
    block,
    callIndex: isCall && !isJsonAnswer ? reading.calls++ : null,
    isJsonAnswer,
    input: '',
    from: reading.said,
  };
  reading.blocks.push(block);
  reading.open.set(index, growing);
  if (growing.callIndex !== null) {
    const name = text(block['name']) ?? '';
    return { tool_calls: [{ index: growing.callIndex, id: text(block['id']) ?? '', type: 'function', function: { name, arguments: '' } }] };
  }
  // Some servers put the first piece into the start.
  if (block.type === 'text' && text(block['text'])) return { content: String(block['text']) };
  if (block.type === 'thinking' && text(block['thinking'])) return { reasoning_content: String(block['thinking']) };
  return null;
}

const grow = (block: Block, key: string, piece: string): void => void (block[key] = (text(block[key]) ?? '') + piece);

function inputDelta(growing: Growing, piece: string): ChatDelta | null {
  growing.input += piece;
  if (piece === '') return null;
  if (growing.isJsonAnswer) return { content: piece };
  return growing.callIndex === null ? null : { tool_calls: [{ index: growing.callIndex, function: { arguments: piece } }] };
}

function growBlock(growing: Growing, delta: unknown): ChatDelta | null {
  const { block } = growing;
  const piece = (key: string): string => text(member(delta, key)) ?? '';
  switch (member(delta, 'type')) {
    case 'text_delta':
      grow(block, 'text', piece('text'));
      return piece('text') === '' ? null : { content: piece('text') };
    case 'thinking_delta':
      grow(block, 'thinking', piece('thinking'));
      return piece('thinking') === '' ? null : { reasoning_content: piece('thinking') };
    case 'signature_delta':
      grow(block, 'signature', piece('signature'));
      return null;
    case 'input_json_delta':
      return inputDelta(growing, piece('partial_json'));
    case 'citations_delta':
      block['citations'] = [...(Array.isArray(block['citations']) ? (block['citations'] as unknown[]) : []), member(delta, 'citation')];
      return null;
    default:
      keepDelta(block, delta);
      return null;
  }
}

/** A piece of a kind that is newer than this table: what was thought of long conversations, for one, comes so. Its texts go on. */
function keepDelta(block: Block, delta: unknown): void {
  for (const [key, value] of Object.entries(isRecord(delta) ? delta : {})) {
    if (key === 'type' || value === null) continue;
    if (typeof value === 'string') grow(block, key, value);
    else block[key] = value;
  }
}

/** The block is complete: its sources are told, its input becomes an object, and a call that was given no piece of it says so. */
function stopBlock(growing: Growing): ChatDelta | null {
  const { block } = growing;
  const annotations = block.type === 'text' ? annotationsOfBlock(block, growing.from) : [];
  if (annotations.length > 0) return { annotations };
  if (growing.input !== '') {
    block['input'] = parseExactly(growing.input) ?? growing.input;
    return null;
  }
  const whole = JSON.stringify(isRecord(block['input']) ? block['input'] : {});
  if (growing.isJsonAnswer) return { content: whole };
  return growing.callIndex === null ? null : { tool_calls: [{ index: growing.callIndex, function: { arguments: whole } }] };
}

/** The one finish, with what the house's language cannot say. */
function finishOf(reading: Reading): { delta: ChatDelta; finish: FinishReason } {
  const patchbay = extensionOf(reading.blocks, reading);
  const isRefusal = reading.stopReason === 'refusal';
  return {
    delta: { ...(isRefusal && { refusal: refusalText(reading.details) }), ...(patchbay && { patchbay }) },
    finish: finishOfAnswer(reading.stopReason, reading.calls) ?? 'stop',
  };
}

const headOf = (reading: Reading): Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> => ({
  id: reading.id,
  object: 'chat.completion.chunk',
  created: reading.createdS,
  model: reading.model,
});

function chunkOf(reading: Reading, delta: ChatDelta | null, finish: FinishReason | null = null): ChatChunk[] {
  if (delta === null) return [];
  reading.said += delta.content?.length ?? 0;
  return [{ ...headOf(reading), choices: [{ index: 0, delta, finish_reason: finish }] }];
}

/** A second start of one answer opens new blocks, and changes neither its id nor its model. */
function onStart(reading: Reading, message: unknown): ChatChunk[] {
  takeUsage(reading, member(message, 'usage'));
  Object.assign(reading.beside, companionsOf(message));
  reading.open = new Map();
  if (reading.hasStarted) return [];
  reading.hasStarted = true;
  reading.id = text(member(message, 'id')) || reading.id;
  reading.model = text(member(message, 'model')) || reading.model;
  return chunkOf(reading, { role: 'assistant', content: '' });
}

function onBlock(reading: Reading, event: Json): ChatChunk[] {
  const index = finite(event['index']) ?? 0;
  if (event['type'] === 'content_block_start') return chunkOf(reading, startBlock(reading, index, event['content_block']));
  const growing = reading.open.get(index);
  // A piece of a block that was never opened belongs nowhere.
  if (!growing) return [];
  if (event['type'] === 'content_block_delta') return chunkOf(reading, growBlock(growing, event['delta']));
  reading.open.delete(index);
  return chunkOf(reading, stopBlock(growing));
}

function onEvent(reading: Reading, event: Json): ChatChunk[] {
  switch (event['type']) {
    case 'message_start':
      return onStart(reading, event['message']);
    case 'content_block_start':
    case 'content_block_delta':
    case 'content_block_stop':
      return onBlock(reading, event);
    case 'message_delta':
      takeEnding(reading, event);
      return [];
    case 'message_stop': {
      reading.isEnded = true;
      // Some servers leave the end of a text out.
      const owed = [...reading.open.values()].filter(({ block }) => block.type === 'text').map(stopBlock);
      const { delta, finish } = finishOf(reading);
      return [...owed.flatMap((last) => chunkOf(reading, last)), ...chunkOf(reading, delta, finish)];
    }
    default:
      // `ping`, and whatever the vendor may add (its versioning page allows new event types at any time).
      return [];
  }
}

/**
 * A reader for one answer. The finish is told with `message_stop`, so that a stream which breaks off between the stop reason
 * and the end does not look complete (E20). `push` throws UpstreamFailure for an `error` event and for the second broken one.
 */
export function createMessagesReader(model: string, moment: Moment): StreamReader {
  const reading: Reading = {
    createdS: moment.createdS,
    hasStarted: false,
    id: moment.id,
    model,
    blocks: [],
    open: new Map(),
    calls: 0,
    said: 0,
    usage: {},
    stopReason: null,
    stopSequence: null,
    details: null,
    beside: {},
    isEnded: false,
    malformed: 0,
  };
  return {
    push(event: SseEvent) {
      if (reading.isEnded) return [];
      const body = bodyOf(reading, event);
      return body === null ? [] : onEvent(reading, body);
    },
    end() {
      const usage = Object.keys(reading.usage).length === 0 ? null : chatUsageOf(reading.usage);
      return { chunks: usage === null ? [] : [{ ...headOf(reading), choices: [], usage }], isComplete: reading.isEnded };
    },
  };
}
