/** Looks at a stream that passes through: what the books and the retry rule must know, without building a chunk anew. */
import type { FinishReason } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import type { TokenUsage } from '../../domain/ledger.ts';
import type { SseEvent } from '../../lib/sse.ts';
import { createChoiceEnds } from '../choices.ts';
import { finite, isRecord, malformedEventsMax, member, parseJson, type Json } from '../shape.ts';
import { usageOf } from '../usage.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { brokenFinishOf, finishReasonOf } from './answer.ts';

/**
 * What one event was. `semantic` carries content, a tool call, reasoning, a refusal or a finish; `usage` is the chunk with
 * usage and no choices that only came because the house asked for it; `late` came after the end and must not be relayed.
 */
export type EventKind = 'semantic' | 'usage' | 'done' | 'error' | 'empty' | 'malformed' | 'late' | 'other';

/** What is known after the events so far. One object per stream, changed in place. */
export interface StreamFacts {
  /** Kind of the event that was pushed last. */
  kind: EventKind;
  /** A semantic event was seen: from here on the answer has begun. */
  isSemantic: boolean;
  /** UTF-16 units of text, reasoning, refusal, tool names and arguments: the base of an estimate. */
  contentChars: number;
  finishReason: FinishReason | null;
  /** The last usage that made sense; earlier ones are overtaken (E15). */
  usage: TokenUsage | null;
  modelReported: string | null;
  /** An error event, first or in the middle, or too many broken events; the stream is over then. */
  failure: UpstreamFailure | null;
  /** `[DONE]` was seen. */
  isDone: boolean;
  /** `[DONE]`, or for want of it the finish of every choice that was asked for: anything else is a truncated stream (E6). */
  isComplete: boolean;
  /** The same where the provider ends the stream here: it may give fewer choices than were asked for, but none may be left open. */
  isCompleteAtEnd: boolean;
  malformed: number;
}

export interface StreamScanner {
  readonly facts: StreamFacts;
  push(event: SseEvent): StreamFacts;
}

const charsOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

/** Thinking parts hold text parts; whatever is nested deeper comes from nobody's honest server. */
const partsDepthMax = 4;

function partsChars(content: unknown, depth = 0): number {
  if (!Array.isArray(content)) return charsOf(content);
  if (depth >= partsDepthMax) return 0;
  let chars = 0;
  for (const part of content as unknown[]) chars += charsOf(member(part, 'text')) + partsChars(member(part, 'thinking'), depth + 1);
  return chars;
}

function toolChars(calls: unknown): number {
  if (!Array.isArray(calls)) return 0;
  let chars = 0;
  for (const call of calls as unknown[]) {
    const fn = member(call, 'function');
    chars += charsOf(member(fn, 'name')) + charsOf(member(fn, 'arguments'));
  }
  return chars;
}

/** Length of what one choice says; -1 for a choice that says nothing yet, as the first one with the role alone. */
function saidBy(choice: Json): number {
  const delta = choice['delta'];
  const calls = member(delta, 'tool_calls');
  const chars =
    partsChars(member(delta, 'content')) +
    charsOf(member(delta, 'reasoning_content') ?? member(delta, 'reasoning')) +
    charsOf(member(delta, 'refusal')) +
    toolChars(calls) +
    charsOf(choice['text']);
  const hasCall =
    (Array.isArray(calls) && calls.length > 0) || isRecord(member(delta, 'function_call')) || isRecord(member(delta, 'audio'));
  return chars > 0 || hasCall ? chars : -1;
}

const noFacts = (): StreamFacts => ({
  kind: 'other',
  isSemantic: false,
  contentChars: 0,
  finishReason: null,
  usage: null,
  modelReported: null,
  failure: null,
  isDone: false,
  isComplete: false,
  isCompleteAtEnd: false,
  malformed: 0,
});

/** A scanner for one stream, of an answer with so many choices. It never throws, and parses each event at most once. */
export function createStreamScanner(choicesAsked = 1): StreamScanner {
  const ends = createChoiceEnds(choicesAsked);
  const facts = noFacts();

  const readChoices = (choices: readonly unknown[]): boolean => {
    let isSemantic = false;
    for (const [at, choice] of choices.entries()) {
      if (!isRecord(choice)) continue;
      facts.failure = brokenFinishOf(choice) ?? facts.failure;
      const chars = saidBy(choice);
      if (chars > 0) facts.contentChars += chars;
      const finish = finishReasonOf(choice['finish_reason']);
      if (finish !== null) facts.finishReason ??= finish;
      ends.saw(finite(choice['index']) ?? at, finish !== null);
      isSemantic ||= chars >= 0 || finish !== null;
    }
    return isSemantic;
  };

  const read = (event: SseEvent): EventKind => {
    if (facts.isDone || facts.failure) return 'late';
    const data = event.data;
    if (event.event !== 'error' && data.trim() === '') return 'empty';
    if (data === '[DONE]' || data.trim() === '[DONE]') {
      facts.isDone = true;
      facts.isComplete = true;
      facts.isCompleteAtEnd = true;
      return 'done';
    }
    const body = parseJson(data);
    if (event.event === 'error' || isErrorBody(body)) {
      facts.failure = failureOf(body ?? data);
      return 'error';
    }
    if (!isRecord(body)) {
      facts.malformed++;
      if (facts.malformed > malformedEventsMax)
        facts.failure = new UpstreamFailure('invalid_response', 'the stream has events that are no JSON');
      return 'malformed';
    }
    if (typeof body['model'] === 'string' && body['model'] !== '') facts.modelReported = body['model'];
    const usage = usageOf(body['usage'], body['service_tier']);
    if (usage) facts.usage = usage;
    const choices = body['choices'];
    const isSemantic = Array.isArray(choices) && readChoices(choices as unknown[]);
    if (facts.failure) return 'error';
    facts.isSemantic ||= isSemantic;
    facts.isComplete = ends.haveAllEnded();
    facts.isCompleteAtEnd = ends.isNoneOpen();
    if (isSemantic) return 'semantic';
    return isRecord(body['usage']) && Array.isArray(choices) && choices.length === 0 ? 'usage' : 'other';
  };

  return {
    facts,
    push(event) {
      facts.kind = read(event);
      return facts;
    },
  };
}
