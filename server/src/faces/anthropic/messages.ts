/** POST /v1/messages: the Messages wire in, whichever provider answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenAiFaceDeps } from '../openai/deps.ts';
import { serve } from '../openai/serve.ts';
import { bearerOf, type ClientWire } from '../openai/wire.ts';
import { readMessages } from './read.ts';
import { messagesVoice } from './voice.ts';

/** Clients of this wire send their key in a header of its own; a bearer line counts too. */
export function authorizationOf(request: IncomingMessage): string | undefined {
  const key = request.headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? `Bearer ${key}` : bearerOf(request);
}

const messagesWire: ClientWire = {
  isRepeatable: true,
  face: 'anthropic.messages',
  voice: messagesVoice,
  authorization: authorizationOf,
  read: readMessages,
};

export const postMessages = (deps: OpenAiFaceDeps, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> =>
  serve(deps, messagesWire, request, response, requestId);
