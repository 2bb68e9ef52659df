/** What tests of translations share: a destination by provider id, a fixed moment, and events from texts. */
import { UpstreamFailure } from '../../src/domain/errors.ts';
import type { ConnectionSettings } from '../../src/domain/connection.ts';
import type { SseEvent } from '../../src/lib/sse.ts';
import { mustProviderRow, rowAt, rowFor } from '../../src/providers/catalog.ts';
import { normaliseBase } from '../../src/providers/normalise.ts';
import type { Destination, Moment } from '../../src/providers/protocol.ts';
import { chatWriter, type CallerWire } from '../../src/providers/writer.ts';

/** A caller of the Messages wire, as far as the body that goes out is concerned. */
export const messagesWire: CallerWire = {
  id: 'messages',
  isPassable: true,
  headers: {},
  limitField: 'max_tokens',
  promptField: 'system',
  whole: () => '',
  passWhole: (body) => body,
  writer: () => chatWriter(true),
};

export const moment: Moment = { createdS: 1_700_000_000, id: 'chatcmpl-test' };

/** A destination of one provider; its own address, or a local one where it has none. */
export function destination(
  providerId: string,
  model: string,
  settings: ConnectionSettings = {},
  entered: string | null = null,
): Destination {
  const row = mustProviderRow(providerId);
  const base = normaliseBase(row, entered ?? row.baseUrl ?? 'http://127.0.0.1:9/v1');
  return { row: rowFor(rowAt(row, base.baseUrl), settings, model), baseUrl: base.baseUrl, settings, model };
}

export const event = (data: unknown, name = 'message'): SseEvent => ({
  event: name,
  data: typeof data === 'string' ? data : JSON.stringify(data),
});

/** The fault that a call ends in; `none` where it ends well. Anything but an UpstreamFailure is thrown on. */
export function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UpstreamFailure) return error.fault;
    throw error;
  }
  return 'none';
}
