/** The only reader of the environment: turns it, and a `.env` file beside it, into settings that are checked once and for all. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { passwordCharsMax, passwordCharsMin } from '@patchbay/contract/people';
import { z } from 'zod';
import { parseAllowList } from '../egress/allow.ts';
import { retentionDaysOf, type RetentionDays } from '../domain/retention.ts';
import { isSecretText, Secret } from '../lib/secret.ts';
import { decodeMasterKey, parseMasterKey } from '../vault/keys.ts';
import { closestName, isUnknownName, settingNames, shownName } from './setting-names.ts';
import { telemetrySettingsOf } from './telemetry-settings.ts';
import type { TelemetrySettings } from './telemetry.ts';

/** What an operator may configure. `docs/guides` and the table of the README describe each of them. */
export interface Settings {
  host: string;
  /** 0 lets the system choose a free one. */
  port: number;
  dataDir: string;
  /** `postgres://...`, which holds a password; null for the embedded database. */
  databaseUrl: string | null;
  redisUrl: string | null;
  /** The text as given, known to be a strong key; null where none was given. */
  masterKey: Secret | null;
  /** Older keys, which only open. Texts as given. */
  masterKeysPrevious: string[];
  /** An origin such as `https://ai.example.com`, or with a path, `https://example.com/gateway`; without a slash at its end. */
  publicUrl: string | null;
  /** Null where the variable is not set; an empty text is a list that allows nothing private. */
  egressAllow: string | null;
  /** Where anchors of the audit log are told; it may hold a secret. */
  auditWebhookUrl: Secret | null;
  logLevel: LogLevel;
  workers: number;
  admin: { email: string; password: Secret; token: Secret | null } | null;
  /** The read-only pseudo-connection that `LLM_BASE_URL` names (C-02). */
  environment: { baseUrl: string; model: string | null; secret: Secret | null } | null;
  /** Whether that pseudo-connection is offered; without it the variables only serve an import. */
  isEnvironmentOffered: boolean;
  isDemoOffered: boolean;
  isProduction: boolean;
  /** Addresses and CIDR ranges of reverse proxies whose `X-Forwarded-*` headers are believed. */
  trustedProxies: string[];
  /** Where OpenTelemetry goes; null sends it nowhere, and loads nothing for it. */
  telemetry: TelemetrySettings | null;
  /** How many days rows are kept, where the operator says so. */
  retentionDays: RetentionDays;
}

export type Environment = Readonly<Record<string, string | undefined>>;
type ReadText = (path: string) => string;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const defaultPort = 8484;
const portMax = 65_535;
const workersMax = 64;
const fileBytesMax = 65_536;
const previousKeysMax = 16;
const trustedProxiesMax = 64;
const adminTokenCharsMin = 32;
const adminTokenCharsMax = 256;
const modelCharsMax = 255;

/** A setting that cannot be used. The message is one line for the operator and never repeats the value of a secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const refuse = (line: string): never => {
  throw new SettingsError(line);
};

/**
 * Reads and checks all settings. Pure but for `readText`, which is asked for the files that `..._FILE` names point to.
 * The real environment wins over `.env`; an empty value counts as not set, because `docker compose` passes such values on.
 * @throws SettingsError with one line; the process then ends with exit code 78 before anything is opened
 */
export function readSettings(environment: Environment, dotEnvText: string | null, readText: ReadText = readSmallFile): Settings {
  const all = merged(environment, dotEnvText);
  const unknown = Object.keys(all).filter(isUnknownName).toSorted()[0];
  if (unknown !== undefined) refuse(`${shownName(unknown)} is not a setting; did you mean ${closestName(unknown)}?`);

  const value = (name: string): string | null => textOf(all, name, readText);
  const isProduction = value('NODE_ENV') === 'production';
  const databaseUrl = urlOf(value, 'PATCHBAY_DATABASE_URL', ['postgres:', 'postgresql:']);
  const workers = wholeNumber(value, 'PATCHBAY_WORKERS', 1, workersMax) ?? 1;
  if (workers > 1 && databaseUrl === null) {
    refuse('PATCHBAY_WORKERS above 1 needs PATCHBAY_DATABASE_URL: the embedded database belongs to one process');
  }
  return {
    host: hostOf(value('PATCHBAY_HOST')) ?? '127.0.0.1',
    port: wholeNumber(value, 'PATCHBAY_PORT', 0, portMax) ?? defaultPort,
    dataDir: value('PATCHBAY_DATA_DIR') ?? './data',
    databaseUrl,
    redisUrl: urlOf(value, 'PATCHBAY_REDIS_URL', ['redis:', 'rediss:']),
    masterKey: masterKeyOf(value('PATCHBAY_MASTER_KEY')),
    masterKeysPrevious: previousKeysOf(value('PATCHBAY_MASTER_KEY_PREVIOUS')),
    publicUrl: publicUrlOf(value('PATCHBAY_PUBLIC_URL')),
    egressAllow: egressAllowOf(all['PATCHBAY_EGRESS_ALLOW']),
    auditWebhookUrl: secretUrlOf(value, 'PATCHBAY_AUDIT_WEBHOOK_URL'),
    logLevel: oneOf(value, 'PATCHBAY_LOG_LEVEL', logLevels) ?? 'info',
    workers,
    admin: adminOf(value),
    environment: environmentOf(value),
    isEnvironmentOffered: (oneOf(value, 'PATCHBAY_ENVIRONMENT_CONNECTION', ['on', 'off']) ?? 'on') === 'on',
    isDemoOffered: (oneOf(value, 'PATCHBAY_DEMO', ['on', 'off']) ?? (isProduction ? 'off' : 'on')) === 'on',
    isProduction,
    trustedProxies: proxiesOf(value('PATCHBAY_TRUSTED_PROXIES')),
    telemetry: telemetrySettingsOf(value, refuse),
    retentionDays: retentionDaysOf((name, least, most) => wholeNumber(value, name, least, most)),
  };
}

/** The settings of this process: its environment, and `.env` in its working directory where there is one. @throws SettingsError */
export const settingsOfProcess = (): Settings => readSettings(process.env, dotEnvOf(process.cwd()));

/** One setting as it came: where from, and its value unless that is a secret. */
export interface SettingInEffect {
  name: string;
  isSecret: boolean;
  source: 'environment' | 'file' | 'dotenv' | null;
  value: string | null;
  /** The `.env` says it too, and is not heard. */
  isOverDotEnv: boolean;
}

/** Every setting and where it came from, for those who operate the house. Values of secrets are not in it. */
export function settingsInEffect(
  environment: Environment = process.env,
  dotEnvText: string | null = dotEnvOf(process.cwd()),
): SettingInEffect[] {
  const fromFile: Environment = dotEnvText === null ? {} : parseEnv(dotEnvText);
  const given = (all: Environment, name: string): string => all[name]?.trim() ?? '';
  return settingNames.map(({ name, isSecret }) => {
    const isDirect = given(environment, name) !== '';
    const isPath = isSecret && (given(environment, `${name}_FILE`) !== '' || (!isDirect && given(fromFile, `${name}_FILE`) !== ''));
    const isInDotEnv = given(fromFile, name) !== '' || (isSecret && given(fromFile, `${name}_FILE`) !== '');
    const source = isDirect ? 'environment' : isPath ? 'file' : given(fromFile, name) !== '' ? 'dotenv' : null;
    const shown = isSecret ? null : given(isDirect ? environment : fromFile, name).replace(/\/\/[^/@\s]*@/, '//***@');
    const isOverDotEnv = isInDotEnv && (isDirect || (isPath && given(environment, `${name}_FILE`) !== ''));
    return { name, isSecret, source, value: source === null ? null : shown, isOverDotEnv };
  });
}

/** The text of a directory's `.env`; null where there is none. @throws SettingsError where it cannot be read */
export function dotEnvOf(directory: string): string | null {
  try {
    return readFileSync(join(directory, '.env'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return refuse(`.env cannot be read (${code ?? 'unknown reason'})`);
  }
}

function readSmallFile(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (text.length > fileBytesMax) throw new Error('too large');
  return text;
}

function merged(environment: Environment, dotEnvText: string | null): Environment {
  if (dotEnvText === null) return environment;
  const fromFile: Record<string, string | undefined> = parseEnv(dotEnvText);
  // A secret given outside in either way replaces both ways of the file; else the two would be said to contradict each other.
  for (const { name, isSecret } of settingNames) {
    if (!isSecret || (environment[name] === undefined && environment[`${name}_FILE`] === undefined)) continue;
    delete fromFile[name];
    delete fromFile[`${name}_FILE`];
  }
  return { ...fromFile, ...environment };
}

/** The value of a name, trimmed; null where it is not set or empty. A secret may be in the file that `<name>_FILE` names. */
function textOf(all: Environment, name: string, readText: ReadText): string | null {
  const direct = all[name]?.trim() ?? '';
  const isSecret = settingNames.some((setting) => setting.name === name && setting.isSecret);
  const path = isSecret ? (all[`${name}_FILE`]?.trim() ?? '') : '';
  if (path === '') return direct === '' ? null : direct;
  if (direct !== '') refuse(`${name} and ${name}_FILE are both set; keep one of them`);
  let text = '';
  try {
    text = readText(path).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    refuse(`${name}_FILE names a file that cannot be read (${code ?? 'too large'})`);
  }
  return text === '' ? refuse(`${name}_FILE names an empty file`) : text;
}

type Value = (name: string) => string | null;

function wholeNumber(value: Value, name: string, least: number, most: number): number | null {
  const text = value(name);
  if (text === null) return null;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : refuse(`${name} must be a whole number from ${least} to ${most}`);
}

function oneOf<const T extends string>(value: Value, name: string, words: readonly T[]): T | null {
  const text = value(name)?.toLowerCase();
  if (text === undefined) return null;
  return words.find((word) => word === text) ?? refuse(`${name} must be one of ${words.join(', ')}`);
}

function hostOf(text: string | null): string | null {
  if (text === null || isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$/i.test(text)) return text;
  return refuse('PATCHBAY_HOST must be an address or a host name, without a port (127.0.0.1, ::, 0.0.0.0)');
}

/** The URL is not repeated in the error: it holds a password. */
function urlOf(value: Value, name: string, protocols: readonly string[]): string | null {
  const text = value(name);
  if (text === null) return null;
  const isFit = URL.canParse(text) && protocols.includes(new URL(text).protocol);
  return isFit ? text : refuse(`${name} must be a URL that begins with ${protocols[0]}//`);
}

function secretUrlOf(value: Value, name: string): Secret | null {
  const text = urlOf(value, name, ['https:', 'http:']);
  return text === null ? null : new Secret(text);
}

/** Path segments that look the same to every proxy and browser, whoever decodes them. */
const plainPath = /^(?:\/[A-Za-z0-9._~-]+)*\/?$/;

/** Paths below which the API has addresses like those of pages: nobody could say whether a proxy has taken the prefix off before one. */
const ownPath = /^\/(?:api|v1|v2|ollama|ai\/llm|ai\/models|aistats|policy|repo|workspace|demo|docs|assets)(?:\/|$)/;

function publicUrlOf(text: string | null): string | null {
  if (text === null) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  const isBare = url !== null && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!isWeb || !isBare || !plainPath.test(url.pathname))
    return refuse(
      'PATCHBAY_PUBLIC_URL must be an origin such as https://ai.example.com, or one with a plain path, https://example.com/gateway',
    );
  if (ownPath.test(url.pathname))
    return refuse(
      'PATCHBAY_PUBLIC_URL must not have a path that the API has itself; take another one, such as https://example.com/gateway',
    );
  return url.origin + url.pathname.replace(/\/$/, '');
}

function masterKeyOf(text: string | null): Secret | null {
  if (text === null) return null;
  try {
    parseMasterKey(text);
  } catch (error) {
    refuse(`PATCHBAY_MASTER_KEY: ${(error as Error).message}; make one with: openssl rand -base64 32`);
  }
  return new Secret(text);
}

function previousKeysOf(text: string | null): string[] {
  const keys = listOf(text);
  if (keys.length > previousKeysMax) refuse(`PATCHBAY_MASTER_KEY_PREVIOUS has more than ${previousKeysMax} keys`);
  for (const key of keys) {
    try {
      decodeMasterKey(key);
    } catch (error) {
      refuse(`PATCHBAY_MASTER_KEY_PREVIOUS: ${(error as Error).message}`);
    }
  }
  return keys;
}

function egressAllowOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    parseAllowList(text);
  } catch (error) {
    refuse((error as Error).message.replaceAll(/[^\x20-\x7e]/g, '?'));
  }
  return text.trim();
}

function adminOf(value: Value): Settings['admin'] {
  const email = value('PATCHBAY_ADMIN_EMAIL')?.toLowerCase() ?? null;
  const password = value('PATCHBAY_ADMIN_PASSWORD');
  const token = value('PATCHBAY_ADMIN_TOKEN');
  if (email === null && password === null && token === null) return null;
  if (email === null || password === null) {
    return refuse('PATCHBAY_ADMIN_EMAIL and PATCHBAY_ADMIN_PASSWORD belong together; PATCHBAY_ADMIN_TOKEN needs both');
  }
  if (!z.email().max(254).safeParse(email).success) refuse('PATCHBAY_ADMIN_EMAIL is not an email address');
  if (password.length < passwordCharsMin || password.length > passwordCharsMax) {
    refuse(`PATCHBAY_ADMIN_PASSWORD must have from ${passwordCharsMin} to ${passwordCharsMax} characters`);
  }
  if (token !== null && (!isSecretText(token) || token.length < adminTokenCharsMin || token.length > adminTokenCharsMax)) {
    refuse(`PATCHBAY_ADMIN_TOKEN must have from ${adminTokenCharsMin} to ${adminTokenCharsMax} visible ASCII characters`);
  }
  return { email, password: new Secret(password), token: token === null ? null : new Secret(token) };
}

function environmentOf(value: Value): Settings['environment'] {
  const baseUrl = value('LLM_BASE_URL');
  // Other programs use these names too; without a base URL they are not meant for us, and nothing about them is judged.
  if (baseUrl === null) return null;
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) refuse('LLM_BASE_URL must be an http or https URL');
  if (url?.username !== '' || url.password !== '') refuse('LLM_BASE_URL must not hold a user name or password; use LLM_API_KEY');
  const secret = value('LLM_API_KEY');
  if (secret !== null && !isSecretText(secret)) refuse('LLM_API_KEY must be 1 to 4096 visible ASCII characters');
  const model = value('LLM_MODEL');
  if (model !== null && model.length > modelCharsMax) refuse(`LLM_MODEL must have at most ${modelCharsMax} characters`);
  return { baseUrl, model, secret: secret === null ? null : new Secret(secret) };
}

function proxiesOf(text: string | null): string[] {
  const proxies = listOf(text);
  if (proxies.length > trustedProxiesMax) refuse(`PATCHBAY_TRUSTED_PROXIES has more than ${trustedProxiesMax} entries`);
  if (!proxies.every(isAddressRange)) refuse('PATCHBAY_TRUSTED_PROXIES must be addresses or CIDR ranges, such as 127.0.0.1, 10.0.0.0/8');
  return proxies;
}

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const listOf = (text: string | null): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
