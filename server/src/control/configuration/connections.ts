/** Connections in the configuration file: everything but their secrets, for which the file names where they are. */
import type { StoredConnection } from '../../storage/connections.ts';
import { findConnection } from '../../storage/connections.ts';
import { backupsOf } from '../../domain/routing-group.ts';
import { unfit, Refusal } from '../../domain/errors.ts';
import { createConnection, changeConnection, deleteConnection } from '../connections.ts';
import type { ConnectionInput, FieldWords } from '../connection-input.ts';
import { actingFor, removingFor } from '../operator-connections.ts';
import { openStored } from '../secrets.ts';
import { byKey, type Context, type Current, type Kind, type Reference } from './kind.ts';
import { keyOfName } from './names.ts';
import { referencesOf } from './references.ts';
import type { ConnectionSpec } from './shapes.ts';
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
  const named = { owner: context.names.ownerText(connection.owner), name: connection.name };
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
    name: connection.name,
    owner: named.owner,
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

/** The stored values, opened, to see whether the file's are others. */
async function storedSecrets(
  { deps }: Context,
  id: string,
): Promise<{ secret: string | null; accessKeyId: string | null; headers: Record<string, string> }> {
  const stored = await findConnection(deps.database, id);
  if (!stored) throw new Refusal('NOT_FOUND');
  const { connection, sealed } = stored;
  const open = async (box: string | null, column: Parameters<typeof openStored>[3]): Promise<string | null> =>
    box === null ? null : (await openStored(deps, connection, box, column)).reveal();
  const headers = await open(sealed.headers, 'headers_encrypted');
  return {
    secret: await open(sealed.secret, 'api_key_encrypted'),
    accessKeyId: await open(sealed.accessKeyId, 'access_key_encrypted'),
    headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>),
  };
}

interface SecretInput {
  input: Pick<ConnectionInput, 'secret' | 'accessKeyId'> & { headers?: Record<string, string> | null };
  changed: string[];
}

/** What the file asks of the secrets. One that cannot be read here is kept where there is one. @throws Refusal where there is none */
async function secretsOf(context: Context, spec: ConnectionSpec, id: string | null): Promise<SecretInput> {
  const stored = id === null ? null : await storedSecrets(context, id);
  const result: SecretInput = { input: {}, changed: [] };
  for (const field of ['secret', 'accessKeyId'] as const) {
    const reference = spec[field];
    const before = stored?.[field] ?? null;
    const value = reference === null ? null : context.secrets.get(reference);
    if (reference !== null && value === undefined && before === null) throw unreadable(field, reference);
    if (value === undefined || value === before) continue;
    result.input[field] = value;
    result.changed.push(field);
  }
  const headers: Record<string, string> = {};
  for (const [name, reference] of Object.entries(spec.headers)) {
    const value = context.secrets.get(reference) ?? stored?.headers[name.toLowerCase()];
    if (value === undefined) throw unreadable(`headers.${name}`, reference);
    headers[name.toLowerCase()] = value;
  }
  if (JSON.stringify(sortedEntries(headers)) !== JSON.stringify(sortedEntries(stored?.headers ?? {}))) {
    result.input.headers = Object.keys(headers).length === 0 ? null : headers;
    result.changed.push('headers');
  }
  return result;
}

const sortedEntries = (map: Record<string, string>): [string, string][] => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));

const unreadable = (path: string, reference: string): Refusal =>
  unfit({ path, code: 'secret_missing', message: `${reference} cannot be read here, and there is no stored value yet` });

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
