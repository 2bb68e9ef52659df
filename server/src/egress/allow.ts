/** The operator's list of private targets, and the default that stands in while there is none. */
import { addressBytes, rangeHolds, unwrapMapped, type AddressRange } from './address.ts';

/** One `host:port` or `cidr:port`: either `host` (lower case, canonical) or `range` is set; the ports are inclusive. */
export interface AllowEntry {
  host: string | null;
  range: AddressRange | null;
  portFrom: number;
  portTo: number;
}

/**
 * What may be reached besides public addresses. `version` grows with every change, so that sockets opened under an older
 * policy are not used again. An `explicit` list counts for everyone, the built-in one for administrators' connections only.
 */
export interface EgressPolicy {
  version: number;
  entries: AllowEntry[];
  explicit: boolean;
}

const allowEntriesMax = 1_000;
const defaultPorts = [11434, 8000, 1234, 8080];
const loopbackRanges: readonly string[] = ['127.0.0.0/8', '::1/128'];
const entryForm = /^(?:\[([0-9a-f:.]+)(?:\/(\d{1,3}))?\](?:\/(\d{1,3}))?|([^\s:/[\]@?#*\\]+)(?:\/(\d{1,3}))?):(\*|\d{1,5}(?:-\d{1,5})?)$/i;

/**
 * Reads `PATCHBAY_EGRESS_ALLOW`: `host:port`, `10.20.0.0/16:8000-9000`, `[fd12::/16]:*`, separated by commas.
 * @throws Error with one line that names the entry that cannot be read
 */
export function parseAllowList(text: string): AllowEntry[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length > allowEntriesMax) throw new Error(`PATCHBAY_EGRESS_ALLOW has more than ${allowEntriesMax} entries`);
  return parts.map(parseEntry);
}

function parseEntry(text: string): AllowEntry {
  const [, ipv6, bitsInside, bitsAfter, plain, plainBits, ports = ''] =
    entryForm.exec(text) ?? refuse(text, 'expected host:port or cidr:port');
  const [portFrom, portTo] = parsePorts(text, ports);
  const host = canonicalHost(text, ipv6 === undefined ? (plain ?? '') : `[${ipv6}]`);
  const bytes = addressBytes(host);
  const bitsText = bitsInside ?? bitsAfter ?? plainBits;
  if (bytes === null) {
    if (bitsText !== undefined) refuse(text, 'only an address can have a prefix length');
    return { host, range: null, portFrom, portTo };
  }
  const bits = bitsText === undefined ? bytes.length * 8 : Number(bitsText);
  if (bits > bytes.length * 8) refuse(text, 'the prefix is longer than the address');
  return { host: null, range: unmappedRange(bytes, bits), portFrom, portTo };
}

/** Addresses are compared as plain IPv4 where they are that, so a range given in the mapped form is turned the same way. */
function unmappedRange(bytes: Uint8Array, bits: number): AddressRange {
  const plain = unwrapMapped(bytes);
  return plain.length < bytes.length && bits >= 96 ? { bytes: plain, bits: bits - 96 } : { bytes, bits };
}

function parsePorts(text: string, ports: string): [number, number] {
  if (ports === '*') return [1, 65_535];
  const [from = 0, to = from] = ports.split('-').map(Number);
  if (from < 1 || to > 65_535 || from > to) refuse(text, 'a port is a number from 1 to 65535, a range goes upwards');
  return [from, to];
}

/** The spelling that a parsed URL would have, so that `LOCALHOST`, `127.1` and `bücher.example` mean what they mean there. */
function canonicalHost(text: string, host: string): string {
  if (!URL.canParse(`http://${host}/`)) refuse(text, 'the host is not valid');
  return bareHost(new URL(`http://${host}/`).hostname);
}

/** A URL's hostname without the brackets of IPv6 and without the dot of the DNS root. */
export function bareHost(hostname: string): string {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
}

function refuse(entry: string, why: string): never {
  throw new Error(`PATCHBAY_EGRESS_ALLOW: cannot read "${entry}": ${why}`);
}

/** Without a list: the ports where local model servers listen (Ollama, vLLM, LM Studio, llama.cpp), on loopback alone. */
export function defaultPolicy(): EgressPolicy {
  const specs = loopbackRanges.flatMap((cidr) => defaultPorts.map((port) => `${cidr.includes('::') ? `[${cidr}]` : cidr}:${port}`));
  return { version: 1, entries: parseAllowList(specs.join(',')), explicit: false };
}

/** The policy of an operator who set the variable; an empty text allows nothing private at all. */
export function explicitPolicy(text: string, version = 1): EgressPolicy {
  return { version, entries: parseAllowList(text), explicit: true };
}

/** Whether the entry opens this port of this host, or of this address whatever name led to it. */
export function entryAllows(entry: AllowEntry, host: string, address: Uint8Array | null, port: number): boolean {
  if (port < entry.portFrom || port > entry.portTo) return false;
  if (entry.range === null) return entry.host === host;
  return address !== null && rangeHolds(entry.range, unwrapMapped(address));
}

/** The entry that an operator would add to open a target; `host` without brackets. */
export function allowEntryFor(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
