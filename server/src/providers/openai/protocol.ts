/** OpenAI's wire is the house language, so this translation is the identity, but for the names and limits of each provider. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { secretParts, sign } from '../aws-signature.ts';
import { withDefaults } from '../defaults.ts';
import { modelsOf } from '../model-lists.ts';
import { accountHeaders, authHeaders } from '../openai-auth.ts';
import { adaptToFamily } from '../openai-families.ts';
import { bodyModel, chatPath, modelsPath } from '../openai-paths.ts';
import type { Destination, Protocol } from '../protocol.ts';
import { isRecord } from '../shape.ts';
import { usageOf } from '../usage.ts';
import { vendorErrorOf } from '../vendor-error.ts';
import { answerOf } from './answer.ts';
import { applyQuirks } from './quirks.ts';
import { createReader } from './stream.ts';

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
  const body: Record<string, unknown> = { ...complete, model: bodyModel(to) };
  if (to.row.families === 'openai') changed.push(...adaptToFamily(body, to.model));
  changed.push(...applyQuirks(to.row, body, to.model));
  askForUsage(body, to, changed);
  return { body, changed };
}

export const openai: Protocol = {
  chatPath: (to) => chatPath(to),
  authHeaders,
  headers: accountHeaders,
  toVendor,
  fromVendor: (body, to, moment) => answerOf(body, to.model, moment),
  choicesAt: ['n'],
  streamReader: (to, moment) => createReader(to.model, moment),
  errorOf: vendorErrorOf,
  sign: (request, to, secret, nowMs) => (to.row.auth.kind === 'aws' ? sign(request, to, secret, nowMs) : null),
  secretParts: (secret) => secretParts(secret),
  modelsPath,
  modelsOf,
  usageOf,
};
