/** POST /v1/messages/count_tokens: the provider's own count where it has one, else an estimate that says so in a header. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { countTokens } from '../../gateway/count-tokens.ts';
import { readBody } from '../openai/body.ts';
import { callerOfKey, callerOfSession, type DataCaller } from '../openai/caller.ts';
import type { OpenAiFaceDeps } from '../openai/deps.ts';
import { createReply } from '../openai/reply.ts';
import { clientIdOf, hintsOf, pageOf, pinnedOf, refused } from '../openai/serve.ts';
import { authorizationOf } from './messages.ts';
import { readMessages } from './read.ts';
import { messagesVoice } from './voice.ts';

const face = 'anthropic.count_tokens';

export async function postCountTokens(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const atMs = deps.clock.nowMs();
  const reply = createReply(response, requestId, messagesVoice);
  let caller: DataCaller | null = null;
  try {
    const authorization = authorizationOf(request);
    caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const asked = readMessages(await readBody(request), request);
    const { tokens, isEstimated, connectionId } = await countTokens(deps, {
      requestId,
      face,
      purpose: 'completion',
      ...caller,
      asked: asked.asked,
      pinnedId: pinnedOf(request),
      hints: hintsOf(request),
      request: asked,
      page: pageOf(request),
      clientRequestId: clientIdOf(request),
      atMs,
      startedMs,
    });
    const headers = {
      ...(connectionId !== null && { 'x-patchbay-connection': connectionId }),
      ...(isEstimated && { 'x-patchbay-estimated': 'input_tokens' }),
    };
    reply.whole(headers, JSON.stringify({ input_tokens: tokens }));
  } catch (error) {
    refused(deps, { face, request, requestId, atMs, startedMs, caller }, error, reply);
  }
}
