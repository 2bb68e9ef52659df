/** From what somebody entered to what may be saved: every rule of a connection is checked here, whichever face it came by. */
import { urlText } from '@patchbay/contract/connections';
import { modelText } from '@patchbay/contract/text';
import type { z } from 'zod';
import type { Connection } from '../domain/connection.ts';
import { maskOf } from '../domain/connection.ts';
import {
  isLocalHost,
  isRetestNeeded,
  needsSecretAt,
  refuseKeptSecrets,
  secretChangeOf,
  secretTailOf,
  type SecretChange,
} from '../domain/connection-rules.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import { isAdministrator, type Actor } from '../domain/owner.ts';
import { mayCarryKey } from '../egress/headers.ts';
import { EgressUrlError } from '../egress/url.ts';
import { isProviderSecret } from '../lib/secret.ts';
import { inferProvider, providerRow, type ProviderRow } from '../providers/catalog.ts';
import { normaliseBase } from '../providers/normalise.ts';
import { settingsFaults } from '../providers/schemas.ts';
import type { ConnectionColumns, StoredConnection } from '../storage/connections.ts';
import { headerChange } from './connection-headers.ts';
import type { ControlDeps } from './deps.ts';
import type { SecretChanges } from './secrets.ts';

/** What a request says; undefined is "not mentioned", null clears (C-20). */
export interface ConnectionInput {
  name?: string;
  providerId?: string;
  /** Take the provider from the address where it is not named: for faces that have no word for it (C-18). */
  infersProvider?: boolean;
  baseUrl?: string | null;
  model?: string | null;
  secret?: string | null;
  accessKeyId?: string | null;
  settings?: Record<string, unknown> | null;
  isActive?: boolean;
  isDefault?: boolean;
}

/** How a face calls the fields, so that a fault names the field that its caller sent. */
export interface FieldWords {
  provider: string;
  baseUrl: string;
  secret: string;
  accessKeyId: string;
  model: string;
  settings: string;
  /** C-31: some faces cannot do without a default model. */
  needsModel: boolean;
}

export interface Settled {
  values: Omit<ConnectionColumns, 'sealed' | 'secretSetAtMs'>;
  changes: SecretChanges;
  isRetestNeeded: boolean;
}

export const fieldFault = (path: string, code: string, message: string): Refusal => unfit({ path, code, message });

/** Members of S2's configuration types that have columns of their own. A key must never stay among the settings. */
const hoisted: readonly [string, 'secret' | 'model' | 'baseUrl' | 'accessKeyId'][] = [
  ['apiKey', 'secret'],
  ['model', 'model'],
  ['baseUrl', 'baseUrl'],
  ['accessKeyId', 'accessKeyId'],
];

/** Inside the settings these have not met the rules of the fields whose places they take; the others are judged as secrets. */
const hoistedRules: Partial<Record<(typeof hoisted)[number][1], z.ZodType>> = { model: modelText, baseUrl: urlText };

function hoist(input: ConnectionInput, words: FieldWords): ConnectionInput {
  if (!input.settings) return input;
  const raised: ConnectionInput = { ...input, settings: { ...input.settings } };
  for (const [name, field] of hoisted) {
    if (!Object.hasOwn(input.settings, name)) continue;
    const value = input.settings[name];
    delete raised.settings?.[name];
    if (value !== null && value !== undefined && typeof value !== 'string')
      throw fieldFault(`${words.settings}.${name}`, 'invalid_type', 'expected a text');
    // The others have a field of their own to be cleared by; the first half of a key of two parts has this place alone.
    if (value === null && field === 'accessKeyId' && raised.accessKeyId === undefined) raised.accessKeyId = null;
    if (typeof value !== 'string' || value === '') continue;
    const rule = hoistedRules[field];
    if (rule && !rule.safeParse(value).success)
      throw fieldFault(`${words.settings}.${name}`, 'invalid_format', 'too long, or with characters that are not allowed');
    if (raised[field] === undefined) raised[field] = value;
  }
  return raised;
}

/**
 * Settles a request against what is stored (null for something new): the values to save, what happens to the secrets, and
 * whether the last test still counts. Saves nothing.
 * @throws Refusal VALIDATION_ERROR, URL_REFUSED, SECRET_REQUIRED, SECRET_REQUIRED_FOR_NEW_ORIGIN, SECRET_UNREADABLE
 */
export async function settle(
  deps: ControlDeps,
  actor: Actor,
  entered: ConnectionInput,
  stored: StoredConnection | null,
  words: FieldWords,
): Promise<Settled> {
  const input = hoist(entered, words);
  const before = stored?.connection ?? null;
  const row = rowOf(deps, input, before, words);
  const { baseUrl, origin } = destinationOf(deps, row, input, before, words);
  const destination = { providerId: row.id, origin };

  const changes: SecretChanges = {
    secret: secretChange(input.secret, before && maskOf(before), words.secret),
    accessKeyId: secretChange(input.accessKeyId, stored?.sealed.accessKeyId ? '***' : null, words.accessKeyId),
    headers: { kind: 'keep' },
  };
  const headers = await headerChange(deps, input.settings, stored, `${words.settings}.headers`, destination);
  changes.headers = headers.change;
  if (stored && before) refuseKeptSecrets(before, destination, keptFields(stored, changes, words));
  const has = (change: SecretChange, box: string | null | undefined): boolean =>
    change.kind === 'keep' ? Boolean(box) : change.kind === 'set';
  const hasSecret = has(changes.secret, stored?.sealed.secret);
  const carriesSecrets = hasSecret || has(changes.headers, stored?.sealed.headers) || has(changes.accessKeyId, stored?.sealed.accessKeyId);
  if (carriesSecrets) refuseClearText(deps, origin, words);

  const touchesSecret = !before || changes.secret.kind === 'clear' || before.providerId !== row.id || before.origin !== origin;
  if (touchesSecret && !hasSecret && needsSecretAt(row.needsSecret, origin)) {
    const details: FieldFault[] = [{ path: words.secret, code: 'required', message: `${row.name} needs a key` }];
    throw new Refusal('SECRET_REQUIRED', { values: { provider: row.name }, details });
  }
  const model = input.model === undefined ? (before?.model ?? null) : input.model;
  if (words.needsModel && model === null && (!before || input.model === null))
    throw fieldFault(words.model, 'required', 'a model is needed');
  const settings = { ...(input.settings === undefined ? before?.settings : input.settings), ...headers.shown };
  if (headers.shown.headers === undefined) delete (settings as Record<string, unknown>)['headers'];
  refuseSettings(row, model, settings, words);

  const after = { providerId: row.id, baseUrl, origin };
  const isSecretChanged = Object.values(changes).some((change: SecretChange) => change.kind !== 'keep');
  return {
    values: {
      name: input.name ?? before?.name ?? '',
      ...after,
      model,
      settings,
      isActive: input.isActive ?? before?.isActive ?? true,
      isDefault: input.isDefault ?? before?.isDefault ?? false,
      trust: trustOf(actor, before, after),
      secretLast4:
        changes.secret.kind === 'keep'
          ? (before?.secretLast4 ?? null)
          : changes.secret.kind === 'set'
            ? secretTailOf(changes.secret.text)
            : null,
    },
    changes,
    isRetestNeeded: !before || isRetestNeeded(before, after, isSecretChanged),
  };
}

function rowOf(deps: ControlDeps, input: ConnectionInput, before: Connection | null, words: FieldWords): ProviderRow {
  const id = input.providerId ?? inferredProvider(deps, input, before) ?? before?.providerId ?? 'custom';
  const row = providerRow(id);
  if (!row || (row.isInternal && !deps.isDemoOffered)) throw fieldFault(words.provider, 'unknown_provider', 'no provider of this name');
  return row;
}

/** The address names the provider, unless it stays at the origin that the row already has. */
function inferredProvider(deps: ControlDeps, input: ConnectionInput, before: Connection | null): string | null {
  if (!input.infersProvider || !input.baseUrl) return null;
  if (before && URL.canParse(input.baseUrl) && new URL(input.baseUrl).origin === before.origin) return null;
  // The demo provider has no address, so none can lead to it.
  const inferred = inferProvider(input.baseUrl);
  return providerRow(inferred)?.isInternal && !deps.isDemoOffered ? null : inferred;
}

function destinationOf(
  deps: ControlDeps,
  row: ProviderRow,
  input: ConnectionInput,
  before: Connection | null,
  words: FieldWords,
): { baseUrl: string | null; origin: string } {
  const entered = (input.baseUrl === undefined ? before?.baseUrl : input.baseUrl) ?? null;
  if (row.isInternal) {
    if (input.baseUrl) throw fieldFault(words.baseUrl, 'not_allowed', `${row.name} has no address`);
    return { baseUrl: null, origin: `internal:${row.id}` };
  }
  if (entered === null) {
    if (row.baseUrl === null) throw fieldFault(words.baseUrl, 'required', `${row.name} needs an address`);
    return { baseUrl: null, origin: normaliseBase(row, null).origin };
  }
  const baseUrl = checkedUrl(deps, row, entered, words);
  try {
    return { baseUrl, origin: normaliseBase(row, baseUrl).origin };
  } catch (error) {
    throw inWordsOf(error, words.baseUrl);
  }
}

/** The address as entered, where it may be a target; only a host's final dot goes, which would make a second origin of the first. */
function checkedUrl(deps: ControlDeps, row: ProviderRow, entered: string, words: FieldWords): string {
  const [address = '', query] = row.addressing === 'deployments' ? entered.split(/\?(?=api-version=[\w.-]+$)/) : [entered];
  try {
    const { url } = deps.checkTargetUrl(address);
    const isDotted = URL.parse(address)?.hostname.endsWith('.') ?? false;
    return (isDotted ? url.href : address) + (query === undefined ? '' : `?${query}`);
  } catch (error) {
    throw inWordsOf(error, words.baseUrl);
  }
}

function inWordsOf(error: unknown, path: string): unknown {
  if (error instanceof EgressUrlError) {
    return new Refusal('URL_REFUSED', {
      values: { reason: error.reason },
      details: [{ path, code: error.reason, message: error.message }],
    });
  }
  if (!(error instanceof Refusal) || !Array.isArray(error.details)) return error;
  const details = (error.details as FieldFault[]).map((fault) => ({ ...fault, path }));
  return new Refusal(error.code, { values: { count: details.length, ...error.values }, details });
}

const maskFault = (path: string): Refusal => fieldFault(path, 'mask', 'this is a mask; enter the key itself or leave the field empty');

function secretChange(given: string | null | undefined, storedMask: string | null, path: string): SecretChange {
  const change = secretChangeOf(given, storedMask);
  if (change === 'foreign_mask') throw maskFault(path);
  if (change.kind === 'set' && !isProviderSecret(change.text)) {
    // The text is never repeated: it is somebody's key with a blank or a quote in it.
    throw fieldFault(path, 'not_a_key', 'a key has 1 to 4096 visible ASCII characters without blanks');
  }
  return change;
}

/** A key that takes the place of the stored one, the settings being what they are: the rules are those of any other change. */
export function refuseUnfitSecret(
  deps: ControlDeps,
  stored: Connection,
  text: string,
  words: Pick<FieldWords, 'secret' | 'baseUrl'>,
): void {
  // The stored one's own mask replaces nothing either, and kept as a key it would be the end of the key.
  if (secretChange(text, maskOf(stored), words.secret).kind !== 'set') throw maskFault(words.secret);
  refuseClearText(deps, stored.origin, words);
}

function keptFields(stored: StoredConnection, changes: SecretChanges, words: FieldWords): string[] {
  const kept: string[] = [];
  if (stored.sealed.secret !== null && changes.secret.kind === 'keep') kept.push(words.secret);
  if (stored.sealed.accessKeyId !== null && changes.accessKeyId.kind === 'keep') kept.push(words.accessKeyId);
  if (stored.sealed.headers !== null && changes.headers.kind === 'keep') kept.push(`${words.settings}.headers`);
  return kept;
}

/** A secret crosses no public network in clear: anybody on the way could read it. */
function refuseClearText(deps: ControlDeps, origin: string, words: Pick<FieldWords, 'baseUrl'>): void {
  const url = URL.parse(origin);
  if (!url || url.protocol !== 'http:' || isLocalHost(url.hostname) || deps.isAllowListed?.(url)) return;
  const details: FieldFault[] = [{ path: words.baseUrl, code: 'plain_http', message: 'a key is sent over https only' }];
  throw new Refusal('URL_REFUSED', { values: { reason: 'plain_http' }, details });
}

function refuseSettings(row: ProviderRow, model: string | null, settings: Record<string, unknown>, words: FieldWords): void {
  const faults = settingsFaults(row, model, settings).map((fault) => ({ ...fault, path: `${words.settings}.${fault.path}` }));
  const { headerName } = settings;
  if (typeof headerName === 'string' && !mayCarryKey(headerName))
    faults.push({ path: `${words.settings}.headerName`, code: 'denied', message: 'a key cannot travel under this name' });
  if (faults.length > 0) throw unfit(...faults);
}

/** Whoever sets the address answers for it: a member who changes an administrator's address takes its trust away. */
function trustOf(actor: Actor, before: Connection | null, after: { baseUrl: string | null; origin: string }): Connection['trust'] {
  if (before && before.baseUrl === after.baseUrl && before.origin === after.origin) return before.trust;
  return isAdministrator(actor) ? 'administrator' : 'member';
}
