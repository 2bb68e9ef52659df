/** The data plane's own small server face: its table of contents, and no framework between it and the gateway. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../../gateway/errors.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { postChatCompletions } from './chat-completions.ts';
import { getModels } from './models.ts';
import { operationsByPath, postOperation } from './operations.ts';
import { createReply } from './reply.ts';
import { postCountTokens } from '../anthropic/count-tokens.ts';
import { postMessages } from '../anthropic/messages.ts';
import { messagesVoice } from '../anthropic/voice.ts';
import { handleOllama, ollamaBase } from '../ollama/plane.ts';
import { keptResponse, postResponses } from '../responses/responses.ts';
import { postExplain } from '../route/explain.ts';
import { chatVoice, type Voice } from './wire.ts';

interface Route {
  method: 'POST';
  voice: Voice;
  serve(deps: OpenAiFaceDeps, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void>;
}

/** What lies at a fixed address, besides the one that most requests go to. */
const routes: ReadonlyMap<string, Route> = new Map([
  ['/v1/messages', { method: 'POST', voice: messagesVoice, serve: postMessages }],
  ['/v1/messages/count_tokens', { method: 'POST', voice: messagesVoice, serve: postCountTokens }],
  ['/v1/responses', { method: 'POST', voice: chatVoice, serve: postResponses }],
  ['/v1/route/explain', { method: 'POST', voice: chatVoice, serve: postExplain }],
]);

/** Handles everything under `/v1`, and the wire that lies below an address of its own. Never throws. */
export function handleV1(deps: OpenAiFaceDeps, request: IncomingMessage, response: ServerResponse): void {
  const requestId = deps.ids.uuid();
  const url = request.url ?? '';
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  if (path === '/v1/chat/completions') {
    if (request.method === 'POST') return void postChatCompletions(deps, request, response, requestId);
    return createReply(response, requestId).fail(refuse('method_not_allowed').error, { allow: 'POST' });
  }
  if (path.startsWith(ollamaBase)) return handleOllama(deps, request, response, requestId, path);
  const route = routes.get(path);
  if (route) {
    if (request.method === route.method) return void route.serve(deps, request, response, requestId);
    return createReply(response, requestId, route.voice).fail(refuse('method_not_allowed').error, { allow: route.method });
  }
  const operation = operationsByPath.get(path);
  if (operation) {
    if (request.method === 'POST') return void postOperation(deps, operation, request, response, requestId);
    return createReply(response, requestId).fail(refuse('method_not_allowed').error, { allow: 'POST' });
  }
  if (path.startsWith('/v1/responses/')) return void keptResponse(deps, request, response, requestId);
  if (path === '/v1/models' || path.startsWith('/v1/models/')) {
    if (request.method !== 'GET') return createReply(response, requestId).fail(refuse('method_not_allowed').error, { allow: 'GET' });
    const modelId = path === '/v1/models' ? null : decoded(path.slice('/v1/models/'.length));
    return void getModels(deps, request, response, requestId, modelId);
  }
  // Who asks below one wire's address hears that wire's refusal.
  const voice = path.startsWith('/v1/messages/') ? messagesVoice : chatVoice;
  createReply(response, requestId, voice).fail(refuse('not_found').error, {});
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
