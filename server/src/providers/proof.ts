/** How a request proves whose it is where its secret cannot simply be sent: signed, or exchanged for a token first. */
import type { Egress } from '../egress/egress.ts';
import type { Clock } from '../lib/clock.ts';
import { accessTokenOf, isKeyFile } from './google-token.ts';
import type { Destination, Protocol, UnsignedRequest } from './protocol.ts';

/**
 * Headers to add before a request leaves; null where the ones it has are enough, as nearly always.
 * Rejects with UpstreamFailure: `auth` for a secret that proves nothing, or what became of the exchange.
 */
export function proofOf(
  deps: { egress: Egress; clock: Clock },
  protocol: Protocol,
  to: Destination,
  secret: string,
  request: UnsignedRequest,
): Promise<Record<string, string>> | null {
  if (to.row.auth.kind === 'service_account' && isKeyFile(secret))
    return accessTokenOf(deps, secret).then((token) => ({ authorization: `Bearer ${token}` }));
  return protocol.sign?.(request, to, secret, deps.clock.nowMs()) ?? null;
}

/** Whatever of a secret may be echoed: itself, its parts, and what was made of it for one request. */
export function concealedOf(protocol: Protocol, secret: string, proof: Readonly<Record<string, string>> = {}): string[] {
  const values = Object.values(proof).flatMap((value) => [value, value.replace(/^Bearer /, '')]);
  return [secret, ...(protocol.secretParts?.(secret) ?? []), ...values];
}
