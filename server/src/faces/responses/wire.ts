/** One request of the Responses wire: what it asked, how its answer is written, and what of it is kept. */
import { promptTokensEstimate } from '../../gateway/admit.ts';
import type { GatewayError } from '../../gateway/errors.ts';
import type { Reply } from '../../gateway/order.ts';
import { isRecord, member, parseExactly, parseJson, type Json } from '../../providers/shape.ts';
import { namedEvent, type AnswerWriter, type CallerWire } from '../../providers/writer.ts';
import type { ResponseOwner } from '../../storage/responses.ts';
import { carriedLead } from '../openai/carry.ts';
import { chatVoice, type Voice } from '../openai/wire.ts';
import { responseOf, sourceOf, wholeResponse, type Frame } from './answer.ts';
import { keep, type KeepDeps } from './keep.ts';
import { chunkEvents, event, lastEvents, newWriting, type Writing } from './stream.ts';
import { customNames, wireId } from './tools.ts';

/** What is remembered of a request between its body and its last event. */
export interface Exchange {
  frame: Frame;
  owner: ResponseOwner | null;
  /** Items of this turn. */
  input: unknown[];
  isStored: boolean;
  writing: Writing | null;
  /** The last event, held back until its response is kept. */
  last: string;
  /** The response as its caller sees it; null until it has ended well. */
  response: Json | null;
}

export const newExchange = (requestId: string, createdS: number): Exchange => ({
  frame: {
    id: requestId.replaceAll('-', ''),
    createdS,
    model: '',
    request: {},
    custom: new Set(),
    tokensIn: 0,
    previousId: null,
    isStored: false,
  },
  owner: null,
  input: [],
  isStored: false,
  writing: null,
  last: '',
  response: null,
});

const recordIn = (value: unknown): Json | null => (isRecord(value) ? value : null);

const endings: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete']);

function writerOf(exchange: Exchange): AnswerWriter {
  const writing = newWriting(exchange.frame);
  exchange.writing = writing;
  exchange.last = '';
  exchange.response = null;
  let isPassing = false;
  return {
    chunk: (chunk) => chunkEvents(writing, chunk),
    end() {
      if (isPassing) return '';
      const { events, last, response } = lastEvents(writing);
      exchange.last = last;
      exchange.response = response;
      return events;
    },
    pass(passed) {
      isPassing = true;
      // One and the same number is never said twice, should we have to say the last word.
      writing.sequence++;
      writing.hasStarted = true;
      const body = parseJson(passed.data);
      const said = namedEvent(passed.event, passed.data);
      if (!endings.has(member(body, 'type'))) return said;
      exchange.response = recordIn(member(parseExactly(passed.data), 'response'));
      exchange.last = said;
      return '';
    },
  };
}

/** Fills an exchange from the body that is answered, and gives the gateway its side. */
export function callerWireOf(exchange: Exchange, bytes: Buffer, body: Json, previousId: string | null): CallerWire {
  exchange.frame = {
    ...exchange.frame,
    model: typeof body['model'] === 'string' ? body['model'] : '',
    request: body,
    custom: customNames(body['tools']),
    tokensIn: promptTokensEstimate(bytes.length),
    previousId,
    isStored: exchange.isStored,
  };
  return {
    id: wireId,
    isPassable: !bytes.includes(carriedLead),
    headers: {},
    limitField: 'max_output_tokens',
    promptField: 'instructions',
    whole(response) {
      exchange.response = wholeResponse(response, exchange.frame);
      return JSON.stringify(exchange.response);
    },
    passWhole(passed) {
      exchange.response = recordIn(parseExactly(passed.toString('utf8')));
      return passed;
    },
    tellsSource: (source) => sourceOf(source) !== null,
    writer: () => writerOf(exchange),
  };
}

/** Once the response has begun, its failure is its last event; before that, an error is all there is. */
export function voiceOf(exchange: Exchange): Voice {
  return {
    ...chatVoice,
    lastWord: '',
    errorEvent(error: GatewayError, requestId: string) {
      const writing = exchange.writing ?? newWriting(exchange.frame);
      const { code, message, param } = error;
      if (!writing.hasStarted) return event(writing, 'error', { code, message, param, request_id: requestId });
      const failed = responseOf(writing.frame, { status: 'failed', error: { code, message } });
      return event(writing, 'response.failed', { response: failed });
    },
  };
}

/** The body of the last event, which was written by us. */
function lastBody(event: string): Json | undefined {
  const data = parseJson(event.slice(event.indexOf('data: ') + 'data: '.length));
  return isRecord(data) ? data : undefined;
}

/** Keeps the response before the last that is heard of it, where the caller wants it kept. */
export function keepingReply(deps: KeepDeps, exchange: Exchange, inner: Reply): Reply {
  const kept = async (): Promise<void> => {
    const { response, owner, isStored, input, frame } = exchange;
    if (isStored && response && owner) await keep(deps, owner, { input, previousId: frame.previousId, response });
  };
  const after = (run: () => void): void => void kept().then(run);
  return {
    heartbeat: inner.heartbeat,
    isGone: () => inner.isGone(),
    onGone: (run) => inner.onGone(run),
    beginStream: (headers) => inner.beginStream(headers),
    write: (piece) => inner.write(piece),
    onDrain: (run) => inner.onDrain(run),
    drop: () => inner.drop(),
    endStream(isComplete) {
      after(() => {
        if (exchange.last !== '') inner.write(exchange.last);
        inner.endStream(isComplete);
      });
    },
    whole: (headers, body) => after(() => inner.whole(headers, body)),
    fail: (error, headers) => inner.fail(error, headers),
    amend(cover) {
      if (exchange.response === null) return;
      const response = cover(exchange.response) as Json;
      exchange.response = response;
      const last = exchange.last === '' ? undefined : lastBody(exchange.last);
      if (last !== undefined) exchange.last = namedEvent(String(last['type']), JSON.stringify({ ...last, response }));
    },
  };
}
