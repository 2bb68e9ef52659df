/** Connections in the configuration file: everything but their secrets, for which the file names where they are. */
import type { StoredConnection } from '../../storage/connections.ts';
import { findConnection } from '../../storage/connections.ts';
import { backupsOf } from '../../domain/routing-group.ts';
import { isSameDestination, type Destination } from '../../domain/connection-rules.ts';
import { Refusal } from '../../domain/errors.ts';
import { providerRow } from '../../providers/catalog.ts';
import { originOf } from '../../providers/normalise.ts';
import { createConnection, changeConnection, deleteConnection } from '../connections.ts';
import type { ConnectionInput, FieldWords } from '../connection-input.ts';
import { actingFor, removingFor } from '../operator-connections.ts';
import { openStored } from '../secrets.ts';
import { byKey, type Context, type Current, type Kind, type Reference } from './kind.ts';
import { keyOfName, nameInFile } from './names.ts';
import { referencesOf } from './references.ts';
import type { ConnectionSpec } from './shapes.ts';
import { elsewhere, unopened, unreadable } from './unreadable.ts';
import { variableOf } from './variables.ts';

const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'secret',
  accessKeyId: 'accessKeyId',
  model: 'model',
  settings: 'settings',
  needsModel: false,
};

/** An owner before the connections that are its own, and names as people read them. */
const keyOf = (spec: ConnectionSpec): string => keyOfName(spec);

async function specOf(context: Context, stored: StoredConnection, taken: Set<string>): Promise<ConnectionSpec> {
  const { connection, sealed } = stored;
  const { headers, backups: _backups, ...settings } = connection.settings as Record<string, unknown>;
  const named = { owner: context.names.ownerText(connection.owner), name: nameInFile(connection) };
  const reference = (field: string): string => {
    const wanted = variableOf('CONNECTION', named, field);
    let variable = wanted;
    // Two names may come to one variable; the second one gets a number, by the order of the file.
    for (let number = 2; taken.has(variable); number++) variable = `${wanted}_${number}`;
    taken.add(variable);
    return `env:${variable}`;
  };
  const headerNames = typeof headers === 'object' && headers !== null ? Object.keys(headers).toSorted() : [];
  return {
    ...named,
    provider: connection.providerId,
    baseUrl: connection.baseUrl,
    model: connection.model,
    secret: sealed.secret === null ? null : reference('KEY'),
    accessKeyId: sealed.accessKeyId === null ? null : reference('ACCESS_KEY_ID'),
    headers: Object.fromEntries(
      headerNames.map((name) => [name, reference(`HEADER_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`)]),
    ),
    settings,
    backups: backupsOf(connection.settings).flatMap(({ connectionId, model }) => {
      const target = context.names.connectionName(connectionId);
      return target === null ? [] : [{ connection: target, model }];
    }),
    isActive: connection.isActive,
    isDefault: connection.isDefault,
  };
}

async function read(context: Context): Promise<Current<ConnectionSpec>[]> {
  const found: { id: string; spec: ConnectionSpec; stored: StoredConnection }[] = [];
  for (const id of context.deps.keeper.snapshot.connections.keys()) {
    const stored = await findConnection(context.deps.database, id);
    if (stored && !stored.isDeleted) found.push({ id, stored, spec: await specOf(context, stored, new Set()) });
  }
  const taken = new Set<string>();
  const ordered: Current<ConnectionSpec>[] = [];
  for (const { id, stored } of found.toSorted(byKey(keyOf))) ordered.push({ id, spec: await specOf(context, stored, taken) });
  return ordered;
}

interface StoredSecrets {
  destination: Destination;
  /** Undefined where there is none, null where it does not open. */
  secret: string | null | undefined;
  accessKeyId: string | null | undefined;
  headers: Record<string, string> | null;
}

/** The stored values, opened, to see whether the file's are others. */
async function storedSecrets({ deps }: Context, id: string): Promise<StoredSecrets> {
  const stored = await findConnection(deps.database, id);
  if (!stored) throw new Refusal('NOT_FOUND');
  const { connection, sealed } = stored;
  const open = async (box: string | null, column: Parameters<typeof openStored>[3]): Promise<string | null | undefined> => {
    if (box === null) return undefined;
    try {
      return (await openStored(deps, connection, box, column)).reveal();
    } catch (error) {
      // The value of the file takes its place, as one that somebody enters does.
      if (error instanceof Refusal && error.code === 'SECRET_UNREADABLE') return null;
      throw error;
    }
  };
  const headers = await open(sealed.headers, 'headers_encrypted');
  return {
    destination: connection,
    secret: await open(sealed.secret, 'api_key_encrypted'),
    accessKeyId: await open(sealed.accessKeyId, 'access_key_encrypted'),
    headers: headers === null ? null : (JSON.parse(headers ?? '{}') as Record<string, string>),
  };
}

/** Whether the file leads it elsewhere: what is stored does not go there, and the same text is entered again. */
function isMovedFrom(before: Destination, { provider, baseUrl }: ConnectionSpec): boolean {
  const row = providerRow(provider);
  if (!row || row.isInternal) return before.providerId !== provider;
  try {
    return !isSameDestination(before, { providerId: provider, origin: originOf(row, baseUrl) });
  } catch (error) {
    // An address that cannot be one is refused with its own words.
    if (error instanceof Refusal) return false;
    throw error;
  }
}

interface SecretInput {
  input: Pick<ConnectionInput, 'secret' | 'accessKeyId'> & { headers?: Record<string, string> | null };
  changed: string[];
}

/** What the file asks of the secrets. One that cannot be read here is kept where there is one. @throws Refusal where there is none */
async function secretsOf(context: Context, spec: ConnectionSpec, id: string | null): Promise<SecretInput> {
  const stored = id === null ? null : await storedSecrets(context, id);
  const isMoved = stored !== null && isMovedFrom(stored.destination, spec);
  const result: SecretInput = { input: {}, changed: [] };
  for (const field of ['secret', 'accessKeyId'] as const) {
    const reference = spec[field];
    const before = stored?.[field];
    const value = reference === null ? null : context.secrets.get(reference);
    if (reference !== null && value === undefined && (before === undefined || isMoved))
      throw unreadable(field, reference, before === undefined ? undefined : elsewhere);
    const isSame = value === null ? before === undefined : value === before && !isMoved;
    if (value === undefined || isSame) continue;
    result.input[field] = value;
    result.changed.push(field);
  }
  const headers = headersOf(context, spec, stored, isMoved);
  if (headers !== 'kept') {
    result.input.headers = headers;
    result.changed.push('headers');
  }
  return result;
}

/** The headers to set, all of them, or null for none. @throws Refusal where one cannot be read and none is stored that could stay */
function headersOf(
  context: Context,
  spec: ConnectionSpec,
  stored: StoredSecrets | null,
  isMoved: boolean,
): Record<string, string> | null | 'kept' {
  const named = Object.entries(spec.headers).map(([name, reference]) => ({ name, reference, value: context.secrets.get(reference) }));
  const known = stored?.headers;
  // What does not open, and cannot be replaced from here, stays as it is.
  if (known === null && !isMoved && named.length > 0 && named.every(({ value }) => value === undefined)) return 'kept';
  const headers: Record<string, string> = {};
  for (const { name, reference, value } of named) {
    const before = known?.[name.toLowerCase()];
    const text = value ?? (isMoved ? undefined : before);
    if (text === undefined)
      throw unreadable(`headers.${name}`, reference, known === null ? unopened : before === undefined ? undefined : elsewhere);
    headers[name.toLowerCase()] = text;
  }
  if (named.length === 0) return known === null || Object.keys(known ?? {}).length > 0 ? null : 'kept';
  const isSame = !isMoved && known !== null && JSON.stringify(sortedEntries(headers)) === JSON.stringify(sortedEntries(known ?? {}));
  return isSame ? 'kept' : headers;
}

const sortedEntries = (map: Record<string, string>): [string, string][] => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Without backups: what they point to may not be there yet. */
function inputOf(context: Context, spec: ConnectionSpec, secrets: SecretInput, withBackups: boolean): ConnectionInput {
  const { headers, ...plain } = secrets.input;
  const backups = withBackups
    ? spec.backups.map(({ connection, model }) => ({
        connectionId: context.names.connectionId(connection),
        ...(model === null ? {} : { model }),
      }))
    : [];
  return {
    name: spec.name,
    providerId: spec.provider,
    baseUrl: spec.baseUrl,
    model: spec.model,
    ...plain,
    settings: {
      ...spec.settings,
      ...(headers === undefined ? maskedHeaders(spec) : headers === null ? {} : { headers }),
      ...(backups.length === 0 ? {} : { backups }),
    },
    isActive: spec.isActive,
    isDefault: spec.isDefault,
  };
}

/** A mask sent back means unchanged (C-03). */
const maskedHeaders = ({ headers }: ConnectionSpec): Record<string, unknown> => {
  const names = Object.keys(headers);
  return names.length === 0 ? {} : { headers: Object.fromEntries(names.map((name) => [name, '***'])) };
};

export const connections: Kind<ConnectionSpec> = {
  section: 'connections',
  read,
  keyOf,
  nameOf: ({ owner, name }) => (owner === 'organization' ? name : `${name} (${owner})`),
  references: (spec): Reference[] => [
    ...referencesOf.owner(spec.owner),
    ...spec.backups.flatMap(({ connection }, index) => referencesOf.connection(connection, ['backups', index])),
  ],
  comparable: (spec) => ({
    ...spec,
    secret: spec.secret !== null,
    accessKeyId: spec.accessKeyId !== null,
    headers: Object.keys(spec.headers)
      .map((name) => name.toLowerCase())
      .toSorted(),
  }),
  laterFields: ({ backups }) => (backups.length > 0 ? ['backups'] : []),
  async hiddenChanges(context, spec, current) {
    return (await secretsOf(context, spec, current?.id ?? null)).changed;
  },
  async create(context, spec) {
    const owner = context.names.ownerOf(spec.owner);
    const input = inputOf(context, spec, await secretsOf(context, spec, null), false);
    return createConnection(context.deps, actingFor(context.deps, context.caller, owner), owner, input, words);
  },
  async change(context, { id }, spec) {
    const owner = context.names.ownerOf(spec.owner);
    const input = inputOf(context, spec, await secretsOf(context, spec, id), true);
    return changeConnection(context.deps, actingFor(context.deps, context.caller, owner), id, input, words);
  },
  remove: (context, { id, spec }) =>
    deleteConnection(context.deps, removingFor(context.deps, context.caller, context.names.ownerOf(spec.owner)), id, { isForced: false }),
};
