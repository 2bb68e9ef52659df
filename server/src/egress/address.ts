/** Says of an IP address what it may be used for, by its bytes and never by its spelling. */
import { isIP } from 'node:net';

/**
 * `forbidden`: metadata services, link-local, multicast, reserved and never-routed ranges; not even an allow list opens them.
 * `private`: loopback, RFC 1918, RFC 6598, benchmark (RFC 2544) and unique local addresses; only an allow list opens them.
 */
export type AddressClass = 'public' | 'private' | 'forbidden';

/** An address range: the first `bits` of `bytes`; 4 bytes for IPv4, 16 for IPv6. */
export interface AddressRange {
  bytes: Uint8Array;
  bits: number;
}

/** The bytes of an IP literal (4 or 16), or null where the text is no literal or carries a zone. Brackets are not accepted. */
export function addressBytes(literal: string): Uint8Array | null {
  const version = isIP(literal);
  if (version === 4) return ipv4Bytes(literal);
  // A zone (`fe80::1%eth0`) names a local interface: nothing that a provider's address could need.
  if (version === 0 || literal.includes('%')) return null;
  return ipv6Bytes(literal);
}

function ipv4Bytes(literal: string): Uint8Array {
  return Uint8Array.from(literal.split('.'), Number);
}

function ipv6Bytes(literal: string): Uint8Array {
  const [head = '', tail] = literal.split('::');
  const front = groupBytes(head);
  const back = tail === undefined ? [] : groupBytes(tail);
  const bytes = new Uint8Array(16);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** IPv4 in its IPv6 clothes (`::ffff:a.b.c.d`) as plain IPv4; anything else as it is. The operating system treats both alike. */
export function unwrapMapped(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 && rangeHolds(mappedRange, bytes) ? bytes.subarray(12) : bytes;
}

/** Whether an address (4 or 16 bytes) lies in a range; addresses of the other family never do. */
export function rangeHolds(range: AddressRange, bytes: Uint8Array): boolean {
  if (range.bytes.length !== bytes.length) return false;
  const whole = range.bits >> 3;
  for (let index = 0; index < whole; index += 1) {
    if (range.bytes[index] !== bytes[index]) return false;
  }
  const rest = range.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return ((range.bytes[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask);
}

function range(cidr: string): AddressRange {
  const slash = cidr.indexOf('/');
  const literal = cidr.slice(0, slash);
  return { bytes: literal.includes(':') ? ipv6Bytes(literal) : ipv4Bytes(literal), bits: Number(cidr.slice(slash + 1)) };
}

const mappedRange = range('::ffff:0:0/96');
/** Carriers of an IPv4 address behind a translator, with the place of its four bytes (RFC 6052, RFC 3056). */
const translatedRanges: readonly (readonly [AddressRange, number])[] = [
  [range('64:ff9b::/96'), 12],
  [range('2002::/16'), 2],
];

/** IANA special-purpose registry and the clouds' metadata addresses; the first range that holds the address decides. */
const ipv4Classes: readonly (readonly [AddressRange, AddressClass])[] = [
  [range('168.63.129.16/32'), 'forbidden'], // Azure's wire server lies in a public range.
  [range('100.100.100.200/32'), 'forbidden'], // Alibaba's metadata service lies in the shared range below.
  [range('0.0.0.0/8'), 'forbidden'],
  [range('10.0.0.0/8'), 'private'],
  [range('100.64.0.0/10'), 'private'],
  [range('127.0.0.0/8'), 'private'],
  [range('169.254.0.0/16'), 'forbidden'],
  [range('172.16.0.0/12'), 'private'],
  [range('192.0.0.0/24'), 'forbidden'],
  [range('192.0.2.0/24'), 'forbidden'],
  [range('192.88.99.0/24'), 'forbidden'],
  [range('192.168.0.0/16'), 'private'],
  [range('198.18.0.0/15'), 'private'],
  [range('198.51.100.0/24'), 'forbidden'],
  [range('203.0.113.0/24'), 'forbidden'],
  [range('224.0.0.0/4'), 'forbidden'],
  [range('240.0.0.0/4'), 'forbidden'],
];

const ipv6Classes: readonly (readonly [AddressRange, AddressClass])[] = [
  [range('::1/128'), 'private'],
  [range('fd00:ec2::254/128'), 'forbidden'], // Amazon
  [range('fd20:ce::254/128'), 'forbidden'], // Google
  [range('fd00:42::42/128'), 'forbidden'], // Scaleway
  [range('fc00::/7'), 'private'],
  [range('2001::/23'), 'forbidden'], // Teredo and other protocol assignments
  [range('2001:db8::/32'), 'forbidden'],
  [range('3fff::/20'), 'forbidden'],
  [range('2000::/3'), 'public'],
];

/**
 * Classes an IP literal (RFC 6890 and the IANA special-purpose registries). What is no literal, carries a zone or lies in
 * space that nobody was given is `forbidden`: unknown means no.
 */
export function classifyAddress(literal: string): AddressClass {
  const bytes = addressBytes(literal);
  return bytes === null ? 'forbidden' : classifyBytes(unwrapMapped(bytes));
}

function classifyBytes(bytes: Uint8Array): AddressClass {
  if (bytes.length === 4) return firstClass(ipv4Classes, bytes, 'public');
  for (const [carrier, at] of translatedRanges) {
    if (!rangeHolds(carrier, bytes)) continue;
    // A private address behind a translator is nobody's honest spelling, so it is not even left to the allow list.
    return classifyBytes(bytes.subarray(at, at + 4)) === 'public' ? 'public' : 'forbidden';
  }
  return firstClass(ipv6Classes, bytes, 'forbidden');
}

function firstClass(classes: readonly (readonly [AddressRange, AddressClass])[], bytes: Uint8Array, otherwise: AddressClass): AddressClass {
  for (const [held, addressClass] of classes) {
    if (rangeHolds(held, bytes)) return addressClass;
  }
  return otherwise;
}
