/** Anthropic's Messages wire (platform.claude.com/docs, versions 2023-06-01 and 2026-10-21). */
import { modelsOf } from '../model-lists.ts';
import { pathOf } from '../normalise.ts';
import type { Protocol } from '../protocol.ts';
import { usageOf } from '../usage.ts';
import { vendorErrorOf } from '../vendor-error.ts';
import { toMessagesRequest, versionOf } from './request.ts';
import { fromMessagesResponse } from './response.ts';
import { createMessagesReader } from './stream.ts';

/** The list comes in pages; one of this size holds every model there is. */
const modelsPageSize = 1000;

export const anthropic: Protocol = {
  chatPath: (to) => `${pathOf(to.baseUrl)}/messages`,
  countPath: (to) => `${pathOf(to.baseUrl)}/messages/count_tokens`,
  // Both versions take this header; `authorization` is for OAuth tokens and for compatible servers that ask for it.
  authHeaders: (to, secret): Record<string, string> => (secret === '' ? {} : { [to.row.auth.header ?? 'x-api-key']: secret }),
  headers: (to) => ({ 'anthropic-version': versionOf(to.settings) }),
  toVendor: toMessagesRequest,
  fromVendor: (body, to, moment) => fromMessagesResponse(body, to.model, moment),
  streamReader: (to, moment) => createMessagesReader(to.model, moment),
  errorOf: vendorErrorOf,
  modelsPath: (to) => `${pathOf(to.baseUrl)}/models?limit=${modelsPageSize}`,
  modelsOf,
  usageOf,
};
