/** One attempt at one provider: translate, send, translate back. Never retries, never logs, never decides what follows. */
import type { ConnectionSettings } from '../domain/connection.ts';
import type { Change } from '../domain/ledger.ts';
import { dispatchInflating } from '../egress/inflate.ts';
import type { Egress, Exchange, OutgoingRequest } from '../egress/egress.ts';
import type { Clock } from '../lib/clock.ts';
import { memberValue, patchObject, scanObject, writeObject, type Patch, type Scan } from '../lib/json-scan.ts';
import { AnswerReader } from './answer.ts';
import { bareModel } from './openai/quirks.ts';
import { isReasoningModel } from './openai-families.ts';
import { bodyModel } from './openai-paths.ts';
import { protocolOf } from './protocols.ts';
import { requestDefaults, withDefaults } from './defaults.ts';
import {
  streamBytesMax,
  wholeBytesMax,
  type Asking,
  type Call,
  type CallRequest,
  type CallSink,
  type CallTimeouts,
  type WatchedWord,
} from './calling.ts';
import { choicesOf } from './choices.ts';
import { serverSentEvents } from './framing.ts';
import { concealedOf, proofOf } from './proof.ts';
import type { Destination, Protocol, UnsignedRequest } from './protocol.ts';
import type { ProviderRow } from './row.ts';
import { prepareForeign } from './foreign.ts';
import { capOutput, capPatches, namesLimit } from './output-cap.ts';
import { isRecord, keepDigits, member } from './shape.ts';
import { rowForCaller, wireOf } from './wires.ts';

export interface CallDeps {
  egress: Egress;
  clock: Clock;
}

/** Starts one call. The returned exchange is aborted when the client has gone; the sink then hears `caller_gone`. */
export function callProvider(deps: CallDeps, asked: Call, sink: CallSink): Exchange {
  const call = asked.request.wire === undefined ? asked : inCallersWire(asked);
  const protocol = protocolOf(call.to.row);
  const prepared = prepare(call, protocol);
  const reader = new AnswerReader(deps.clock, call, protocol, prepared.changed, sink, null, choicesIn(prepared.body, call, protocol));
  const headers = headersOf(call, protocol, prepared.isTranslated);
  const path = protocol.chatPath(call.to, call.request.isStream);
  return sendCall(deps, call, protocol, { origin: call.origin, path, method: 'POST', headers, body: prepared.body }, prepared.body, reader);
}

/**
 * How many choices the body that goes out asks for: a row may leave `n` out, or move it into its bounds. It is looked into only where
 * somebody named a number.
 */
function choicesIn(body: Buffer | string, { to, request }: Asking, { choicesAt }: Protocol): number {
  const isNamed = request.scan.members.has('n') || member(to.settings['parameters'], 'n') !== undefined;
  if (!isNamed || !request.isStream || choicesAt === undefined) return 1;
  const bytes = Buffer.from(body);
  const scan = scanObject(bytes);
  if (typeof scan === 'string') return 1;
  const [first, ...inner] = choicesAt;
  return choicesOf(inner.reduce(member, memberValue(bytes, scan, first)));
}

/** Proves the request and lets it go. `headers` may still be added to; a body that is a stream cannot be signed. */
export function sendCall(
  deps: CallDeps,
  call: Call,
  protocol: Protocol,
  unsigned: UnsignedRequest & { headers: Record<string, string> },
  body: OutgoingRequest['body'],
  reader: AnswerReader,
): Exchange {
  const { origin, path, method, headers } = unsigned;
  const bytesMax = call.request.isStream ? streamBytesMax : wholeBytesMax;
  const send = (): void =>
    reader.started(
      dispatchInflating(
        deps.egress,
        { origin, path, method, headers, body, trust: call.trust, connectTimeoutMs: call.timeouts.connectMs },
        reader,
        bytesMax,
      ),
    );
  const proof = proofOf(deps, protocol, call.to, call.secret, unsigned);
  if (proof === null) send();
  else
    proof.then(
      (proven) => {
        add(headers, proven);
        reader.conceal(concealedOf(protocol, call.secret, proven));
        // Whoever hung up meanwhile needs no answer any more.
        if (!reader.hasEnded()) send();
      },
      (error: unknown) => reader.refused(error),
    );
  return reader;
}

export function headersOf(
  call: Pick<Call, 'to' | 'secret' | 'customHeaders'> & { request?: CallRequest },
  protocol: Protocol,
  isTranslated = false,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: call.request?.isStream ? (protocol.framing ?? serverSentEvents).mediaType : 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'patchbay',
  };
  // One after the other into one object: most of these are empty, and spreading them would make a new object of each.
  // The caller's own version and beta names belong to a body in the same wire; one that we wrote is in the connection's version.
  const isOwnWire = call.request?.wire !== undefined && wireOf(call.to.row) === call.request.wire.id;
  if (isOwnWire && isTranslated) add(headers, call.request!.wire!.headers);
  add(headers, protocol.headers(call.to));
  if (isOwnWire && !isTranslated) add(headers, call.request!.wire!.headers);
  add(headers, call.customHeaders);
  add(headers, protocol.authHeaders(call.to, call.secret));
  return headers;
}

function inCallersWire<Asked extends Asking>(call: Asked): Asked {
  const row = rowForCaller(call.to.row, call.to.settings, call.request.wire?.id);
  return row === call.to.row ? call : { ...call, to: { ...call.to, row } };
}

/** The body as it would leave, and what was changed for it; nobody is called. Throws UpstreamFailure where it cannot be said. */
export function bodyOf(asked: Asking): { body: Buffer | string; changed: Change[]; row: ProviderRow } {
  const call = asked.request.wire === undefined ? asked : inCallersWire(asked);
  return { ...prepare(call, protocolOf(call.to.row)), row: call.to.row };
}

/** Headers are plain objects that were made here: walked without a list of their names, they cost half. */
function add(headers: Record<string, string>, more: Readonly<Record<string, string>>): void {
  for (const name in more) headers[name] = more[name]!;
}

/** The body that goes out. The same wire is patched in its bytes; another one is translated, or rewritten where a quirk demands it. */
function prepare(call: Asking, protocol: Protocol): { body: Buffer | string; changed: Change[]; isTranslated?: boolean } {
  const { to, request } = call;
  if (request.wire !== undefined) return prepareForeign(call, protocol, request.wire);
  const defaults = requestDefaults(to.row, to.settings, to.model, (field) => request.scan.members.has(field));
  if (to.row.protocol === 'openai' && (request.outputTokensMax === null || !namesLimit(defaults.fields))) {
    const cap = capPatches(request);
    if (!mustRewrite(to, request, cap.patches)) {
      const patches = patchesOf(call, defaults.fields);
      patches.push(...cap.patches);
      defaults.changed.push(...cap.changed);
      return { body: patchObject(request.bytes, request.scan, patches), changed: defaults.changed };
    }
  }
  const asked = request.parsed();
  keepDigits(asked, request.bytes.toString('utf8'));
  // The connection's own limit comes before the cap, so that the smaller of the two is sent.
  const complete = withDefaults(asked, to);
  const parsed = { ...complete.request };
  const capped = request.outputTokensMax === null ? [] : capOutput(parsed, request.outputTokensMax);
  const { body, changed } = protocol.toVendor({ ...parsed, model: to.model, stream: request.isStream }, to);
  // What the rewrite leaves alone keeps its own bytes, so that no number is rounded on the way.
  const written = to.row.protocol === 'openai' ? writeObject(request.bytes, request.scan, asked, body) : JSON.stringify(body);
  return { body: written, changed: [...complete.changed, ...capped, ...changed] };
}

/** A named quirk of the row or of the model's family touches this request, or what is `added` to it: it has to be rewritten, not patched. */
function mustRewrite({ row, model }: Destination, { bytes, scan }: CallRequest, added: readonly Patch[]): boolean {
  const has = (name: string): boolean => scan.members.has(name) || added.some(({ key }) => key === name);
  if (row.developerRole === 'system' && mentions(bytes, scan, 'developer')) return true;
  // What only the house understands in a message must not reach a provider.
  if (mentions(bytes, scan, 'patchbay')) return true;
  // A provider that always reports usage does not know the option that asks for it.
  if (row.reportsUsageInStream !== 'on_request' && scan.members.has('stream_options')) return true;
  for (const name of quirkFieldsOf(row)) if (has(name)) return true;
  for (const { models, drop } of row.modelDrops) if (drop.some(has) && models.test(bareModel(model))) return true;
  for (const name of row.dropInMessages) if (bytes.includes(`"${name}"`)) return true;
  if (row.callIds === 'nine' && mentions(bytes, scan, 'tool_calls')) return true;
  return row.families !== null && isReasoningModel(model) && familyFields.some(has);
}

/** Rows never change, so what one names is gathered once and not for every request. */
const quirkFields = new WeakMap<ProviderRow, readonly string[]>();

/** The request fields that a row drops, renames, bounds or writes otherwise. */
function quirkFieldsOf(row: ProviderRow): readonly string[] {
  let names = quirkFields.get(row);
  if (!names) quirkFields.set(row, (names = namesOf(row)));
  return names;
}

const namesOf = (row: ProviderRow): readonly string[] => [
  ...row.drop,
  ...Object.keys(row.rename),
  ...Object.keys(row.limits),
  ...row.values.map(({ field }) => field),
  ...(row.logprobs === 'count' ? ['logprobs', 'top_logprobs'] : []),
];

/** Whether a word stands in a body, as a name or as a value. Most scans have looked out for it already. */
const mentions = (bytes: Buffer, { met }: Scan, word: WatchedWord): boolean => (met ? met.has(word) : bytes.includes(`"${word}"`));

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

function patchesOf({ to, request }: Asking, defaults: Readonly<Record<string, unknown>>): Patch[] {
  const patches: Patch[] = [{ key: 'model', json: JSON.stringify(bodyModel(to)) }];
  if (request.isStream && !request.wantsUsage && to.row.reportsUsageInStream === 'on_request') {
    // Read by itself: a large body is not parsed for it.
    const options = memberValue(request.bytes, request.scan, 'stream_options');
    patches.push({ key: 'stream_options', json: JSON.stringify({ ...(isRecord(options) ? options : {}), include_usage: true }) });
  }
  for (const key of Object.keys(defaults)) patches.push({ key, json: JSON.stringify(defaults[key]) });
  return patches;
}

/** The timeouts of a connection: its own where it names them, the house's elsewhere. */
export function timeoutsOf(settings: ConnectionSettings, house: CallTimeouts): CallTimeouts {
  const own = settings['timeouts'];
  if (typeof own !== 'object' || own === null) return house;
  const { connectMs, firstByteMs, idleMs, totalMs } = own as Record<'connectMs' | 'firstByteMs' | 'idleMs' | 'totalMs', unknown>;
  const pick = <Fallback>(value: unknown, fallback: Fallback): number | Fallback =>
    typeof value === 'number' && value > 0 ? value : fallback;
  return {
    connectMs: pick(connectMs, house.connectMs),
    headersMs: pick(firstByteMs, house.headersMs),
    firstEventMs: pick(firstByteMs, house.firstEventMs),
    idleMs: pick(idleMs, house.idleMs),
    totalMs: pick(totalMs, house.totalMs),
  };
}
