/** Ollama's wire below `/ollama`, so that its `/api/...` is never mistaken for the control plane's: its table of contents. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayRefusal, refuse } from '../../gateway/errors.ts';
import { parseJson, text, member, type Json } from '../../providers/shape.ts';
import { readBody } from '../openai/body.ts';
import { callerOfKey, callerOfSession } from '../openai/caller.ts';
import type { OpenAiFaceDeps } from '../openai/deps.ts';
import { modelsOfCaller, type ModelObject } from '../openai/models.ts';
import { createReply } from '../openai/reply.ts';
import { serve } from '../openai/serve.ts';
import { bearerOf, type ClientWire } from '../openai/wire.ts';
import { embedWire } from './embed.ts';
import { linesReply } from './lines.ts';
import { shownOf, tagsOf } from './models.ts';
import { readOllama } from './read.ts';
import { ollamaVoice } from './voice.ts';

export const ollamaBase = '/ollama/';

/** The version of Ollama whose wire this is: programs ask for it to know what they may say. */
const wireVersion = '0.12.6';

const askingWire = (clock: OpenAiFaceDeps['clock'], kind: 'chat' | 'generate'): ClientWire => ({
  face: `ollama.${kind}`,
  voice: ollamaVoice,
  isRepeatable: true,
  authorization: bearerOf,
  read: (bytes) => readOllama(bytes, { kind, clock }),
  reply: linesReply,
});

/** Whatever goes the way of a completion. */
const asked: ReadonlyMap<string, (deps: OpenAiFaceDeps) => ClientWire> = new Map([
  ['/api/chat', ({ clock }) => askingWire(clock, 'chat')],
  ['/api/generate', ({ clock }) => askingWire(clock, 'generate')],
  ['/api/embed', ({ clock }) => embedWire(clock, false)],
  ['/api/embeddings', ({ clock }) => embedWire(clock, true)],
]);

interface Told {
  method: 'GET' | 'POST';
  /** Throws GatewayRefusal. */
  tell(models: () => ModelObject[], request: IncomingMessage): Json | Promise<Json>;
}

/** What is answered from memory; nobody is asked. */
const told: ReadonlyMap<string, Told> = new Map<string, Told>([
  ['/api/tags', { method: 'GET', tell: (models) => tagsOf(models()) }],
  // Models are loaded elsewhere; in this process none is.
  ['/api/ps', { method: 'GET', tell: () => ({ models: [] }) }],
  ['/api/version', { method: 'GET', tell: () => ({ version: wireVersion }) }],
  [
    '/api/show',
    {
      method: 'POST',
      async tell(models, request) {
        const body = parseJson((await readBody(request)).toString('utf8'));
        return shownOf(models(), text(member(body, 'model')) ?? text(member(body, 'name')) ?? '');
      },
    },
  ],
]);

/** What this wire has for the models of one machine; here they are connections, and people see to them. */
const ofOneMachine = /^\/api\/(pull|push|create|copy|delete|blobs\/.*)$/;
const notOffered = 'Models are not loaded, copied or deleted here: connections are set up on the pages of this server.';

/** Handles everything below `/ollama/`. Never throws. `path` has no query. */
export function handleOllama(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  path: string,
): void {
  const address = path.slice(ollamaBase.length - 1);
  const reply = createReply(response, requestId, ollamaVoice);
  const wire = asked.get(address);
  const telling = told.get(address);
  const method = wire ? 'POST' : telling?.method;
  if (method !== undefined && request.method !== method) return reply.fail(refuse('method_not_allowed').error, { allow: method });
  if (wire) return void serve(deps, wire(deps), request, response, requestId);
  if (telling) return void tell(deps, telling, request, response, requestId);
  if (ofOneMachine.test(address)) return reply.fail(refuse('operation_not_supported', { message: notOffered }).error, {});
  reply.fail(refuse('not_found', { message: 'There is no such address under /ollama.' }).error, {});
}

async function tell(
  deps: OpenAiFaceDeps,
  telling: Told,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const reply = createReply(response, requestId, ollamaVoice);
  try {
    const authorization = bearerOf(request);
    const caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const said = await telling.tell(() => modelsOfCaller(deps, caller), request);
    reply.whole({}, JSON.stringify(said));
  } catch (error) {
    if (reply.isGone()) return;
    if (!(error instanceof GatewayRefusal)) deps.log.error({ requestId, err: error }, 'telling of models failed');
    reply.fail(error instanceof GatewayRefusal ? error.error : refuse('internal').error, {});
  }
}
