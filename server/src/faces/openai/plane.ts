/** The data plane's own small server face: three addresses, no framework between them and the gateway. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../../gateway/errors.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { postChatCompletions } from './chat-completions.ts';
import { getModels } from './models.ts';
import { createReply } from './reply.ts';

/** Handles everything under `/v1`. Never throws. */
export function handleV1(deps: OpenAiFaceDeps, request: IncomingMessage, response: ServerResponse): void {
  const requestId = deps.ids.uuid();
  const url = request.url ?? '';
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  if (path === '/v1/chat/completions') {
    if (request.method === 'POST') return void postChatCompletions(deps, request, response, requestId);
    return createReply(response, requestId).fail(refuse('method_not_allowed').error, { allow: 'POST' });
  }
  if (path === '/v1/models' || path.startsWith('/v1/models/')) {
    if (request.method !== 'GET') return createReply(response, requestId).fail(refuse('method_not_allowed').error, { allow: 'GET' });
    const modelId = path === '/v1/models' ? null : decoded(path.slice('/v1/models/'.length));
    return void getModels(deps, request, response, requestId, modelId);
  }
  createReply(response, requestId).fail(refuse('not_found').error, {});
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
