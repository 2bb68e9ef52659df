/** POST /v1/chat/completions: the house's own wire, whose bytes need no translation on the way in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readRequest } from '../../gateway/request.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { serve } from './serve.ts';
import { bearerOf, chatVoice, type ClientWire } from './wire.ts';

const chatWire: ClientWire = {
  face: 'openai.chat',
  voice: chatVoice,
  isRepeatable: true,
  authorization: bearerOf,
  read: (bytes) => readRequest(bytes),
};

export const postChatCompletions = (
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> => serve(deps, chatWire, request, response, requestId);
