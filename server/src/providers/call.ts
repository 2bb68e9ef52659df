/** One attempt at one provider: translate, send, translate back. Never retries, never logs, never decides what follows. */
import type { ChatRequest } from '../domain/chat.ts';
import type { ConnectionSettings } from '../domain/connection.ts';
import type { Change } from '../domain/ledger.ts';
import { dispatchInflating } from '../egress/inflate.ts';
import type { Egress, Exchange } from '../egress/egress.ts';
import type { Clock } from '../lib/clock.ts';
import { memberValue, patchObject, writeObject, type Patch } from '../lib/json-scan.ts';
import { AnswerReader } from './answer.ts';
import { isReasoningModel } from './openai/families.ts';
import { protocolOf } from './protocols.ts';
import { requestDefaults, withDefaults } from './defaults.ts';
import { streamBytesMax, wholeBytesMax, type Call, type CallRequest, type CallSink, type CallTimeouts } from './calling.ts';
import type { Destination, Protocol } from './protocol.ts';
import type { ProviderRow } from './row.ts';
import { isRecord } from './shape.ts';

export interface CallDeps {
  egress: Egress;
  clock: Clock;
}

/** Starts one call. The returned exchange is aborted when the client has gone; the sink then hears `caller_gone`. */
export function callProvider(deps: CallDeps, call: Call, sink: CallSink): Exchange {
  const protocol = protocolOf(call.to.row);
  const prepared = prepare(call, protocol);
  const reader = new AnswerReader(deps.clock, call, protocol, prepared.changed, sink);
  const exchange = dispatchInflating(
    deps.egress,
    {
      origin: call.origin,
      path: protocol.chatPath(call.to, call.request.isStream),
      method: 'POST',
      headers: headersOf(call, protocol),
      body: prepared.body,
      trust: call.trust,
    },
    reader,
    call.request.isStream ? streamBytesMax : wholeBytesMax,
  );
  reader.started(exchange);
  return reader;
}

export function headersOf(
  call: Pick<Call, 'to' | 'secret' | 'customHeaders'> & { request?: CallRequest },
  protocol: Protocol,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: call.request?.isStream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'patchbay',
  };
  // One after the other into one object: most of these are empty, and spreading them would make a new object of each.
  add(headers, protocol.headers(call.to));
  add(headers, call.customHeaders);
  add(headers, protocol.authHeaders(call.to, call.secret));
  return headers;
}

function add(headers: Record<string, string>, more: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(more)) headers[name] = more[name]!;
}

/** The body that goes out. The same wire is patched in its bytes; another one is translated, or rewritten where a quirk demands it. */
function prepare(call: Call, protocol: Protocol): { body: Buffer | string; changed: Change[] } {
  const { to, request } = call;
  const defaults = requestDefaults(to.row, to.settings, to.model, (field) => request.scan.members.has(field));
  if (to.row.protocol === 'openai' && !mustRewrite(to, request)) {
    return { body: patchObject(request.bytes, request.scan, patchesOf(call, defaults.fields)), changed: defaults.changed };
  }
  // The connection's own limit comes before the cap, so that the smaller of the two is sent.
  const complete = withDefaults(request.parsed(), to);
  const parsed = { ...complete.request };
  if (request.outputTokensMax !== null) capOutput(parsed, request.outputTokensMax);
  const { body, changed } = protocol.toVendor({ ...parsed, model: to.model, stream: request.isStream }, to);
  // What the rewrite leaves alone keeps its own bytes, so that no number is rounded on the way.
  const written = to.row.protocol === 'openai' ? writeObject(request.bytes, request.scan, request.parsed(), body) : JSON.stringify(body);
  return { body: written, changed: [...complete.changed, ...changed] };
}

/** A named quirk of the row or of the model's family touches this request: it has to be rewritten, not patched. */
function mustRewrite({ row, model }: Destination, { bytes, scan, outputTokensMax }: CallRequest): boolean {
  if (outputTokensMax !== null) return true;
  if (row.developerRole === 'system' && mentions(bytes, '"developer"', 'per"')) return true;
  // What only the house understands in a message must not reach a provider.
  if (mentions(bytes, '"patchbay"', 'bay"')) return true;
  // A provider that always reports usage does not know the option that asks for it.
  if (row.reportsUsageInStream !== 'on_request' && scan.members.has('stream_options')) return true;
  for (const name of quirkFieldsOf(row)) if (scan.members.has(name)) return true;
  return row.families !== null && isReasoningModel(model) && familyFields.some((name) => scan.members.has(name));
}

/** Rows never change, so what one names is gathered once and not for every request. */
const quirkFields = new WeakMap<ProviderRow, readonly string[]>();

/** The request fields that a row drops, renames or bounds. */
function quirkFieldsOf(row: ProviderRow): readonly string[] {
  let names = quirkFields.get(row);
  if (!names) quirkFields.set(row, (names = [...row.drop, ...Object.keys(row.rename), ...Object.keys(row.limits)]));
  return names;
}

/** Whether a word stands in a body. Node finds short texts six times as fast as long ones, so the word's ending is looked for first. */
const mentions = (bytes: Buffer, word: string, ending: string): boolean => bytes.includes(ending) && bytes.includes(word);

/** Fields that a family of models renames or refuses (C-39). */
const familyFields = [
  'max_tokens',
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
];

function patchesOf({ to, request }: Call, defaults: Readonly<Record<string, unknown>>): Patch[] {
  const patches: Patch[] = [{ key: 'model', json: JSON.stringify(to.model) }];
  if (request.isStream && !request.wantsUsage && to.row.reportsUsageInStream === 'on_request') {
    // Read by itself: a large body is not parsed for it.
    const options = memberValue(request.bytes, request.scan, 'stream_options');
    patches.push({ key: 'stream_options', json: JSON.stringify({ ...(isRecord(options) ? options : {}), include_usage: true }) });
  }
  for (const [key, value] of Object.entries(defaults)) patches.push({ key, json: JSON.stringify(value) });
  return patches;
}

function capOutput(parsed: ChatRequest, outputTokensMax: number): void {
  const asked = parsed.max_completion_tokens ?? parsed.max_tokens;
  const capped = typeof asked === 'number' && asked >= 0 ? Math.min(asked, outputTokensMax) : outputTokensMax;
  const isOldName = parsed.max_tokens !== undefined && parsed.max_tokens !== null;
  if (isOldName) parsed.max_tokens = capped;
  // Both names may stand there, and which one a server obeys is its choice.
  if (!isOldName || (parsed.max_completion_tokens !== undefined && parsed.max_completion_tokens !== null))
    parsed.max_completion_tokens = capped;
}

/** The timeouts of a connection: its own where it names them, the house's elsewhere. */
export function timeoutsOf(settings: ConnectionSettings, house: CallTimeouts): CallTimeouts {
  const own = settings['timeouts'];
  if (typeof own !== 'object' || own === null) return house;
  const { firstByteMs, idleMs, totalMs } = own as { firstByteMs?: unknown; idleMs?: unknown; totalMs?: unknown };
  const pick = (value: unknown, fallback: number): number => (typeof value === 'number' && value > 0 ? value : fallback);
  return {
    headersMs: pick(firstByteMs, house.headersMs),
    firstEventMs: pick(firstByteMs, house.firstEventMs),
    idleMs: pick(idleMs, house.idleMs),
    totalMs: pick(totalMs, house.totalMs),
  };
}
