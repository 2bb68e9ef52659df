/** What a failure on the way out means to an attempt. */
import { UpstreamFailure, type Fault } from '../domain/errors.ts';
import type { EgressError, EgressErrorCode } from '../egress/egress.ts';

const faults: Record<EgressErrorCode, Fault> = {
  egress_blocked: 'blocked',
  dns_failed: 'dns',
  dns_timeout: 'connect_timeout',
  connect_refused: 'unreachable',
  connect_timeout: 'connect_timeout',
  connect_reset: 'connection_lost',
  tls_invalid: 'tls',
  tls_failed: 'tls',
  protocol: 'protocol',
  headers_overflow: 'protocol',
  closed_before_headers: 'connection_lost',
  reset: 'connection_lost',
  truncated: 'connection_lost',
  aborted: 'connection_lost',
  body_too_large: 'too_large',
  timeout: 'headers_timeout',
};

/** Losses of a reused socket before a byte of the answer: the provider never saw the request (B2 of the fault matrix). */
const raceCodes: ReadonlySet<EgressErrorCode> = new Set(['closed_before_headers', 'reset', 'connect_reset']);

export function failureOfEgress(error: EgressError): UpstreamFailure {
  return new UpstreamFailure(faults[error.code], error.message, {
    isReuseRace: error.socketReused && error.bytesReceived === 0 && raceCodes.has(error.code),
    cause: error.cause === undefined ? undefined : error,
  });
}
