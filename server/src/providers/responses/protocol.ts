/** OpenAI's Responses wire (platform.openai.com/docs/api-reference/responses), for the models and connections that need it. */
import { modelsOf } from '../model-lists.ts';
import { accountHeaders, authHeaders } from '../openai-auth.ts';
import { modelsPath, responsesPath } from '../openai-paths.ts';
import type { Protocol } from '../protocol.ts';
import { usageOf } from '../usage.ts';
import { vendorErrorOf } from '../vendor-error.ts';
import { toResponsesRequest } from './request.ts';
import { fromResponse } from './response.ts';
import { createResponsesReader } from './stream.ts';

export const responses: Protocol = {
  chatPath: (to) => responsesPath(to),
  authHeaders,
  headers: accountHeaders,
  toVendor: toResponsesRequest,
  fromVendor: (body, to, moment) => fromResponse(body, to.model, moment),
  streamReader: (to, moment) => createResponsesReader(to.model, moment),
  errorOf: vendorErrorOf,
  modelsPath,
  modelsOf,
  usageOf,
};
