/** How Ollama's wire says no (docs.ollama.com/api/errors): one text under `error`, as a body or as the last line of a stream. */
import type { GatewayError } from '../../gateway/errors.ts';
import type { Voice } from '../openai/wire.ts';

/** The wire's own member, and beside it our stable code and parameter, which clients of this wire pass over. */
const bodyOf = ({ message, code, param, limit }: GatewayError, requestId: string): string =>
  JSON.stringify({ error: message, code, ...(param !== null && { param }), limit, request_id: requestId });

export const linesType = 'application/x-ndjson';

export const ollamaVoice: Voice = {
  errorBody: bodyOf,
  errorEvent: (error, requestId) => `${bodyOf(error, requestId)}\n`,
  // Blanks before an object belong to its line: every reader of JSON passes over them, and an empty line is one that some cannot read.
  heartbeat: ' ',
  lastWord: '',
  mediaType: linesType,
};
