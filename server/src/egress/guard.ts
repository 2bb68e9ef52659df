/** The rule of the way out: which host, address and port may be reached under a policy. Pure; `connect.ts` enforces it. */
import { addressBytes, classifyAddress } from './address.ts';
import { allowEntryFor, bareHost, entryAllows, type EgressPolicy } from './allow.ts';

/** Whose connection asks. It decides whether the built-in default policy applies. */
export type Trust = 'administrator' | 'member';

/** `allowEntry` is what an operator could add to the allow list; null where nothing can open the target. */
export type Verdict = { allowed: true } | { allowed: false; allowEntry: string | null };

const allowed: Verdict = { allowed: true };
const never: Verdict = { allowed: false, allowEntry: null };

/** Names of metadata services and of the platform's own control plane. They resolve to whatever the network likes, so the name itself is refused. */
const forbiddenNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.goog',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'instance-data',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'consul',
]);
const forbiddenSuffixes: readonly string[] = ['.metadata.google.internal', '.metadata.goog', '.cluster.local', '.consul'];
const forbiddenInternal = /^(?:metadata|instance-data)\.(?:.+\.)?internal$/;

/** Whether a host name (any case, with or without the final dot) is never a target. */
export function isForbiddenName(hostname: string): boolean {
  const name = bareHost(hostname.toLowerCase());
  return forbiddenNames.has(name) || forbiddenInternal.test(name) || forbiddenSuffixes.some((suffix) => name.endsWith(suffix));
}

/**
 * Ports where something other than a model provider listens: mail, shells, databases, cluster control. Speaking HTTP to
 * them is how a request forgery becomes a command, so they need an entry even at a public address.
 */
const dangerousPorts: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117,
  119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563,
  587, 601, 636, 873, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190,
  5060, 5061, 5432, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 9042, 9092, 9200, 9300, 10080,
  10250, 10255, 11211, 27017, 27018, 27019, 50070,
]);

/** Where mail servers listen (RFC 8314, RFC 6409, RFC 5321): dangerous for HTTP, and the place to be for mail. */
const mailPorts: ReadonlySet<number> = new Set([25, 465, 587]);

/** Whether a port needs an entry of the allow list even at a public address. */
export function isDangerousPort(port: number): boolean {
  return dangerousPorts.has(port);
}

/** Whether the policy opens a port of a host by its name alone; for the check at the time of saving, before any look-up. */
export function policyNames(policy: EgressPolicy, host: string, port: number): boolean {
  return policy.entries.some((entry) => entryAllows(entry, host, addressBytes(host), port));
}

/**
 * Judges one address that a connection would use or uses. `host` is the name or literal that led to it, without brackets.
 * Called for the literal, for every resolved address and for the peer of the open socket.
 */
export function judgeAddress(
  policy: EgressPolicy,
  trust: Trust,
  host: string,
  port: number,
  address: string,
  speaks: 'http' | 'mail' = 'http',
): Verdict {
  const addressClass = classifyAddress(address);
  if (addressClass === 'forbidden' || port === 0 || isForbiddenName(host)) return never;
  const isAtHome = !dangerousPorts.has(port) || (speaks === 'mail' && mailPorts.has(port));
  if (addressClass === 'public' && isAtHome) return allowed;
  const counts = policy.explicit || trust === 'administrator';
  const bytes = addressBytes(address);
  if (counts && policy.entries.some((entry) => entryAllows(entry, host, bytes, port))) return allowed;
  return { allowed: false, allowEntry: allowEntryFor(host, port) };
}

/** The port of a URL or origin, also where it is the scheme's own. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/**
 * Judges a target when it is saved, as far as that can be known without DNS: forbidden names, literals and ports. A name
 * that resolves to a private address passes here and is judged when the connection is made.
 */
export function judgeUrl(policy: EgressPolicy, trust: Trust, url: URL): Verdict {
  const host = bareHost(url.hostname);
  const port = portOf(url);
  if (addressBytes(host) !== null) return judgeAddress(policy, trust, host, port, host);
  if (isForbiddenName(host)) return never;
  if (!dangerousPorts.has(port)) return allowed;
  const counts = policy.explicit || trust === 'administrator';
  return counts && policyNames(policy, host, port) ? allowed : { allowed: false, allowEntry: allowEntryFor(host, port) };
}
