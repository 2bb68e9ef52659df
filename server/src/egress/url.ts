/** The rule for a target's URL when it is saved: one spelling, nothing hidden in it. Every write path calls it. */
import { addressBytes, classifyAddress } from './address.ts';
import { bareHost, type EgressPolicy } from './allow.ts';
import { isDangerousPort, isForbiddenName, policyNames, portOf } from './guard.ts';

export type EgressUrlFault =
  | 'too_long'
  | 'characters'
  | 'scheme'
  | 'not_a_url'
  | 'credentials'
  | 'query'
  | 'fragment'
  | 'dot_segments'
  | 'host'
  | 'forbidden_host'
  | 'port';

/** A URL that cannot be a target. The message never repeats the URL, which may hold a password. */
export class EgressUrlError extends Error {
  override readonly name = 'EgressUrlError';
  readonly reason: EgressUrlFault;
  constructor(reason: EgressUrlFault) {
    super(`this URL cannot be a target: ${reason}`);
    this.reason = reason;
  }
}

const urlLengthMax = 2_048;
const hostLengthMax = 253;
// Blanks, controls and the backslash are dropped or folded silently by URL parsers; what was typed would not be what is used.
const unwantedCharacters = /[\s\p{Cc}\ufeff\\]/u;
const schemeForm = /^https?:\/\/[^/]/i;
const dotSegment = /\/(?:\.|%2e){1,2}(?=\/|$)/i;

/**
 * Checks and canonicalises a target. Equal targets have equal origins: upper case, a final dot of the host, the default port
 * and every spelling of an address come out the same. A dangerous port is refused unless `policy` lists it.
 * Public or private is not decided here: `judgeUrl` and the connection itself do that.
 * @throws EgressUrlError with the reason
 */
export function checkTargetUrl(text: string, policy?: EgressPolicy): { url: URL; origin: string } {
  if (text.length > urlLengthMax) throw new EgressUrlError('too_long');
  if (unwantedCharacters.test(text)) throw new EgressUrlError('characters');
  if (!schemeForm.test(text)) throw new EgressUrlError('scheme');
  if (text.includes('?')) throw new EgressUrlError('query');
  if (text.includes('#')) throw new EgressUrlError('fragment');
  const [authority, path] = splitAtPath(text);
  if (authority.includes('@')) throw new EgressUrlError('credentials');
  if (dotSegment.test(path)) throw new EgressUrlError('dot_segments');
  if (!URL.canParse(text)) throw new EgressUrlError('not_a_url');
  const url = new URL(text);
  checkHost(url);
  checkPort(url, policy);
  return { url, origin: url.origin };
}

function splitAtPath(text: string): [string, string] {
  const start = text.indexOf('//') + 2;
  const slash = text.indexOf('/', start);
  return slash < 0 ? [text.slice(start), ''] : [text.slice(start, slash), text.slice(slash)];
}

function checkHost(url: URL): void {
  const host = bareHost(url.hostname);
  // The final dot makes another origin of the same host; without this the same key would have to be entered twice.
  if (host !== url.hostname && !url.hostname.startsWith('[')) url.hostname = host;
  if (addressBytes(host) !== null) {
    if (classifyAddress(host) === 'forbidden') throw new EgressUrlError('forbidden_host');
    return;
  }
  const labels = host.split('.');
  if (host.length > hostLengthMax || labels.some((label) => label === '' || label.length > 63)) throw new EgressUrlError('host');
  if (isForbiddenName(host)) throw new EgressUrlError('forbidden_host');
}

function checkPort(url: URL, policy: EgressPolicy | undefined): void {
  const port = portOf(url);
  if (port === 0) throw new EgressUrlError('port');
  if (!isDangerousPort(port)) return;
  if (policy === undefined || !policyNames(policy, bareHost(url.hostname), port)) throw new EgressUrlError('port');
}
