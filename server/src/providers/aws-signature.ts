/** AWS's signature over a request (Signature Version 4, by Smithy's signer), and the bearer keys that need none. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { UpstreamFailure } from '../domain/errors.ts';
import type { Destination, UnsignedRequest } from './protocol.ts';

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const twoPart = /^(A[A-Z0-9]{15,127}):([^:\s]{16,})(?::([^:\s]+))?$/;

/** `<access key id>:<secret access key>` with a session token behind another colon; null for a bearer key. */
export function credentialsOf(secret: string): AwsCredentials | null {
  const found = twoPart.exec(secret.trim());
  if (!found) return null;
  const [, accessKeyId = '', secretAccessKey = '', sessionToken] = found;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

const hostRegion = /^bedrock(?:-runtime)?(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;
const regionDefault = 'us-east-1';

/** The setting, else the region of the address, else the first one there was. */
export function regionOf(to: Pick<Destination, 'settings' | 'baseUrl'>): string {
  const said = to.settings['region'];
  if (typeof said === 'string' && said !== '') return said;
  return hostRegion.exec(new URL(to.baseUrl).hostname)?.[1] ?? regionDefault;
}

/** The one header besides the host that the signature covers: the others may be changed by whoever carries them. */
const covered = 'content-type';

/**
 * The headers of a signed request; null for a bearer key, which travels by itself. Pure: the time is handed in, and nothing
 * else decides. Rejects with UpstreamFailure('auth') where a key id came without its secret.
 */
export function sign(request: UnsignedRequest, to: Destination, secret: string, nowMs: number): Promise<Record<string, string>> | null {
  const credentials = credentialsOf(secret);
  if (!credentials) return null;
  return signed(request, credentials, regionOf(to), nowMs);
}

async function signed(
  { method, origin, path, headers, body }: UnsignedRequest,
  credentials: AwsCredentials,
  region: string,
  nowMs: number,
): Promise<Record<string, string>> {
  const url = new URL(origin);
  const signer = new SignatureV4({ service: 'bedrock', region, sha256: Sha256, credentials });
  const [pathname = '/', query = ''] = path.split('?', 2);
  const { headers: result } = await signer
    .sign(
      {
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: pathname,
        query: Object.fromEntries(new URLSearchParams(query)),
        headers: { host: url.host, ...(headers[covered] !== undefined && { [covered]: headers[covered] }) },
        body: body ?? '',
      },
      { signingDate: new Date(nowMs) },
    )
    .catch((cause: unknown) => {
      throw new UpstreamFailure('auth', 'the request could not be signed', { cause });
    });
  const { host: _host, [covered]: _type, ...proof } = result;
  return proof;
}

/** Everything of a secret that an error may repeat. */
export function secretParts(secret: string): string[] {
  const credentials = credentialsOf(secret);
  if (!credentials) return [];
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return [accessKeyId, secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])];
}
