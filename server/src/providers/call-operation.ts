/** One attempt at one provider for something else than a conversation: passed on, translated, or asked as a conversation. */
import type { Exchange } from '../egress/egress.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import type { Change } from '../domain/ledger.ts';
import { writeForm, type WrittenForm } from '../lib/form.ts';
import { memberValue, patchObject, scanObject, writeObject, type Patch } from '../lib/json-scan.ts';
import { AnswerReader } from './answer.ts';
import { callProvider, headersOf, sendCall, type CallDeps } from './call.ts';
import type { Call, CallSink } from './calling.ts';
import { bodyModel, operationPath } from './openai-paths.ts';
import { openai } from './openai/protocol.ts';
import { applyOffer, bareModel } from './openai/quirks.ts';
import { unsaidAt, unsaidIn, type Unsaid } from './parameter-mode.ts';
import { protocolOf } from './protocols.ts';
import type { Destination, Protocol } from './protocol.ts';
import type { ProviderRow } from './row.ts';
import { isRecord, parseJson, type Json } from './shape.ts';
import type { AnswerTaker } from './taker.ts';
import { failureOf, isErrorBody } from './vendor-error.ts';
import { embeddingsOf, inputsOf, writeEmbeddings, type Translation } from './operations/embeddings.ts';
import type { Operation } from './operations/operations.ts';
import { passedAnswer } from './operations/take.ts';

/** How a provider is asked: in OpenAI's wire, in its own, or by a conversation that says the same. */
export type Way = 'pass' | 'translate' | 'chat';

/** Null where the provider's row does not offer the operation for this model. */
export function wayOf(operation: Operation, { row, model, isByChat }: { row: ProviderRow; model: string; isByChat?: true }): Way | null {
  const offer = row.operations[operation.id];
  if (offer && !isByChat && (offer.models?.test(bareModel(model)) ?? true)) {
    if (row.protocol === 'openai' || row.protocol === 'responses') return 'pass';
    if (operation.id === 'embeddings' && embeddingsOf(row)) return 'translate';
  }
  return operation.isSaidByChat ? 'chat' : null;
}

/** What a strict connection refuses to go without, as `unsaidAt` says it for conversations; null where it may be asked. */
export function unsaidOfOperation(
  operation: Operation,
  asked: { to: Destination & { isByChat?: true }; request: Call['request'] },
): Unsaid | null {
  if (asked.to.settings['parameterMode'] !== 'strict') return null;
  const way = wayOf(operation, asked.to);
  const { operation: _operation, ...request } = asked.request;
  if (way === 'chat') return unsaidAt({ to: asked.to, request });
  if (way === null) return null;
  try {
    return unsaidIn(way === 'pass' ? worded(asked, operation).changed : translated(asked, operation).changed);
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    // The attempt says it too, and books it.
    return error.told;
  }
}

interface Prepared {
  path: string;
  body: Buffer | string | WrittenForm;
  changed: Change[];
  taker: AnswerTaker;
  protocol: Protocol;
}

const isForm = (body: Prepared['body']): body is WrittenForm => typeof body !== 'string' && !Buffer.isBuffer(body);

/** Starts one call, as `callProvider` does. `way` must be one that the target has. Throws UpstreamFailure('bad_request'). */
export function callOperation(deps: CallDeps, call: Call, operation: Operation, way: Way, sink: CallSink): Exchange {
  if (way === 'chat') return callProvider(deps, call, sink);
  const prepared = way === 'pass' ? passed(call, operation) : translated(call, operation);
  const { body, path, protocol } = prepared;
  const { totalMs } = call.timeouts;
  // An upload, and a picture that is being made, take their time before the first header.
  const timeouts = operation.isSlow || call.request.form ? { ...call.timeouts, headersMs: totalMs, firstEventMs: totalMs } : call.timeouts;
  const timed = { ...call, timeouts };
  const reader = new AnswerReader(deps.clock, timed, protocol, prepared.changed, sink, prepared.taker);
  const headers = headersOf({ to: call.to, secret: call.secret, customHeaders: call.customHeaders }, protocol);
  headers['accept'] = call.request.isStream ? 'text/event-stream' : operation.answers === 'json' ? 'application/json' : '*/*';
  const unsigned = { origin: call.origin, path, method: 'POST', headers, body: isForm(body) ? null : body } as const;
  if (!isForm(body)) return sendCall(deps, timed, protocol, unsigned, body, reader);
  headers['content-type'] = body.contentType;
  headers['content-length'] = String(body.length);
  return sendCall(deps, timed, protocol, unsigned, body.open(), reader);
}

/** The body in the provider's words for this operation; where its row has none of its own, the caller's bytes. */
function worded(
  { to, request }: Pick<Call, 'to' | 'request'>,
  operation: Operation,
): Pick<Call['request'], 'bytes' | 'scan'> & { changed: Change[] } {
  const offer = to.row.operations[operation.id];
  const own = request.ownMembers ?? [];
  const names = [...Object.keys(offer?.rename ?? {}), ...(offer?.drop ?? []), ...own];
  const asIs = { bytes: request.bytes, scan: request.scan, changed: [] };
  if (!offer || request.form || !names.some((name) => request.scan.members.has(name))) return asIs;
  const asked = parseJson(request.bytes.toString('utf8'));
  if (!isRecord(asked)) return asIs;
  const body = { ...asked };
  const changed = applyOffer({ ...offer, drop: [...(offer.drop ?? []), ...own] }, body);
  const bytes = writeObject(request.bytes, request.scan, asked, body);
  const scan = scanObject(bytes);
  if (typeof scan === 'string') throw new UpstreamFailure('bad_request', `the request is ${scan}`);
  return { bytes, scan, changed };
}

/** Every byte as it came, but for the model, a limit that a budget has set, a question for usage, and what the row calls otherwise. */
function passed({ to, request, moment }: Call, operation: Operation): Prepared {
  const model = bodyModel(to);
  const offer = to.row.operations[operation.id];
  const { bytes, scan, changed } = worded({ to, request }, operation);
  return {
    path: offer?.path ?? operationPath(to, operation.path),
    body: request.form
      ? writeForm(request.form, `patchbay-${moment.id}`, { model })
      : patchObject(bytes, scan, patchesOf(to, request, operation, model)),
    changed,
    taker: passedAnswer(operation, request, to),
    // A row that answers conversations on another wire of OpenAI's has the same keys and errors here.
    protocol: openai,
  };
}

function patchesOf({ row }: Destination, request: Call['request'], operation: Operation, model: string): Patch[] {
  const patches: Patch[] = [{ key: 'model', json: JSON.stringify(model) }];
  if (!operation.isSaidByChat) return patches;
  if (request.outputTokensMax !== null) patches.push({ key: 'max_tokens', json: String(request.outputTokensMax) });
  if (request.isStream && !request.wantsUsage && row.reportsUsageInStream === 'on_request') {
    const options = memberValue(request.bytes, request.scan, 'stream_options');
    patches.push({ key: 'stream_options', json: JSON.stringify({ ...(isRecord(options) ? options : {}), include_usage: true }) });
  }
  return patches;
}

function translated({ to, request }: Pick<Call, 'to' | 'request'>, operation: Operation): Prepared {
  const translation = embeddingsOf(to.row);
  const asked = parseJson(request.bytes.toString('utf8'));
  if (!translation || !isRecord(asked)) throw new UpstreamFailure('bad_request', `no translation of ${operation.id}`);
  const { path, body, changed } = translation.toVendor(asked, to);
  return { path, body: JSON.stringify(body), changed, taker: vectorTaker(translation, asked, to), protocol: protocolOf(to.row) };
}

const vectorTaker = (translation: Translation, asked: Json, to: Destination): AnswerTaker => ({
  stream: () => null,
  whole(body, _mediaType, facts) {
    const parsed = parseJson(body.toString('utf8'));
    if (isErrorBody(parsed)) throw failureOf(parsed);
    const vectors = translation.fromVendor(parsed, inputsOf(asked['input']));
    facts.usage = vectors.usage;
    facts.modelReported = to.model;
    return writeEmbeddings(vectors, asked, to.model);
  },
});
