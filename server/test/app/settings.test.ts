/** The settings: what is read, what wins, and that every fault is one clear line without a secret in it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { closestName, settingNames } from '../../src/app/setting-names.ts';
import { dotEnvOf, readSettings, SettingsError, type Environment, type Settings } from '../../src/app/settings.ts';
import { freshDir } from '../support/throwaway.ts';

const strongKey = 'q2Xk0m8zqk1c9Jm3V7wP5tR4uY6iO1pAsDfGhJkLzXc=';
const otherKey = 'b7Qx1Lr0fZ8yK3nW5vT2mJ9cH6gD4sApEoUiYtRewQk=';

const read = (environment: Environment, dotEnv: string | null = null, files: Record<string, string> = {}): Settings =>
  readSettings(environment, dotEnv, (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  });

const dirs: string[] = [];
const ownDir = (): string => {
  dirs.push(freshDir('settings'));
  return dirs.at(-1)!;
};
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

/** The one line that the operator would see. */
function lineOf(environment: Environment, dotEnv: string | null = null, files: Record<string, string> = {}): string {
  try {
    read(environment, dotEnv, files);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    expect(error.message).not.toMatch(/[\r\n]/);
    return error.message;
  }
  throw new Error('the settings were accepted');
}

describe('defaults', () => {
  test('an empty environment serves on this machine alone, with the embedded database', () => {
    expect(read({})).toEqual({
      host: '127.0.0.1',
      port: 8484,
      retentionDays: {},
      dataDir: './data',
      databaseUrl: null,
      redisUrl: null,
      masterKey: null,
      masterKeysPrevious: [],
      publicUrl: null,
      egressAllow: null,
      logLevel: 'info',
      workers: 1,
      admin: null,
      environment: null,
      isEnvironmentOffered: true,
      isDemoOffered: true,
      auditWebhookUrl: null,
      isProduction: false,
      trustedProxies: [],
      telemetry: null,
    });
  });

  test('an empty value counts as not set, except for the list of private targets, where it opens nothing', () => {
    const settings = read({ PATCHBAY_PORT: '', PATCHBAY_HOST: '  ', PATCHBAY_MASTER_KEY: '', LLM_BASE_URL: '', PATCHBAY_EGRESS_ALLOW: '' });
    expect(settings).toMatchObject({ port: 8484, host: '127.0.0.1', masterKey: null, environment: null, egressAllow: '' });
  });

  test('names of other programs are left alone', () => {
    expect(() => read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318', PATH: '/bin', LLM_API_KEY: 'not \n a key' })).not.toThrow();
  });
});

describe('each setting', () => {
  test.each<[string, string, Partial<Settings>]>([
    ['PATCHBAY_HOST', '0.0.0.0', { host: '0.0.0.0' }],
    ['PATCHBAY_HOST', '::', { host: '::' }],
    ['PATCHBAY_HOST', 'gateway.internal', { host: 'gateway.internal' }],
    ['PATCHBAY_PORT', ' 0 ', { port: 0 }],
    ['PATCHBAY_PORT', '65535', { port: 65_535 }],
    ['PATCHBAY_DATA_DIR', '/var/lib/patchbay', { dataDir: '/var/lib/patchbay' }],
    ['PATCHBAY_DATABASE_URL', 'postgres://p:secret@db/p', { databaseUrl: 'postgres://p:secret@db/p' }],
    ['PATCHBAY_DATABASE_URL', 'postgresql:///p?host=/run/postgresql', { databaseUrl: 'postgresql:///p?host=/run/postgresql' }],
    ['PATCHBAY_REDIS_URL', 'rediss://cache:6380/1', { redisUrl: 'rediss://cache:6380/1' }],
    ['PATCHBAY_PUBLIC_URL', 'https://AI.Example.com/', { publicUrl: 'https://ai.example.com' }],
    ['PATCHBAY_PUBLIC_URL', 'http://10.0.0.7:8484', { publicUrl: 'http://10.0.0.7:8484' }],
    ['PATCHBAY_PUBLIC_URL', 'https://ai.example.com/patchbay', { publicUrl: 'https://ai.example.com/patchbay' }],
    ['PATCHBAY_PUBLIC_URL', 'https://example.com/ai', { publicUrl: 'https://example.com/ai' }],
    ['PATCHBAY_PUBLIC_URL', 'https://example.com/apiary/v1', { publicUrl: 'https://example.com/apiary/v1' }],
    ['PATCHBAY_PUBLIC_URL', 'https://ai.example.com/a/b.c_d~e/', { publicUrl: 'https://ai.example.com/a/b.c_d~e' }],
    ['PATCHBAY_EGRESS_ALLOW', 'ollama:11434, 10.20.0.0/16:*', { egressAllow: 'ollama:11434, 10.20.0.0/16:*' }],
    ['PATCHBAY_LOG_LEVEL', 'DEBUG', { logLevel: 'debug' }],
    ['PATCHBAY_DEMO', 'off', { isDemoOffered: false }],
    ['PATCHBAY_RETENTION_REQUESTS_DAYS', '400', { retentionDays: { requests: 400 } }],
    ['PATCHBAY_ENVIRONMENT_CONNECTION', 'off', { isEnvironmentOffered: false }],
    ['PATCHBAY_TRUSTED_PROXIES', '127.0.0.1, 10.0.0.0/8,fd00::/8', { trustedProxies: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] }],
    ['NODE_ENV', 'production', { isProduction: true, isDemoOffered: false }],
  ])('%s=%s is read', (name, text, expected) => {
    expect(read({ [name]: text })).toMatchObject(expected);
  });

  test('the demo can be offered in production on purpose', () => {
    expect(read({ NODE_ENV: 'production', PATCHBAY_DEMO: 'on' }).isDemoOffered).toBe(true);
  });

  test.each<[string, string, RegExp]>([
    ['PATCHBAY_HOST', 'localhost:8484', /without a port/],
    ['PATCHBAY_HOST', 'a b', /address or a host name/],
    ['PATCHBAY_PORT', '65536', /0 to 65535/],
    ['PATCHBAY_PORT', '-1', /whole number/],
    ['PATCHBAY_PORT', '84.84', /whole number/],
    ['PATCHBAY_PORT', '0x10', /whole number/],
    ['PATCHBAY_WORKERS', '0', /1 to 64/],
    ['PATCHBAY_WORKERS', '4', /PATCHBAY_DATABASE_URL/],
    ['PATCHBAY_DATABASE_URL', 'mysql://db/p', /postgres:\/\//],
    ['PATCHBAY_DATABASE_URL', 'db.example.com', /postgres:\/\//],
    ['PATCHBAY_REDIS_URL', 'http://cache', /redis:\/\//],
    ['PATCHBAY_PUBLIC_URL', 'ai.example.com', /origin/],
    ['PATCHBAY_PUBLIC_URL', 'https://ai.example.com/a%2Fb', /plain path/],
    ['PATCHBAY_PUBLIC_URL', 'https://ai.example.com/a//b', /plain path/],
    ['PATCHBAY_PUBLIC_URL', 'https://ai.example.com/a?b', /plain path/],
    ...['api', 'api/x', 'v1', 'ollama', 'workspace', 'docs', 'ai/llm'].map((path): [string, string, RegExp] => [
      'PATCHBAY_PUBLIC_URL',
      `https://ai.example.com/${path}`,
      /the API has itself/,
    ]),
    ['PATCHBAY_PUBLIC_URL', 'https://me:pw@ai.example.com', /origin/],
    ['PATCHBAY_PUBLIC_URL', 'ftp://ai.example.com', /origin/],
    ['PATCHBAY_EGRESS_ALLOW', 'ollama', /cannot read "ollama"/],
    ['PATCHBAY_LOG_LEVEL', 'loud', /one of trace, debug/],
    ['PATCHBAY_DEMO', 'maybe', /one of on, off/],
    ['PATCHBAY_RETENTION_REQUESTS_DAYS', '7', /whole number from 35 to 3650/],
    ['PATCHBAY_TRUSTED_PROXIES', 'nginx', /addresses or CIDR/],
    ['PATCHBAY_TRUSTED_PROXIES', '10.0.0.0/33', /addresses or CIDR/],
    ['PATCHBAY_MASTER_KEY', 'hunter2', /32 bytes/],
    ['PATCHBAY_MASTER_KEY', Buffer.alloc(32).toString('base64'), /bytes are equal/],
    ['PATCHBAY_MASTER_KEY_PREVIOUS', `${otherKey},oops`, /32 bytes/],
    ['LLM_BASE_URL', 'api.openai.com/v1', /http or https/],
    ['LLM_BASE_URL', 'https://sk-key@api.openai.com/v1', /LLM_API_KEY/],
  ])('%s=%s stops the start with a line that names it', (name, text, reason) => {
    const line = lineOf({ [name]: text });
    expect(line).toContain(name);
    expect(line).toMatch(reason);
  });

  test('more workers than one are allowed on PostgreSQL', () => {
    expect(read({ PATCHBAY_WORKERS: '4', PATCHBAY_DATABASE_URL: 'postgres://db/p' }).workers).toBe(4);
  });

  test('a list with a strange character is named without that character reaching the terminal', () => {
    expect(lineOf({ PATCHBAY_EGRESS_ALLOW: 'host\u001b[2J:80x' })).not.toContain('\u001b');
  });
});

describe('secrets', () => {
  test('keys are kept in a form that prints as a placeholder', () => {
    const settings = read({ PATCHBAY_MASTER_KEY: strongKey, LLM_BASE_URL: 'https://api.openai.com/v1', LLM_API_KEY: 'sk-secret-value' });
    expect(settings.masterKey?.reveal()).toBe(strongKey);
    expect(settings.environment?.secret?.reveal()).toBe('sk-secret-value');
    const shown = inspect(settings, { depth: 9 }) + JSON.stringify(settings);
    expect(shown).not.toContain(strongKey);
    expect(shown).not.toContain('sk-secret-value');
  });

  test('no refusal repeats the value of a secret', () => {
    const secrets: Environment[] = [
      { PATCHBAY_MASTER_KEY: 'S3CRET-canary' },
      { PATCHBAY_MASTER_KEY_PREVIOUS: 'S3CRET-canary' },
      { PATCHBAY_DATABASE_URL: 'mysql://S3CRET-canary@db/p' },
      { PATCHBAY_REDIS_URL: 'S3CRET-canary' },
      { PATCHBAY_ADMIN_EMAIL: 'a@example.com', PATCHBAY_ADMIN_PASSWORD: 'S3CRET-canary'.repeat(20) },
      { PATCHBAY_ADMIN_EMAIL: 'a@example.com', PATCHBAY_ADMIN_PASSWORD: 'long enough', PATCHBAY_ADMIN_TOKEN: 'S3CRET-canary' },
      { LLM_BASE_URL: 'http://localhost:1', LLM_API_KEY: 'S3CRET-canary with a space' },
    ];
    for (const environment of secrets) expect(lineOf(environment)).not.toContain('S3CRET-canary');
  });

  test.each(settingNames.filter(({ isSecret }) => isSecret).map(({ name }) => name))(
    '%s can be given as a file, and not in both ways',
    (name) => {
      // A password is asked for only with an e-mail, a model's key only with a base URL, a collector's with the collector.
      const others = name.startsWith('LLM_')
        ? { LLM_BASE_URL: 'http://localhost:1' }
        : name.startsWith('OTEL_')
          ? { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }
          : { PATCHBAY_ADMIN_EMAIL: 'a@example.com' };
      expect(lineOf({ ...others, [name]: 'x', [`${name}_FILE`]: '/run/secrets/x' })).toBe(
        `${name} and ${name}_FILE are both set; keep one of them`,
      );
      expect(lineOf({ ...others, [`${name}_FILE`]: '/missing' })).toBe(`${name}_FILE names a file that cannot be read (ENOENT)`);
      expect(lineOf({ ...others, [`${name}_FILE`]: '/empty' }, null, { '/empty': ' \n' })).toBe(`${name}_FILE names an empty file`);
    },
  );

  test('a file may end with a line break', () => {
    expect(read({ PATCHBAY_MASTER_KEY_FILE: '/key' }, null, { '/key': `${strongKey}\n` }).masterKey?.reveal()).toBe(strongKey);
  });

  test('the file of a secret is really read from the disk', () => {
    const path = join(ownDir(), 'key');
    writeFileSync(path, `${strongKey}\n`);
    expect(readSettings({ PATCHBAY_MASTER_KEY_FILE: path }, null).masterKey?.reveal()).toBe(strongKey);
    writeFileSync(path, 'x'.repeat(70_000));
    expect(() => readSettings({ PATCHBAY_MASTER_KEY_FILE: path }, null)).toThrow(/cannot be read \(too large\)/);
  });

  test('a name that is no secret has no file form', () => {
    expect(lineOf({ PATCHBAY_PORT_FILE: '/port' })).toMatch(/^PATCHBAY_PORT_FILE is not a setting/);
  });

  test('several older master keys are a list', () => {
    expect(read({ PATCHBAY_MASTER_KEY_PREVIOUS: ` ${otherKey} ,${strongKey},` }).masterKeysPrevious).toEqual([otherKey, strongKey]);
  });
});

describe('mistyped names', () => {
  test.each([
    ['PATCHBAY_DATBASE_URL', 'PATCHBAY_DATABASE_URL'],
    ['PATCHBAY_MASTERKEY', 'PATCHBAY_MASTER_KEY'],
    ['PATCHBAY_MASTER_KEY_PATH', 'PATCHBAY_MASTER_KEY_FILE'],
    ['PATCHBAY_LOGLEVEL', 'PATCHBAY_LOG_LEVEL'],
    ['PATCHBAY_ADMIN_MAIL', 'PATCHBAY_ADMIN_EMAIL'],
    ['PATCHBAY_TRUSTED_PROXY', 'PATCHBAY_TRUSTED_PROXIES'],
  ])('%s is answered with %s', (asked, meant) => {
    expect(closestName(asked)).toBe(meant);
    expect(lineOf({ [asked]: 'x' })).toBe(`${asked} is not a setting; did you mean ${meant}?`);
    expect(lineOf({}, `${asked}=x`)).toContain(meant);
  });

  test('also an unknown name without a value stops the start', () => {
    expect(lineOf({ PATCHBAY_PROT: '' })).toContain('PATCHBAY_PORT');
  });

  test('a very long name is cut, and takes no time to answer', () => {
    expect(lineOf({ [`PATCHBAY_${'X'.repeat(100_000)}`]: '1' }).length).toBeLessThan(200);
  });
});

describe('the administrator of an unattended start', () => {
  const named = { PATCHBAY_ADMIN_EMAIL: 'Ann@Example.com', PATCHBAY_ADMIN_PASSWORD: 'correct horse' };

  test('is read, the e-mail in lower case', () => {
    const { admin } = read({ ...named, PATCHBAY_ADMIN_TOKEN: 't'.repeat(32) });
    expect(admin?.email).toBe('ann@example.com');
    expect(admin?.password.reveal()).toBe('correct horse');
    expect(admin?.token?.reveal()).toBe('t'.repeat(32));
    expect(read(named).admin?.token).toBeNull();
  });

  test.each<[string, Environment, RegExp]>([
    ['an e-mail alone', { PATCHBAY_ADMIN_EMAIL: 'a@example.com' }, /belong together/],
    ['a password alone', { PATCHBAY_ADMIN_PASSWORD: 'correct horse' }, /belong together/],
    ['a token alone', { PATCHBAY_ADMIN_TOKEN: 't'.repeat(32) }, /needs both/],
    ['a short token', { ...named, PATCHBAY_ADMIN_TOKEN: 't'.repeat(31) }, /32 to 256/],
    ['a token with a space', { ...named, PATCHBAY_ADMIN_TOKEN: `${'t'.repeat(40)} t` }, /visible ASCII/],
    ['a short password', { ...named, PATCHBAY_ADMIN_PASSWORD: 'seven77' }, /8 to 128/],
    ['no e-mail address', { ...named, PATCHBAY_ADMIN_EMAIL: 'ann' }, /not an email/],
  ])('%s is refused', (_, environment, reason) => {
    expect(lineOf(environment)).toMatch(reason);
  });
});

describe('the model of the environment', () => {
  test('is there only where a base URL is', () => {
    expect(read({ LLM_API_KEY: 'sk-x', LLM_MODEL: 'gpt-4o' }).environment).toBeNull();
    const { environment } = read({ LLM_BASE_URL: 'http://localhost:11434/v1' });
    expect(environment).toEqual({ baseUrl: 'http://localhost:11434/v1', model: null, secret: null });
  });
});

describe('.env', () => {
  test('is read, with quotes and comments', () => {
    const settings = read(
      {},
      '# mine\nPATCHBAY_PORT="9000"\nexport LLM_BASE_URL=https://api.openai.com/v1\nLLM_MODEL=gpt-4o # the small one\n',
    );
    expect(settings.port).toBe(9000);
    expect(settings.environment).toMatchObject({ baseUrl: 'https://api.openai.com/v1', model: 'gpt-4o' });
  });

  test('loses against the real environment', () => {
    expect(read({ PATCHBAY_PORT: '9001' }, 'PATCHBAY_PORT=9000').port).toBe(9001);
  });

  test('loses also where the two use different forms of one secret', () => {
    const fromFile = read({ PATCHBAY_MASTER_KEY_FILE: '/key' }, `PATCHBAY_MASTER_KEY=${otherKey}`, { '/key': strongKey });
    expect(fromFile.masterKey?.reveal()).toBe(strongKey);
    const direct = read({ PATCHBAY_MASTER_KEY: strongKey }, 'PATCHBAY_MASTER_KEY_FILE=/missing');
    expect(direct.masterKey?.reveal()).toBe(strongKey);
  });

  test('is found in the working directory, and its absence is no fault', () => {
    const dir = ownDir();
    expect(dotEnvOf(dir)).toBeNull();
    writeFileSync(join(dir, '.env'), 'PATCHBAY_PORT=1\n');
    expect(dotEnvOf(dir)).toBe('PATCHBAY_PORT=1\n');
  });

  test('that cannot be read is said in one line', () => {
    const dir = ownDir();
    mkdirSync(join(dir, '.env'));
    expect(() => dotEnvOf(dir)).toThrow(new SettingsError('.env cannot be read (EISDIR)'));
  });
});
