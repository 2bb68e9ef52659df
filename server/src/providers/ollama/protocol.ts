/** Ollama's own wire (docs.ollama.com/api): chat in lines of JSON, and the models of one machine. */
import { jsonLines } from '../framing.ts';
import { modelsOf } from '../model-lists.ts';
import { pathOf } from '../normalise.ts';
import type { Protocol } from '../protocol.ts';
import { usageOf } from '../usage.ts';
import { vendorErrorOf } from '../vendor-error.ts';
import { toOllamaRequest } from './request.ts';
import { fromOllamaResponse } from './response.ts';
import { createOllamaReader } from './stream.ts';

export const ollama: Protocol = {
  framing: jsonLines,
  chatPath: (to) => `${pathOf(to.baseUrl)}/api/chat`,
  // The server itself asks for no key; one behind a proxy may, and ollama.com does.
  authHeaders: (_to, secret): Record<string, string> => (secret === '' ? {} : { authorization: `Bearer ${secret}` }),
  headers: () => ({}),
  toVendor: toOllamaRequest,
  fromVendor: (body, to, moment) => fromOllamaResponse(body, to.model, moment),
  streamReader: (to, moment) => createOllamaReader(to.model, moment),
  errorOf: vendorErrorOf,
  modelsPath: (to) => `${pathOf(to.baseUrl)}/api/tags`,
  modelsOf,
  usageOf,
};
