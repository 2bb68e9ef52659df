/** AWS's ConverseStream read into the house's chunks; its events come out of binary messages, named by their headers. */
import type { ChatChunk, ChatDelta, FinishReason } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { SseEvent } from '../../lib/sse.ts';
import { callIdOf } from '../content.ts';
import type { Moment, StreamReader } from '../protocol.ts';
import { finite, isRecord, malformedEventsMax, member, parseExactly, parseJson, text, type Json } from '../shape.ts';
import { failureOfException } from './errors.ts';
import { chatUsageOf, extensionOf, finishOf, refusalOf, type Block } from './response.ts';
import { annotationOf, pageOfConverse, sourcesMax } from '../sources.ts';
import type { Part } from './wire.ts';

/** More blocks than any answer has; what comes after them is not kept. */
const blocksMax = 1024;

/** A block while it grows, in Claude's words. */
interface Growing {
  block: Block;
  /** Number of the call that this block became; null for every other one. */
  callIndex: number | null;
  input: string;
}

interface Reading {
  readonly moment: Moment;
  readonly model: string;
  hasStarted: boolean;
  blocks: Map<number, Growing>;
  /** Pieces that the house has no word for. */
  kept: Part[];
  /** Citations of blocks that are open, and where those begin in all that is said. */
  cited: Map<number, { from: number; citations: unknown[] }>;
  /** Characters of the answer's text so far. */
  said: number;
  calls: number;
  reason: string;
  usage: Json | null;
  isEnded: boolean;
  malformed: number;
}

const headOf = ({ moment, model }: Reading): Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> => ({
  id: moment.id,
  object: 'chat.completion.chunk',
  created: moment.createdS,
  model,
});

const chunkOf = (reading: Reading, delta: ChatDelta, finish: FinishReason | null = null): ChatChunk => ({
  ...headOf(reading),
  choices: [{ index: 0, delta, finish_reason: finish }],
});

function start(reading: Reading): ChatChunk[] {
  if (reading.hasStarted) return [];
  reading.hasStarted = true;
  return [chunkOf(reading, { role: 'assistant', content: '' })];
}

const indexOf = (body: Json): number => finite(body['contentBlockIndex']) ?? 0;

function growingOf(reading: Reading, index: number, type: string): Growing {
  const known = reading.blocks.get(index);
  if (known) return known;
  const fresh: Growing = { block: { type }, callIndex: null, input: '' };
  if (reading.blocks.size < blocksMax) reading.blocks.set(index, fresh);
  return fresh;
}

function onStart(reading: Reading, body: Json): ChatChunk[] {
  const use = member(body['start'], 'toolUse');
  if (!isRecord(use) || reading.blocks.has(indexOf(body))) return [];
  const growing = growingOf(reading, indexOf(body), 'tool_use');
  growing.callIndex = reading.calls++;
  const id = callIdOf(use['toolUseId'], reading.moment.id, growing.callIndex);
  const name = text(use['name']) ?? '';
  Object.assign(growing.block, { id, name });
  return [chunkOf(reading, { tool_calls: [{ index: growing.callIndex, id, type: 'function', function: { name, arguments: '' } }] })];
}

const grow = (block: Block, key: string, piece: string): void => void (block[key] = (text(block[key]) ?? '') + piece);

function thoughtDelta(reading: Reading, index: number, thought: Json): ChatChunk[] {
  const redacted = thought['redactedContent'];
  const growing = growingOf(reading, index, redacted === undefined ? 'thinking' : 'redacted_thinking');
  if (text(redacted) !== undefined) grow(growing.block, 'data', String(redacted));
  const signature = text(thought['signature']) ?? '';
  if (signature !== '') grow(growing.block, 'signature', signature);
  const piece = text(thought['text']) ?? '';
  if (growing.block.type === 'thinking') grow(growing.block, 'thinking', piece);
  return piece === '' ? [] : [chunkOf(reading, { reasoning_content: piece })];
}

function citedAt(reading: Reading, index: number): { from: number; citations: unknown[] } {
  const known = reading.cited.get(index);
  if (known) return known;
  const fresh = { from: reading.said, citations: [] };
  if (reading.cited.size < blocksMax) reading.cited.set(index, fresh);
  return fresh;
}

/** The block is complete: the pages that it names are about all of it. */
function tellSources(reading: Reading, index: number): ChatChunk[] {
  const cited = reading.cited.get(index);
  reading.cited.delete(index);
  const pages = (cited?.citations ?? []).map(pageOfConverse).filter((page) => page !== null);
  const place = { start: cited?.from ?? 0, end: reading.said };
  return pages.length === 0 ? [] : [chunkOf(reading, { annotations: pages.map((page) => annotationOf(page, place)) })];
}

function onDelta(reading: Reading, body: Json): ChatChunk[] {
  const delta = body['delta'];
  const index = indexOf(body);
  if (!isRecord(delta)) return [];
  const said = text(delta['text']);
  if (said !== undefined) {
    grow(growingOf(reading, index, 'text').block, 'text', said);
    citedAt(reading, index);
    reading.said += said.length;
    return said === '' ? [] : [chunkOf(reading, { content: said })];
  }
  if (isRecord(delta['reasoningContent'])) return thoughtDelta(reading, index, delta['reasoningContent']);
  const piece = text(member(delta['toolUse'], 'input'));
  const growing = reading.blocks.get(index);
  if (piece !== undefined) {
    // A piece of a call that was never opened belongs nowhere.
    if (!growing || growing.callIndex === null || piece === '') return [];
    growing.input += piece;
    return [chunkOf(reading, { tool_calls: [{ index: growing.callIndex, function: { arguments: piece } }] })];
  }
  const { citations } = citedAt(reading, index);
  if (delta['citation'] !== undefined && citations.length < sourcesMax) citations.push(delta['citation']);
  if (reading.kept.length < blocksMax) reading.kept.push({ contentBlockIndex: index, delta });
  return [];
}

/** The block is complete: its sources are told, and a call that was given no piece of its input says so. */
function onStop(reading: Reading, body: Json): ChatChunk[] {
  const growing = reading.blocks.get(indexOf(body));
  if (!growing || growing.callIndex === null || growing.block['input'] !== undefined) return tellSources(reading, indexOf(body));
  growing.block['input'] = growing.input === '' ? {} : (parseExactly(growing.input) ?? growing.input);
  return growing.input === '' ? [chunkOf(reading, { tool_calls: [{ index: growing.callIndex, function: { arguments: '{}' } }] })] : [];
}

function onEnd(reading: Reading, body: Json): ChatChunk[] {
  // A call, or a text with sources, whose end was not told still ends here.
  const owed = [...reading.blocks.keys()].flatMap((index) => onStop(reading, { contentBlockIndex: index }));
  reading.isEnded = true;
  reading.reason = text(body['stopReason']) ?? '';
  const blocks = [...reading.blocks].toSorted(([a], [b]) => a - b).map(([, growing]) => growing.block);
  const patchbay = extensionOf(blocks, reading.kept, reading.reason, body['additionalModelResponseFields']);
  const finish = finishOf(reading.reason, reading.calls);
  const delta = { ...(finish === 'content_filter' && { refusal: refusalOf(reading.reason) }), ...(patchbay && { patchbay }) };
  return [...owed, chunkOf(reading, delta, finish)];
}

function onEvent(reading: Reading, name: string, body: Json): ChatChunk[] {
  if (name === 'metadata') {
    if (isRecord(body['usage'])) reading.usage = body['usage'];
    return [];
  }
  if (reading.isEnded) return [];
  switch (name) {
    case 'messageStart':
      return start(reading);
    case 'contentBlockStart':
      return [...start(reading), ...onStart(reading, body)];
    case 'contentBlockDelta':
      return [...start(reading), ...onDelta(reading, body)];
    case 'contentBlockStop':
      return onStop(reading, body);
    case 'messageStop':
      return [...start(reading), ...onEnd(reading, body)];
    default:
      return [];
  }
}

/**
 * A reader for one answer. The finish is told with `messageStop`; usage may come before it or after it. `push` throws
 * UpstreamFailure for an exception and for the second event that is no JSON object.
 */
export function createConverseReader(model: string, moment: Moment): StreamReader {
  const reading: Reading = {
    moment,
    model,
    hasStarted: false,
    blocks: new Map(),
    kept: [],
    cited: new Map(),
    said: 0,
    calls: 0,
    reason: '',
    usage: null,
    isEnded: false,
    malformed: 0,
  };
  return {
    push(event: SseEvent) {
      if (event.event.startsWith('exception:')) {
        // What had been said in full by then stays said.
        if (reading.isEnded) return [];
        throw failureOfException(event.event.slice('exception:'.length), event.data);
      }
      if (event.data.trim() === '') return [];
      const body = parseJson(event.data);
      if (isRecord(body)) return onEvent(reading, event.event, body);
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
