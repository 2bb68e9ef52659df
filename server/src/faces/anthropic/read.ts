/** The body of a request in the Messages wire as the gateway needs it, and the caller's side of the answer. */
import type { IncomingMessage } from 'node:http';
import type { ChatRequest } from '../../domain/chat.ts';
import { promptTokensEstimate } from '../../gateway/admit.ts';
import { readForeign, type AskedRequest } from '../../gateway/request.ts';
import type { CallerWire } from '../../providers/writer.ts';
import { carriedLead } from '../openai/carry.ts';
import { citationOf, messageOf } from './answer.ts';
import { wireId } from './parts.ts';
import { toHouse } from './request.ts';
import { createMessageWriter } from './stream.ts';

/** Headers that say how a body of this wire is to be read. */
const bodyHeaders = ['anthropic-version', 'anthropic-beta'] as const;
const headerCharsMax = 1_000;

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of bodyHeaders) {
    const value = request.headers[name];
    if (typeof value === 'string' && value !== '' && value.length <= headerCharsMax) headers[name] = value;
  }
  return headers;
}

function wireOf(bytes: Buffer, request: IncomingMessage): CallerWire {
  const tokensIn = promptTokensEstimate(bytes.length);
  return {
    id: wireId,
    isPassable: !bytes.includes(carriedLead),
    headers: headersOf(request),
    limitField: 'max_tokens',
    promptField: 'system',
    whole: (response) => JSON.stringify(messageOf(response, tokensIn)),
    passWhole: (body) => body,
    tellsSource: (source) => citationOf(source) !== null,
    writer: () => createMessageWriter(tokensIn),
  };
}

/** Throws GatewayRefusal. */
export const readMessages = (bytes: Buffer, request: IncomingMessage): AskedRequest =>
  readForeign(bytes, wireOf(bytes, request), (body): ChatRequest => toHouse(body));
