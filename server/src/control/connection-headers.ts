/** Custom headers of a connection: names are shown, values are secrets like the key (D-31). */
import { headerMask, isSameDestination, isMask, type Destination, type SecretChange } from '../domain/connection-rules.ts';
import { Refusal, unfit } from '../domain/errors.ts';
import { checkCustomHeaders, EgressHeaderError } from '../egress/headers.ts';
import type { StoredConnection } from '../storage/connections.ts';
import type { ControlDeps } from './deps.ts';
import { openStored } from './secrets.ts';

export interface HeaderChange {
  change: SecretChange;
  /** What settings show: each name with a mask, or nothing where there are no headers. */
  shown: { headers?: Record<string, string> };
}

const fault = (path: string, code: string, message: string): Refusal => unfit({ path, code, message });

const masked = (names: readonly string[]): HeaderChange['shown'] =>
  names.length === 0 ? {} : { headers: Object.fromEntries(names.map((name) => [name, headerMask])) };

const namesOf = (stored: StoredConnection | null): string[] => {
  const headers = stored?.connection.settings['headers'];
  return typeof headers === 'object' && headers !== null ? Object.keys(headers) : [];
};

/**
 * What `settings.headers` asks for: absent means unchanged, null or `{}` clears, a mask keeps that one value, a text
 * replaces it, and a name that is missing goes.
 */
export async function headerChange(
  deps: ControlDeps,
  settings: Record<string, unknown> | null | undefined,
  stored: StoredConnection | null,
  path: string,
  destination: Destination,
): Promise<HeaderChange> {
  const known = namesOf(stored);
  if (settings === undefined || (settings !== null && !Object.hasOwn(settings, 'headers')))
    return { change: { kind: 'keep' }, shown: masked(known) };
  const given = entriesOf(settings?.['headers'] ?? {}, path);
  const isKept = ([, value]: readonly [string, string]): boolean => value === '' || isMask(value);
  const foreign = given.find((entry) => isKept(entry) && !known.includes(entry[0].toLowerCase()));
  if (foreign) throw fault(`${path}.${foreign[0]}`, 'mask', 'this is a mask; enter the value itself');
  if (given.length === 0) return { change: { kind: 'clear' }, shown: {} };
  const checked = checkedHeaders(given, path);
  const names = Object.keys(checked);
  if (given.every(isKept) && names.length === known.length) return { change: { kind: 'keep' }, shown: masked(names) };
  const keptNames = given.filter(isKept).map(([name]) => name.toLowerCase());
  if (keptNames.length > 0) {
    const old = await openKept(deps, stored, destination);
    for (const name of keptNames) checked[name] = old[name] ?? '';
  }
  return { change: { kind: 'set', text: JSON.stringify(checked) }, shown: masked(names) };
}

function entriesOf(given: unknown, path: string): [string, string][] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw fault(path, 'invalid_type', 'expected names and values');
  return Object.entries(given).flatMap(([name, value]): [string, string][] => {
    if (value === null) return [];
    if (typeof value !== 'string') throw fault(`${path}.${name.slice(0, 64)}`, 'invalid_type', 'expected a text');
    return [[name, value]];
  });
}

function checkedHeaders(given: readonly [string, string][], path: string): Record<string, string> {
  try {
    return checkCustomHeaders(Object.fromEntries(given));
  } catch (error) {
    if (!(error instanceof EgressHeaderError)) throw error;
    throw fault(error.header === null ? path : `${path}.${error.header}`, error.reason, error.message);
  }
}

/** The stored values, for headers that stay beside new ones; they never go to another destination. */
async function openKept(deps: ControlDeps, stored: StoredConnection | null, destination: Destination): Promise<Record<string, string>> {
  const box = stored?.sealed.headers;
  if (!stored || !box) return {};
  if (!isSameDestination(stored.connection, destination)) {
    throw new Refusal('SECRET_REQUIRED_FOR_NEW_ORIGIN', { values: { origin: stored.connection.origin } });
  }
  return JSON.parse((await openStored(deps, stored.connection, box, 'headers_encrypted')).reveal()) as Record<string, string>;
}
