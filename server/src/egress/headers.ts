/** Which headers people may add to their connections: none that steers routing, framing, identity or a metadata service. */

export type EgressHeaderFault = 'too_many' | 'name' | 'denied' | 'duplicate' | 'value';

/** A custom header was refused. Carries the name where it is fit to be shown, never the value. */
export class EgressHeaderError extends Error {
  override readonly name = 'EgressHeaderError';
  readonly reason: EgressHeaderFault;
  readonly header: string | null;
  constructor(reason: EgressHeaderFault, header: string | null) {
    super(`custom header refused: ${reason}`);
    this.reason = reason;
    this.header = header;
  }
}

const customHeadersMax = 20;
const nameLengthMax = 64;
const valueLengthMax = 2_048;
/** RFC 9110 section 5.6.2, `token`. */
const nameForm = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const valueForm = /^[\x20-\x7e]*$/;

const deniedNames: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'transfer-encoding',
  'content-length',
  'expect',
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'cookie2',
  'forwarded',
  'via',
  'x-real-ip',
  'metadata-flavor',
  'metadata',
  'x-aws-ec2-metadata-token',
  'x-aws-ec2-metadata-token-ttl-seconds',
  'x-google-metadata-request',
  '__proto__',
  'constructor',
  'prototype',
]);
const deniedPrefixes: readonly string[] = ['proxy-', 'x-forwarded-', 'sec-'];
/** Denied beside a key because they are where keys travel; for the key itself they are the usual ones. */
const keyNames: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']);

const isDenied = (lower: string): boolean => deniedNames.has(lower) || deniedPrefixes.some((prefix) => lower.startsWith(prefix));

/** Whether a connection's key may travel under this name: not where it would steer routing, framing or a metadata service. */
export function mayCarryKey(name: string): boolean {
  const lower = name.toLowerCase();
  return keyNames.has(lower) || !isDenied(lower);
}

/**
 * Checks the custom headers of a connection and answers them with lower-case names, in an object without a prototype.
 * At most 20, names of at most 64 characters, values of at most 2,048 printable ASCII characters.
 * @throws EgressHeaderError
 */
export function checkCustomHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(headers);
  if (names.length > customHeadersMax) throw new EgressHeaderError('too_many', null);
  const checked = Object.create(null) as Record<string, string>;
  for (const name of names) {
    if (name.length > nameLengthMax || !nameForm.test(name)) throw new EgressHeaderError('name', null);
    const lower = name.toLowerCase();
    if (isDenied(lower)) throw new EgressHeaderError('denied', lower);
    // Two spellings of one name would reach the provider as two headers, and which one counts would be its choice.
    if (lower in checked) throw new EgressHeaderError('duplicate', lower);
    const value: unknown = headers[name];
    if (typeof value !== 'string' || value.length > valueLengthMax || !valueForm.test(value) || value !== value.trim()) {
      throw new EgressHeaderError('value', lower);
    }
    checked[lower] = value;
  }
  return checked;
}
