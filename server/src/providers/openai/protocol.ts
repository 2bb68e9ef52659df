/** OpenAI's wire is the house language, so this translation is the identity, but for the names and limits of each provider. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { withDefaults } from '../defaults.ts';
import { modelsOf } from '../model-lists.ts';
import type { Destination, Protocol } from '../protocol.ts';
import { isRecord } from '../shape.ts';
import { usageOf } from '../usage.ts';
import { vendorErrorOf } from '../vendor-error.ts';
import { answerOf } from './answer.ts';
import { adaptToFamily } from './families.ts';
import { chatPath, modelsPath } from './paths.ts';
import { applyQuirks } from './quirks.ts';
import { createReader } from './stream.ts';

/** Headers that a custom connection may name for its secret; the value goes in as it is (D-31). */
function customAuth(to: Destination, secret: string): Record<string, string> | null {
  const name = to.settings['headerName'];
  switch (to.settings['authType']) {
    case 'none':
      return {};
    case 'api-key':
    case 'custom':
      return { [typeof name === 'string' && name !== '' ? name.toLowerCase() : 'api-key']: secret };
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
    default:
      return null;
  }
}

function authHeaders(to: Destination, secret: string): Record<string, string> {
  if (secret === '') return {};
  const custom = to.row.id === 'custom' ? customAuth(to, secret) : null;
  if (custom) return custom;
  switch (to.row.auth.kind) {
    case 'none':
      return {};
    case 'header':
      return { [to.row.auth.header ?? 'api-key']: secret };
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
  }
}

function headers(to: Destination): Record<string, string> {
  const organization = to.settings['organizationId'];
  const project = to.settings['projectId'];
  return {
    ...(typeof organization === 'string' && organization !== '' && { 'openai-organization': organization }),
    ...(typeof project === 'string' && project !== '' && { 'openai-project': project }),
  };
}

/** Asks for usage at the end of a stream, in the one way that this provider has. Nobody loses by it, so it is not reported. */
function askForUsage(body: Record<string, unknown>, to: Destination, changed: Change[]): void {
  if (body['stream'] !== true) return;
  const options = body['stream_options'];
  if (to.row.reportsUsageInStream === 'on_request') {
    body['stream_options'] = { ...(isRecord(options) ? options : {}), include_usage: true };
    return;
  }
  if (options === undefined) return;
  delete body['stream_options'];
  if (to.row.reportsUsageInStream === 'never') changed.push({ parameter: 'stream_options', what: 'dropped' });
}

function toVendor(request: ChatRequest, to: Destination): { body: Record<string, unknown>; changed: Change[] } {
  const { request: complete, changed } = withDefaults(request, to);
  const body: Record<string, unknown> = { ...complete, model: to.model };
  if (to.row.families === 'openai') changed.push(...adaptToFamily(body, to.model));
  changed.push(...applyQuirks(to.row, body));
  askForUsage(body, to, changed);
  return { body, changed };
}

export const openai: Protocol = {
  chatPath: (to) => chatPath(to),
  authHeaders,
  headers,
  toVendor,
  fromVendor: (body, to, moment) => answerOf(body, to.model, moment),
  streamReader: (to, moment) => createReader(to.model, moment),
  errorOf: vendorErrorOf,
  modelsPath,
  modelsOf,
  usageOf,
};
