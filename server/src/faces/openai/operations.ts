/** Everything of OpenAI's wire that is no conversation: one way in for all of it, and a row for each in `providers/operations`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../../gateway/errors.ts';
import { readForeign, readRequest, type AskedRequest } from '../../gateway/request.ts';
import { memberValue } from '../../lib/json-scan.ts';
import { openSpool, type Spool } from '../../lib/spool.ts';
import { faceOf, operations, type Operation } from '../../providers/operations/operations.ts';
import { isRecord, member, parseJson, type Json } from '../../providers/shape.ts';
import { completionsWire, toConversation } from '../completions/wire.ts';
import { readBody } from './body.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { isFormType, readForm, textsAsJson } from './form.ts';
import { serve } from './serve.ts';
import { bearerOf, chatVoice, type ClientWire, type Voice } from './wire.ts';

/** By their addresses. */
export const operationsByPath: ReadonlyMap<string, Operation> = new Map(Object.values(operations).map((one) => [`/v1${one.path}`, one]));

/** Their streams end with an event of their own. */
const mediaVoice: Voice = { ...chatVoice, lastWord: '' };

export function postOperation(
  deps: OpenAiFaceDeps,
  operation: Operation,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  return serve(deps, wireOf(deps, operation, requestId), request, response, requestId);
}

function wireOf(deps: OpenAiFaceDeps, operation: Operation, requestId: string): ClientWire {
  const wire: ClientWire = {
    face: faceOf(operation.id),
    voice: operation.isSaidByChat ? chatVoice : mediaVoice,
    // Uploads lie outside the body that two questions are compared by; pictures and sound are wanted anew each time.
    isRepeatable: operation.takes === 'json' && operation.isPricedByTokens,
    authorization: bearerOf,
    read: (bytes) => readOperation(operation, bytes),
  };
  if (operation.takes === 'json') return wire;
  let spool: Spool | null = null;
  return {
    ...wire,
    async receive(request) {
      if (!isFormType(request)) {
        if (operation.takes === 'either') return readOperation(operation, await readBody(request));
        throw refuse('unsupported_media_type', { message: 'Send the body as multipart/form-data, uncompressed.' });
      }
      // A request id is made once, so no other spool has this name.
      spool = await openSpool(deps.uploadsDir, `${requestId}.upload`);
      const form = await readForm(request, spool);
      return { ...readOperation(operation, textsAsJson(form)), form };
    },
    async release() {
      await spool?.close();
    },
  };
}

/** Throws GatewayRefusal. */
function readOperation(operation: Operation, bytes: Buffer): AskedRequest {
  if (operation.isSaidByChat) return readCompletion(operation, bytes);
  const asked = readRequest(bytes);
  const field = (name: string): unknown => memberValue(asked.bytes, asked.scan, name);
  return { ...asked, operation, isStream: operation.isStream(field) };
}

/** Passed on as it is where a provider has it; `parsed` is the conversation for all others. */
function readCompletion(operation: Operation, bytes: Buffer): AskedRequest {
  const bodyOf = (): Json => {
    const body = parseJson(bytes.toString('utf8'));
    if (!isRecord(body)) throw refuse('invalid_json');
    return body;
  };
  const asked = readForeign(bytes, completionsWire(bodyOf), toConversation);
  const options = memberValue(bytes, asked.scan, 'stream_options');
  return { ...asked, operation, wantsUsage: member(options, 'include_usage') === true };
}
