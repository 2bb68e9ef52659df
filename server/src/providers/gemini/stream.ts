/** Google's event stream read into the house's chunks. */
import type { ChatChunk, ChatDelta, FinishReason } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { Moment, StreamReader } from '../protocol.ts';
import { finite, isRecord, list, malformedEventsMax, parseAnswer, text, type Json } from '../shape.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import {
  blockedMessageOf,
  blockReasonOf,
  callOf,
  chatUsageOf,
  extensionOf,
  finishOf,
  logprobsOf,
  partsOfCandidate,
  refusalOf,
  stopReasonOf,
  unwrapped,
} from './response.ts';
import { sourcesOf } from './sources.ts';
import { candidatesMax, type Part } from './wire.ts';

/** One candidate while it grows. */
interface Growing {
  index: number;
  /** What the extension carries: parts in order, neighbouring pieces of one text as one. */
  parts: Part[];
  calls: number;
  /** Members that came with any of its events; a later one overtakes an earlier one. */
  companions: Json;
  stopReason: string | null;
}

interface Reading {
  /** Epoch seconds for every chunk. */
  createdS: number;
  /** TRUE from the first chunk on: id and model do not change any more. */
  hasStarted: boolean;
  id: string;
  model: string;
  candidates: Map<number, Growing>;
  /** How many candidates were asked for. */
  asked: number;
  usage: Json | null;
  isEnded: boolean;
  malformed: number;
}

/** The event's JSON; null for nothing and for the one broken event that is passed over. Throws for an error. */
function bodyOf(reading: Reading, event: SseEvent): Json | null {
  const data = event.data.trim();
  if (data === '' || data === '[DONE]') return null;
  const body = unwrapped(parseAnswer(data));
  if (isErrorBody(body)) throw failureOf(body);
  if (isRecord(body)) return body;
  reading.malformed++;
  if (reading.malformed > malformedEventsMax) throw new UpstreamFailure('invalid_response', 'the stream has events that are no JSON');
  return null;
}

const headOf = (reading: Reading): Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> => ({
  id: reading.id,
  object: 'chat.completion.chunk',
  created: reading.createdS,
  model: reading.model,
});

function chunkOf(reading: Reading, index: number, delta: ChatDelta, finish: FinishReason | null = null, more: Json = {}): ChatChunk {
  reading.hasStarted = true;
  return { ...headOf(reading), choices: [{ index, delta, finish_reason: finish, ...more }] };
}

const opening = (reading: Reading, index: number): ChatChunk => chunkOf(reading, index, { role: 'assistant', content: '' });

/** A piece of text or thought without anything else: only such pieces may grow together, since a signature belongs to its own part. */
const isBareText = (part: Part | undefined): part is Part & { text: string } =>
  part !== undefined && typeof part['text'] === 'string' && Object.keys(part).every((key) => key === 'text' || key === 'thought');

function keepPart(growing: Growing, part: Part): void {
  const last = growing.parts.at(-1);
  if (isBareText(last) && isBareText(part) && (last['thought'] === true) === (part['thought'] === true)) last.text += part.text;
  else growing.parts.push({ ...part });
}

/** What one part says to a reader; null for one that only the provider understands. */
function deltaOf(reading: Reading, growing: Growing, part: Part): ChatDelta | null {
  if (isRecord(part['functionCall'])) {
    const at = growing.calls++;
    return { tool_calls: [{ index: at, ...callOf(part, reading.id, growing.index, at) }] };
  }
  const said = text(part['text']) ?? '';
  if (said === '') return null;
  return part['thought'] === true ? { reasoning_content: said } : { content: said };
}

/** The one finish of a candidate, with what the house's language cannot say. */
function ending(reading: Reading, growing: Growing, reason: string): ChatChunk {
  const finish = finishOf(reason, growing.calls);
  const patchbay = extensionOf(growing.parts, reason, growing.companions);
  const refusal = finish === 'content_filter' ? { refusal: refusalOf(reason, growing.companions['finishMessage']) } : {};
  const annotations = sourcesOf(growing.parts, growing.companions);
  return chunkOf(
    reading,
    growing.index,
    { ...refusal, ...(annotations.length > 0 && { annotations }), ...(patchbay && { patchbay }) },
    finish,
  );
}

function onCandidate(reading: Reading, candidate: Json, at: number): ChatChunk[] {
  const index = finite(candidate['index']) ?? at;
  const chunks: ChatChunk[] = [];
  let growing = reading.candidates.get(index);
  if (!growing) {
    // More candidates than can be asked for are no answer to anything.
    if (reading.candidates.size >= candidatesMax) return [];
    growing = { index, parts: [], calls: 0, companions: {}, stopReason: null };
    reading.candidates.set(index, growing);
    chunks.push(opening(reading, index));
  }
  if (growing.stopReason !== null) return chunks;
  for (const part of partsOfCandidate(candidate)) {
    keepPart(growing, part);
    const delta = deltaOf(reading, growing, part);
    if (delta) chunks.push(chunkOf(reading, index, delta));
  }
  const logprobs = logprobsOf(candidate);
  if (logprobs) chunks.push(chunkOf(reading, index, {}, null, { logprobs }));
  const { content: _content, ...companions } = candidate;
  Object.assign(growing.companions, companions);
  growing.stopReason = stopReasonOf(candidate);
  return chunks;
}

/** The finishes, once every candidate that has begun has ended: no finish comes before the last word of all. */
function endings(reading: Reading): ChatChunk[] {
  const chunks: ChatChunk[] = [];
  for (const growing of reading.candidates.values()) {
    if (growing.stopReason === null) return [];
    chunks.push(ending(reading, growing, growing.stopReason));
  }
  reading.isEnded = chunks.length > 0;
  return chunks;
}

/** A prompt that is not answered, or an answer that is broken off: the reason stands beside the candidates. */
function onBlock(reading: Reading, body: Json, reason: string): ChatChunk[] {
  reading.isEnded = true;
  const { refusal, patchbay } = blockedMessageOf(body, reason);
  if (reading.candidates.size === 0) return [opening(reading, 0), chunkOf(reading, 0, { refusal, patchbay }, 'content_filter')];
  return [...reading.candidates.values()].map((growing) => {
    if (growing.stopReason !== null) return ending(reading, growing, growing.stopReason);
    const extension = { ...extensionOf(growing.parts, null, growing.companions), ...patchbay };
    return chunkOf(reading, growing.index, { refusal, patchbay: extension }, 'content_filter');
  });
}

function onEvent(reading: Reading, body: Json): ChatChunk[] {
  const candidates = list(body['candidates']).filter(isRecord);
  const usage = body['usageMetadata'];
  // Counts are cumulative. After the end only an event of counts alone is still believed.
  if (isRecord(usage) && (!reading.isEnded || candidates.length === 0)) reading.usage = { ...reading.usage, ...usage };
  if (reading.isEnded) return [];
  if (!reading.hasStarted) {
    reading.id = text(body['responseId']) || reading.id;
    reading.model = text(body['modelVersion']) || reading.model;
  }
  const blocked = blockReasonOf(body);
  if (blocked !== null && candidates.length === 0) return onBlock(reading, body, blocked);
  const chunks = candidates.flatMap((candidate, at) => onCandidate(reading, candidate, at));
  // One may have said everything before another has begun.
  return reading.candidates.size < reading.asked ? chunks : [...chunks, ...endings(reading)];
}

/**
 * A reader for one answer. This wire has no mark for its end: an answer is complete when every candidate has given the reason
 * why it stopped (E20): of as many as were asked for, or of all that came where the line is closed. `push` throws UpstreamFailure for an error event and for the second broken one.
 */
export function createGenerateReader(model: string, moment: Moment, asked = 1): StreamReader {
  const reading: Reading = {
    createdS: moment.createdS,
    hasStarted: false,
    id: moment.id,
    model,
    candidates: new Map(),
    asked,
    usage: null,
    isEnded: false,
    malformed: 0,
  };
  return {
    push(event: SseEvent) {
      const body = bodyOf(reading, event);
      return body === null ? [] : onEvent(reading, body);
    },
    end() {
      // A provider may give fewer than were asked for.
      const owed = reading.isEnded ? [] : endings(reading);
      const usage = chatUsageOf(reading.usage);
      if (usage !== null) owed.push({ ...headOf(reading), choices: [], usage });
      return { chunks: owed, isComplete: reading.isEnded };
    },
  };
}
