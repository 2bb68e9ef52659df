/** The body that goes out for a caller of another wire than the house's: as it came where the provider speaks the same, else translated. */
import type { Change } from '../domain/ledger.ts';
import { patchObject } from '../lib/json-scan.ts';
import { inCallersWords } from './callers-words.ts';
import type { Asking } from './calling.ts';
import { fieldsOf, withDefaults } from './defaults.ts';
import { settleNative } from './native.ts';
import { capOutput, capPatchesAt } from './output-cap.ts';
import type { Protocol } from './protocol.ts';
import { wireOf } from './wires.ts';
import type { CallerWire } from './writer.ts';

/** Throws UpstreamFailure('bad_request') where the connection is strict and something cannot be said. */
export function prepareForeign(
  call: Asking,
  protocol: Protocol,
  wire: CallerWire,
): { body: Buffer | string; changed: Change[]; isTranslated: boolean } {
  const { to, request } = call;
  const isSame = wireOf(to.row) === wire.id;
  if (isSame && wire.isPassable && !addsAnything(call)) return { ...passed(call, wire), isTranslated: false };
  const complete = withDefaults(request.parsed(), to);
  const settled = settleNative(complete.request, isSame ? wire.id : null, to);
  const parsed = { ...settled.request, model: to.model, stream: request.isStream };
  const capped = request.outputTokensMax === null ? [] : capOutput(parsed, request.outputTokensMax);
  const { body, changed } = protocol.toVendor(parsed, to);
  const all = [...complete.changed, ...settled.changed, ...capped, ...changed];
  return { body: JSON.stringify(body), changed: inCallersWords(all, request), isTranslated: true };
}

/** The connection has parameters of its own that the caller left to it: those are put in by the translation. */
function addsAnything({ to, request }: Asking): boolean {
  return Object.keys(fieldsOf(to.settings)).length > 0 && withDefaults(request.parsed(), to).changed.length > 0;
}

/** Every byte as it came, but for the model and a limit that a budget has set. */
function passed({ to, request }: Asking, { limitField }: CallerWire): { body: Buffer; changed: Change[] } {
  const { patches, changed } = capPatchesAt(request, limitField);
  return { body: patchObject(request.bytes, request.scan, [{ key: 'model', json: JSON.stringify(to.model) }, ...patches]), changed };
}
