/** The rules of connections: who may do what, what a value sent back means, and where a secret may go. */
import { describe, expect, test } from 'vitest';
import { maskOf, type Connection } from '../../src/domain/connection.ts';
import {
  effectiveDefault,
  isLocalHost,
  isLoopbackHost,
  isMask,
  isRetestNeeded,
  needsSecretAt,
  refuseKeptSecrets,
  refuseWhileInUse,
  secretChangeOf,
  secretTailOf,
  standingOf,
  usableOwners,
  type Standing,
} from '../../src/domain/connection-rules.ts';
import { Refusal } from '../../src/domain/errors.ts';
import type { Actor, OrganizationRole, Owner, WorkspaceRole } from '../../src/domain/owner.ts';

const actor = (role: OrganizationRole, workspaces: Record<string, WorkspaceRole> = {}): Actor => ({
  userId: 'ada',
  email: 'a@example.org',
  name: 'Ada',
  role,
  organizationId: 'house',
  workspaces: new Map(Object.entries(workspaces)),
  language: 'en',
  via: 'session',
});

function refusalOf(run: () => void): Refusal | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe('standing', () => {
  const table: readonly (readonly [OrganizationRole, Record<string, WorkspaceRole>, Owner, Standing])[] = [
    ['user', {}, { scope: 'user', id: 'ada' }, 'manage'],
    ['user', {}, { scope: 'user', id: 'eve' }, 'hidden'],
    ['administrator', {}, { scope: 'user', id: 'eve' }, 'hidden'],
    ['user', {}, { scope: 'workspace', id: 'lab' }, 'forbidden'],
    ['user', { lab: 'READ' }, { scope: 'workspace', id: 'lab' }, 'use'],
    ['user', { lab: 'WRITE' }, { scope: 'workspace', id: 'lab' }, 'manage'],
    ['user', { lab: 'ADMIN' }, { scope: 'workspace', id: 'lab' }, 'manage'],
    ['user', { other: 'ADMIN' }, { scope: 'workspace', id: 'lab' }, 'forbidden'],
    ['administrator', {}, { scope: 'workspace', id: 'lab' }, 'manage'],
    ['manager', {}, { scope: 'workspace', id: 'lab' }, 'forbidden'],
    ['user', {}, { scope: 'organization', id: 'house' }, 'use'],
    ['manager', {}, { scope: 'organization', id: 'house' }, 'manage'],
    ['administrator', {}, { scope: 'organization', id: 'house' }, 'manage'],
    ['administrator', {}, { scope: 'organization', id: 'another' }, 'hidden'],
  ];
  test.each(table)('%s in %j towards %j: %s', (role, workspaces, owner, standing) => {
    expect(standingOf(actor(role, workspaces), owner)).toBe(standing);
  });

  test('owners are asked nearest first', () => {
    expect(usableOwners(actor('user'), ['lab', 'shop']).map(({ scope, id }) => `${scope} ${id}`)).toEqual([
      'user ada',
      'workspace lab',
      'workspace shop',
      'organization house',
    ]);
  });
});

describe('a secret field that comes back (C-03)', () => {
  test.each([
    [undefined, { kind: 'keep' }],
    ['', { kind: 'keep' }],
    ['   ', { kind: 'keep' }],
    ['***abcd', { kind: 'keep' }],
    [' ***abcd ', { kind: 'keep' }],
    [null, { kind: 'clear' }],
    ['sk-new-key', { kind: 'set', text: 'sk-new-key' }],
    [' sk-new-key\n', { kind: 'set', text: 'sk-new-key' }],
    ['***other', { kind: 'set', text: '***other' }],
    ['***zzzz', 'foreign_mask'],
    ['***', 'foreign_mask'],
  ])('%j is %j', (given, change) => {
    expect(secretChangeOf(given, '***abcd')).toEqual(change);
  });

  test('a mask is three stars and at most four characters', () => {
    expect(['***', '***a', '***abcd'].every(isMask)).toBe(true);
    expect(['**', '****abcd', 'x***', '***abcde', ''].some(isMask)).toBe(false);
  });

  test('only long secrets show a tail', () => {
    expect(secretTailOf('x'.repeat(11))).toBeNull();
    expect(secretTailOf('sk-012345678')).toBe('5678');
    expect(maskOf({ hasSecret: true, secretLast4: '5678' })).toBe('***5678');
    expect(maskOf({ hasSecret: true, secretLast4: null })).toBe('***');
    expect(maskOf({ hasSecret: false, secretLast4: null })).toBeNull();
  });
});

describe('where a secret may go', () => {
  const home = { providerId: 'openai', origin: 'https://api.openai.com' };
  test.each([
    ['the same place', home, ['apiKey'], false],
    ['another origin', { ...home, origin: 'https://evil.example' }, ['apiKey'], true],
    ['another port', { ...home, origin: 'https://api.openai.com:8443' }, ['apiKey'], true],
    ['another provider', { ...home, providerId: 'custom' }, ['apiKey', 'headers'], true],
    ['another origin with nothing kept', { ...home, origin: 'https://evil.example' }, [], false],
  ])('%s', (_name, after, kept, isRefused) => {
    const refusal = refusalOf(() => refuseKeptSecrets(home, after, kept));
    expect(refusal !== null).toBe(isRefused);
    if (refusal) {
      expect(refusal.code).toBe('SECRET_REQUIRED_FOR_NEW_ORIGIN');
      expect((refusal.details as { path: string }[]).map(({ path }) => path)).toEqual(kept);
    }
  });

  test.each([
    ['localhost', true, true],
    ['api.localhost', true, true],
    ['127.8.9.1', true, true],
    ['[::1]', true, true],
    ['10.1.2.3', false, true],
    ['192.168.0.9', false, true],
    ['172.31.0.1', false, true],
    ['172.32.0.1', false, false],
    ['169.254.1.1', false, true],
    ['100.64.0.1', false, true],
    ['100.128.0.1', false, false],
    ['[fd00::1]', false, true],
    ['ollama', false, true],
    ['8.8.8.8', false, false],
    ['[2001:db8::1]', false, false],
    ['api.openai.com', false, false],
    ['localhost.evil.example', false, false],
    ['127.0.0.1.evil.example', false, false],
  ])('%s is on this machine: %s, reached by no public network: %s', (host, isLoopback, isLocal) => {
    expect([isLoopbackHost(host), isLocalHost(host)]).toEqual([isLoopback, isLocal]);
  });

  test('a hosted provider needs its key, an imitation on this machine does not', () => {
    expect(needsSecretAt(true, 'https://api.openai.com')).toBe(true);
    expect(needsSecretAt(true, 'http://127.0.0.1:8080')).toBe(false);
    expect(needsSecretAt(false, 'https://api.openai.com')).toBe(false);
  });

  test('a test is void after a change of endpoint, key or type, and only then (C-10)', () => {
    const before = { providerId: 'openai', baseUrl: null, origin: 'https://api.openai.com' };
    expect(isRetestNeeded(before, before, false)).toBe(false);
    expect(isRetestNeeded(before, before, true)).toBe(true);
    for (const change of [{ providerId: 'groq' }, { baseUrl: 'https://x/v1' }, { origin: 'https://x' }])
      expect(isRetestNeeded(before, { ...before, ...change }, false)).toBe(true);
  });
});

describe('what is in use', () => {
  const dependants = [{ kind: 'use_case' as const, id: 'u1', name: 'Support' }];
  test('stays, unless an administrator forces it (C-08)', () => {
    expect(refusalOf(() => refuseWhileInUse('Main', dependants, actor('manager'), true))?.code).toBe('CONFIGURATION_IN_USE');
    expect(refusalOf(() => refuseWhileInUse('Main', dependants, actor('administrator'), false))?.details).toEqual(dependants);
    expect(refusalOf(() => refuseWhileInUse('Main', dependants, actor('administrator'), true))).toBeNull();
    expect(refusalOf(() => refuseWhileInUse('Main', [], actor('user'), false))).toBeNull();
  });
});

describe('the default (C-14)', () => {
  const one = (owner: Owner, part: Partial<Connection> = {}): Connection =>
    ({ owner, isDefault: true, isActive: true, ...part }) as Connection;
  const owners = usableOwners(actor('user'), ['lab']);
  const mine = one({ scope: 'user', id: 'ada' });
  const lab = one({ scope: 'workspace', id: 'lab' });
  const house = one({ scope: 'organization', id: 'house' });

  test("is the nearest owner's", () => {
    expect(effectiveDefault(owners, [house, lab, mine])).toBe(mine);
    expect(effectiveDefault(owners, [house, lab])).toBe(lab);
    expect(effectiveDefault(owners, [house])).toBe(house);
  });

  test("is never an inactive one, nor one that is not the default, nor a stranger's", () => {
    const foreign = one({ scope: 'user', id: 'eve' });
    expect(effectiveDefault(owners, [{ ...mine, isActive: false }, { ...lab, isDefault: false }, foreign])).toBeUndefined();
  });
});
