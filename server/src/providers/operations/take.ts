/** Reads what an operation answers: objects and texts whole, sound as it comes, events one by one. */
import { UpstreamFailure } from '../../domain/errors.ts';
import { memberValue } from '../../lib/json-scan.ts';
import { createSseReader, writeSse, type SseEvent } from '../../lib/sse.ts';
import type { AnswerFacts, CallRequest } from '../calling.ts';
import { choicesOf, product } from '../choices.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, list, member, parseJson, text } from '../shape.ts';
import { PassedStream } from '../streams.ts';
import type { AnswerTaker, StreamTaker } from '../taker.ts';
import { failureOf, isErrorBody } from '../vendor-error.ts';
import { namedEvent } from '../writer.ts';
import { checkVectors, inputsOf } from './embeddings.ts';
import { promptsOf, type Operation } from './operations.ts';

const eventStream = 'text/event-stream';
/** A picture is one event, and in base64 it is a large one. */
const eventCharsMax = 24 * 1024 * 1024;
/** Sound as it comes. Anything else would be a page or a script that runs where it is shown. */
const soundType = /^audio\/[\w.+-]{1,60}$/;
const textTypes: ReadonlySet<string> = new Set(['text/plain', 'text/vtt', 'application/x-subrip', 'text/srt']);
const anyBytes = 'application/octet-stream';

const isJsonType = (mediaType: string): boolean => mediaType === 'application/json' || mediaType.endsWith('+json');
const isSound = (mediaType: string): boolean => soundType.test(mediaType) || mediaType === anyBytes || mediaType === '';

/** Takes the answer of a provider that speaks OpenAI's wire: its bytes are passed on. */
export function passedAnswer(operation: Operation, request: CallRequest, to: Destination): AnswerTaker {
  return {
    stream(mediaType, facts) {
      if (operation.answers === 'bytes' && isSound(mediaType)) {
        facts.mediaType = mediaType || anyBytes;
        return new PassedBytes(facts);
      }
      if (!request.isStream || mediaType !== eventStream) return null;
      if (operation.isSaidByChat)
        return new PassedStream(facts, request.wantsUsage || to.row.reportsUsageInStream === 'always', completionsIn(request));
      facts.mediaType = eventStream;
      return new PassedEvents(facts, operation, choicesOf(memberValue(request.bytes, request.scan, 'n')));
    },
    whole(body, mediaType, facts) {
      const said = body.toString('utf8');
      const parsed = parseJson(said);
      if (isErrorBody(parsed)) throw failureOf(parsed);
      if (isRecord(parsed) && operation.isAnswer(parsed)) {
        if (operation.id === 'embeddings' && Array.isArray(parsed['data']))
          checkVectors(parsed['data'].length, inputsOf(memberValue(request.bytes, request.scan, 'input')));
        learn(parsed, operation, facts);
        return request.isStream && operation.isSaidByChat ? [writeSse(JSON.stringify(parsed))] : body;
      }
      // Plain texts and subtitles are answers too, where they were asked for; an object that says nothing is none.
      if (operation.answers !== 'text' || isJsonType(mediaType) || said.length === 0 || said.trimStart().startsWith('<'))
        throw new UpstreamFailure('invalid_response', 'the provider answered something else');
      facts.mediaType = `${textTypes.has(mediaType) ? mediaType : 'text/plain'}; charset=utf-8`;
      return body;
    },
  };
}

/** How many completions a request asks for: each prompt of a list has its own. */
const completionsIn = ({ bytes, scan }: CallRequest): number =>
  product(choicesOf(memberValue(bytes, scan, 'n')), promptsOf(memberValue(bytes, scan, 'prompt')));

function learn(body: Record<string, unknown>, operation: Operation, facts: AnswerFacts): void {
  facts.usage = operation.usageOf(body);
  facts.modelReported = text(body['model']) || null;
  if (!operation.isSaidByChat) return;
  facts.finishReason = text(member(list(body['choices'])[0], 'finish_reason')) ?? null;
  if (facts.usage === null)
    facts.contentChars = list(body['choices']).reduce<number>((sum, choice) => sum + (text(member(choice, 'text'))?.length ?? 0), 0);
}

/** Sound: every byte as it comes. It is whole when the response is. */
class PassedBytes implements StreamTaker {
  private readonly facts: AnswerFacts;
  private hasEnded = false;

  constructor(facts: AnswerFacts) {
    this.facts = facts;
  }

  push(chunk: Buffer): Buffer[] {
    this.facts.contentChars += chunk.length;
    // A kept chunk pins what it was read into.
    return chunk.length === 0 ? [] : [Buffer.from(chunk)];
  }

  end(): Buffer[] {
    this.hasEnded = this.facts.contentChars > 0;
    return [];
  }

  sawEvent(): boolean {
    return true;
  }

  isComplete(): boolean {
    return this.hasEnded;
  }

  isDone(): boolean {
    return false;
  }

  failure(): UpstreamFailure | null {
    return null;
  }
}

/** `image_generation.completed`, `transcript.text.done`, `speech.audio.done`. */
const lastEvent = /\.(completed|done)$/;

/** Events of pictures, transcripts and sound: each is written anew, for ids and waiting times of a provider must not steer clients (S-INJ). */
class PassedEvents implements StreamTaker {
  private readonly facts: AnswerFacts;
  private readonly operation: Operation;
  private readonly events = createSseReader(eventCharsMax);
  private isFresh = false;
  /** Pictures, texts or sounds that are finished, and how many were asked for: each of several has an end of its own. */
  private ends = 0;
  private readonly asked: number;
  private hasEnded = false;
  private broken: UpstreamFailure | null = null;

  constructor(facts: AnswerFacts, operation: Operation, asked: number) {
    this.facts = facts;
    this.operation = operation;
    this.asked = asked;
  }

  push(chunk: Buffer): string[] {
    this.isFresh = false;
    return this.take(this.events.push(chunk));
  }

  end(): string[] {
    this.hasEnded = true;
    return this.take(this.events.end());
  }

  sawEvent(): boolean {
    return this.isFresh;
  }

  /** A provider may give fewer than were asked for: then its closing the line is the end. */
  isComplete(): boolean {
    return this.ends >= (this.hasEnded ? 1 : this.asked);
  }

  isDone(): boolean {
    return false;
  }

  failure(): UpstreamFailure | null {
    return this.broken;
  }

  private take(events: readonly SseEvent[]): string[] {
    const pieces: string[] = [];
    for (const event of events) {
      if (this.broken) break;
      const { data } = event;
      if (data.trim() === '') continue;
      const body = parseJson(data);
      if (event.event === 'error' || isErrorBody(body)) {
        this.broken = failureOf(body ?? data);
        break;
      }
      this.learn(body, data);
      pieces.push(event.event === 'message' ? writeSse(data.replaceAll('\n', '\ndata: ')) : namedEvent(event.event, data));
    }
    return pieces;
  }

  private learn(body: unknown, data: string): void {
    this.isFresh = true;
    this.facts.contentChars += data.length;
    const usage = this.operation.usageOf(body);
    if (usage) this.facts.usage = usage;
    const type = text(member(body, 'type')) ?? '';
    const hasFinish = list(member(body, 'choices')).some((choice) => typeof member(choice, 'finish_reason') === 'string');
    if (data.trim() === '[DONE]') this.ends = this.asked;
    else if (lastEvent.test(type) || hasFinish) this.ends++;
  }
}
