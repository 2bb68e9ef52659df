/** What a client wire must provide, so that every one of them shares the hall, the books and the manners of the others. */
import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../../gateway/errors.ts';
import type { Reply } from '../../gateway/order.ts';
import type { AskedRequest } from '../../gateway/request.ts';
import { doneEvent, writeSse } from '../../lib/sse.ts';
import type { DataCaller } from './caller.ts';

/** How a wire says what is no answer. */
export interface Voice {
  errorBody(error: GatewayError, requestId: string): string;
  /** The event that ends a stream which cannot go on. */
  errorEvent(error: GatewayError, requestId: string): string;
  /** Another name of the header with the request id, where this wire's clients look for it. */
  idHeader?: string;
  /** Keeps a silent line alive; a comment where the wire has no word for it. */
  heartbeat: string;
  /** The stream's own last word; empty where its last event is one. */
  lastWord: string;
  /** Content type of a stream, where it is none of server-sent events. */
  mediaType?: string;
}

/** One request's way in and out. Made anew for each request where the wire has something to remember. */
export interface ClientWire {
  /** As the books name it: `openai.chat`. */
  face: string;
  voice: Voice;
  /** The same question may be given the same answer again: nothing of it is stored elsewhere or named by its id. */
  isRepeatable?: boolean;
  /** The header that a caller proves itself with, as a bearer line; undefined for none, and then a session counts. */
  authorization(request: IncomingMessage): string | undefined;
  /** The body as the gateway needs it. Throws GatewayRefusal. May look things up for the caller. */
  read(bytes: Buffer, request: IncomingMessage, caller: DataCaller): AskedRequest | Promise<AskedRequest>;
  /** Reads the body itself, where it is another thing than one JSON object. Throws GatewayRefusal. */
  receive?(request: IncomingMessage): Promise<AskedRequest>;
  /** Gives back what `receive` took; called once, whatever happened. */
  release?(): Promise<void>;
  /** Puts something of this wire between the gateway and the line; missing where there is nothing to add. */
  reply?(inner: Reply): Reply;
}

export const bearerOf = (request: IncomingMessage): string | undefined => request.headers.authorization;

/** OpenAI's error object, with the request id that support asks for. */
export const errorBody = (error: GatewayError, requestId: string): string =>
  JSON.stringify({
    error: {
      message: error.message,
      type: error.type,
      param: error.param,
      code: error.code,
      request_id: requestId,
      // Which limit refused, for programs; no other error has it.
      limit: error.limit,
    },
  });

export const chatVoice: Voice = {
  errorBody,
  // Within a stream there is no status left: an explicit error, and no `[DONE]`.
  errorEvent: (error, requestId) => writeSse(errorBody(error, requestId)),
  heartbeat: ': keep-alive\n\n',
  lastWord: doneEvent,
};
