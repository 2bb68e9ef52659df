/** The rules of connections as tables of cases, the guard of dependants, the services under S2's names, and the `.env` migration. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigurationService } from '../../src/control/configuration-service.ts';
import { dependantsOf, detachSteps, type DependantFinder } from '../../src/control/connection-dependants.ts';
import { withinTestLimit } from '../../src/control/connection-test-limit.ts';
import { migrateEnvironment, migrationReport, nameOfAddress } from '../../src/control/migrate-env.ts';
import type { ControlDeps } from '../../src/control/deps.ts';
import {
  isLocalHost,
  isMask,
  isRetestNeeded,
  needsSecretAt,
  refuseKeptSecrets,
  refuseWhileInUse,
  secretChangeOf,
  secretTailOf,
  standingOf,
} from '../../src/domain/connection-rules.ts';
import { Refusal } from '../../src/domain/errors.ts';
import type { Actor, Owner } from '../../src/domain/owner.ts';
import { Secret } from '../../src/lib/secret.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let admin: Resident;
let user: Resident;

beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  admin = await house.createResident('Admin', 'administrator');
  user = await house.createResident('User');
});

afterAll(() => house.close());

const codeOf = (run: () => void): string | null => {
  try {
    run();
    return null;
  } catch (error) {
    return error instanceof Refusal ? error.code : 'something else';
  }
};

describe('standingOf', () => {
  const actor = (role: Actor['role'], workspaces: [string, 'READ' | 'WRITE' | 'ADMIN'][] = []): Actor => ({
    userId: 'me',
    email: '',
    name: '',
    role,
    organizationId: 'org',
    workspaces: new Map(workspaces),
    language: 'en',
    via: 'token',
  });
  const cases: [string, Actor, Owner, string][] = [
    ['own', actor('user'), { scope: 'user', id: 'me' }, 'manage'],
    ["a stranger's", actor('user'), { scope: 'user', id: 'you' }, 'hidden'],
    ["a stranger's, for an administrator", actor('administrator'), { scope: 'user', id: 'you' }, 'hidden'],
    ['a workspace to read', actor('user', [['w', 'READ']]), { scope: 'workspace', id: 'w' }, 'use'],
    ['a workspace to write', actor('user', [['w', 'WRITE']]), { scope: 'workspace', id: 'w' }, 'manage'],
    ['a workspace to administer', actor('user', [['w', 'ADMIN']]), { scope: 'workspace', id: 'w' }, 'manage'],
    ['a workspace of others', actor('manager', [['w', 'ADMIN']]), { scope: 'workspace', id: 'v' }, 'forbidden'],
    ['a workspace of others, for an administrator', actor('administrator'), { scope: 'workspace', id: 'v' }, 'manage'],
    ['the organization, for a user', actor('user'), { scope: 'organization', id: 'org' }, 'use'],
    ['the organization, for a manager', actor('manager'), { scope: 'organization', id: 'org' }, 'manage'],
    ['another organization', actor('administrator'), { scope: 'organization', id: 'other' }, 'hidden'],
  ];
  test.each(cases)('%s', (_, who, owner, standing) => expect(standingOf(who, owner)).toBe(standing));
});

describe('secrets that are sent back', () => {
  test.each([
    [undefined, { kind: 'keep' }],
    [null, { kind: 'clear' }],
    ['', { kind: 'keep' }],
    ['   ', { kind: 'keep' }],
    ['***wxyz', { kind: 'keep' }],
    ['***abcd', 'foreign_mask'],
    ['***', 'foreign_mask'],
    [' sk-new ', { kind: 'set', text: 'sk-new' }],
    ['***longer-than-a-mask', { kind: 'set', text: '***longer-than-a-mask' }],
  ])('%j', (given, change) => expect(secretChangeOf(given, '***wxyz')).toEqual(change));

  test('a tail is shown from twelve characters on', () => {
    expect([secretTailOf('12345678901'), secretTailOf('123456789012')]).toEqual([null, '9012']);
    expect([isMask('***'), isMask('***1234'), isMask('***12345')]).toEqual([true, true, false]);
  });

  test('what is kept goes to no other origin and to no other provider', () => {
    const here = { providerId: 'custom', origin: 'https://a.example' };
    expect(codeOf(() => refuseKeptSecrets(here, here, ['apiKey']))).toBe(null);
    expect(codeOf(() => refuseKeptSecrets(here, { ...here, origin: 'https://b.example' }, []))).toBe(null);
    expect(codeOf(() => refuseKeptSecrets(here, { ...here, origin: 'http://a.example' }, ['apiKey']))).toBe(
      'SECRET_REQUIRED_FOR_NEW_ORIGIN',
    );
    expect(codeOf(() => refuseKeptSecrets(here, { ...here, providerId: 'openai' }, ['apiKey']))).toBe('SECRET_REQUIRED_FOR_NEW_ORIGIN');
  });

  test.each([
    ['localhost', true],
    ['LOCALHOST'.toLowerCase(), true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['10.0.0.1', true],
    ['172.16.0.1', true],
    ['192.168.1.1', true],
    ['ollama', true],
    ['[fd00::1]', true],
    ['172.32.0.1', false],
    ['8.8.8.8', false],
    ['localhost.example.org', false],
    ['10.example.org', false],
    ['127.0.0.1.nip.io', false],
    ['[2606:4700::1111]', false],
  ])('%s is local: %s', (host, isLocal) => expect(isLocalHost(host)).toBe(isLocal));

  test("a hosted provider's key is needed at its own host, not at a local imitation", () => {
    expect([
      needsSecretAt(true, 'https://api.openai.com'),
      needsSecretAt(true, 'http://127.0.0.1:1234'),
      needsSecretAt(false, 'https://x.example'),
    ]).toEqual([true, false, false]);
  });

  test('a test is void after a change of endpoint, key or type alone', () => {
    const before = { providerId: 'custom', baseUrl: 'https://a.example/v1', origin: 'https://a.example' };
    expect(isRetestNeeded(before, before, false)).toBe(false);
    expect(isRetestNeeded(before, before, true)).toBe(true);
    expect(isRetestNeeded(before, { ...before, baseUrl: 'https://a.example/v2' }, false)).toBe(true);
    expect(isRetestNeeded(before, { ...before, providerId: 'openai' }, false)).toBe(true);
  });
});

describe('what is in use', () => {
  const useCase = { kind: 'use_case' as const, id: '1', name: 'General' };
  const finder: DependantFinder = {
    kind: 'use_case',
    find: async (_, id) => (id === 'used' ? [useCase] : []),
    guard: () => ({ sql: 'SELECT 1', params: [] }),
    detach: () => [{ sql: 'SELECT 1', params: [] }],
  };

  test('every finder is asked, and each detaches its own', async () => {
    expect(await dependantsOf(house.deps, 'used', [finder, finder])).toEqual([useCase, useCase]);
    expect(await dependantsOf(house.deps, 'free', [finder])).toEqual([]);
    expect(detachSteps(house.deps, 'used', [finder, finder])).toHaveLength(2);
  });

  test('only an administrator can force it', () => {
    expect(codeOf(() => refuseWhileInUse('x', [], user.actor, false))).toBe(null);
    expect(codeOf(() => refuseWhileInUse('x', [useCase], user.actor, false))).toBe('CONFIGURATION_IN_USE');
    expect(codeOf(() => refuseWhileInUse('x', [useCase], user.actor, true))).toBe('CONFIGURATION_IN_USE');
    expect(codeOf(() => refuseWhileInUse('x', [useCase], admin.actor, false))).toBe('CONFIGURATION_IN_USE');
    expect(codeOf(() => refuseWhileInUse('x', [useCase], admin.actor, true))).toBe(null);
  });
});

describe('the limit of live calls', () => {
  test('the eleventh within a minute is refused, and a minute later it is not; a failure frees its place', async () => {
    let nowMs = 0;
    const deps = { keeper: { ...house.deps.keeper }, clock: { ...house.deps.clock, monotonicMs: () => nowMs } };
    for (let count = 0; count < 10; count++)
      await withinTestLimit(deps, 'someone', async () => {
        throw new Error('no');
      }).catch(() => undefined);
    const refused = await withinTestLimit(deps, 'someone', async () => 'ran').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterS: 60 });
    expect(await withinTestLimit(deps, 'somebody else', async () => 'ran')).toBe('ran');
    nowMs = 60_001;
    expect(await withinTestLimit(deps, 'someone', async () => 'ran')).toBe('ran');
  });
});

describe('ConfigurationService', () => {
  test("does for its caller what S2 names, and shows nobody else's", async () => {
    const service = new ConfigurationService(house.deps, { actor: user.actor, origin });
    const made = await service.createConfiguration({
      name: 'Mine',
      provider: 'custom',
      baseUrl: 'http://127.0.0.1:1024/v1',
      model: 'm',
      apiKey: 'sk-service-0123456789',
    });
    expect(made).toMatchObject({ apiKey: '***6789', userId: user.id });
    expect(await service.updateConfiguration(made.id, { name: 'Still mine' })).toMatchObject({ name: 'Still mine', apiKey: '***6789' });
    expect(await service.rotateApiKey(made.id)).toBeUndefined();
    expect(await service.testConfiguration(made.id)).toMatchObject({ success: false, errorCode: 'NETWORK' });
    expect(await service.getUsageStats(made.id, '30d')).toMatchObject({ requestCount: 0, costUSD: 0 });
    expect(await service.validateProvider('openai', { apiKey: 'k', model: 'gpt-4o' })).toEqual({ valid: true, errors: [] });
    const other = new ConfigurationService(house.deps, { actor: admin.actor, origin });
    expect(await other.listConfigurations()).toEqual([]);
    await expect(other.updateConfiguration(made.id, { name: 'Theirs' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await service.deleteConfiguration(made.id);
    await expect(service.getConfiguration(made.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('migrateEnvironment', () => {
  const key = 'sk-dotenv-canary-0123456789';
  const dotenv = (environment: ControlDeps['environment']): ControlDeps => ({ ...house.deps, environment });
  const caller = () => ({ actor: admin.actor, origin });

  test.each([
    ['https://api.openai.com/v1', 'OpenAI'],
    ['http://localhost:11434/v1', 'Local LLM'],
    ['http://127.0.0.1:9999', 'Local LLM'],
    ['https://llm.example.org/v1', 'Llm'],
    ['https://api.acme.example/v1', 'Acme'],
    ['https://8.8.8.8/v1', 'Custom API'],
    ['nonsense', 'Custom API'],
  ])('%s is called %s', (baseUrl, name) => expect(nameOfAddress(baseUrl)).toBe(name));

  test('without variables nothing is made and the exit code is 1', async () => {
    expect(migrationReport(await migrateEnvironment(dotenv(null), caller())).exitCode).toBe(1);
    const noKey = await migrateEnvironment(dotenv({ baseUrl: 'https://api.openai.com/v1', model: null, secret: null }), caller());
    expect(noKey).toEqual({ kind: 'missing', variables: ['LLM_API_KEY'] });
  });

  test('makes the default of the organization once; a second run changes nothing; the report has no key', async () => {
    const deps = dotenv({ baseUrl: 'https://api.openai.com/v1', model: 'gpt-4o', secret: new Secret(key) });
    const first = await migrateEnvironment(deps, caller());
    expect(first).toMatchObject({ kind: 'created', name: 'OpenAI', model: 'gpt-4o' });
    const again = await migrateEnvironment(
      dotenv({ baseUrl: 'https://api.openai.com/v1/chat/completions', model: null, secret: new Secret(key) }),
      caller(),
    );
    expect(again).toMatchObject({ kind: 'exists', name: 'OpenAI' });
    const rows = await house.database.db.selectFrom('ai_configurations').selectAll().where('scope', '=', 'organization').execute();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ is_default: true, provider: 'openai', model: 'gpt-4o', secret_last4: '6789' });
    for (const migration of [first, again]) {
      const { lines, exitCode } = migrationReport(migration);
      expect(exitCode).toBe(0);
      expect(lines.join('\n')).not.toContain(key);
    }
  });

  test('a name that is taken gets a number', async () => {
    const deps = dotenv({ baseUrl: 'https://us.api.openai.com/v1', model: null, secret: new Secret(key) });
    expect(await migrateEnvironment(deps, caller())).toMatchObject({ kind: 'created', name: 'OpenAI 2' });
  });
});
