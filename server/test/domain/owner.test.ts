/** Who owns, and what each role may do in the whole installation. */
import { describe, expect, test } from 'vitest';
import {
  isAdministrator,
  may,
  ownerKey,
  permissionsFor,
  permissionsOf,
  type Actor,
  type OrganizationRole,
  type Owner,
  type Permission,
} from '../../src/domain/owner.ts';

const actor = (role: OrganizationRole): Actor => ({
  userId: 'u',
  email: 'u@example.org',
  name: 'U',
  role,
  organizationId: 'o',
  workspaces: new Map(),
  language: 'en',
  via: 'session',
});

describe('owners', () => {
  test('are the same where scope and id are the same, and only then', () => {
    const owners: Owner[] = [
      { scope: 'user', id: 'a' },
      { scope: 'workspace', id: 'a' },
      { scope: 'organization', id: 'a' },
      { scope: 'user', id: 'b' },
    ];
    expect(new Set(owners.map(ownerKey)).size).toBe(owners.length);
    expect(ownerKey({ scope: 'user', id: 'a' })).toBe(ownerKey({ id: 'a', scope: 'user' }));
  });
});

describe('roles (D-18)', () => {
  const table: readonly (readonly [OrganizationRole, Permission, boolean])[] = [
    ['administrator', 'manage_ai_models', true],
    ['administrator', 'manage_ai_use_cases', true],
    ['administrator', 'use_ai_chat', true],
    ['manager', 'manage_ai_models', true],
    ['manager', 'manage_ai_use_cases', true],
    ['manager', 'use_ai_chat', true],
    ['user', 'manage_ai_models', false],
    ['user', 'manage_ai_use_cases', false],
    ['user', 'use_ai_chat', true],
  ];
  test.each(table)('%s, %s: %s', (role, permission, isAllowed) => {
    expect(may(actor(role), permission)).toBe(isAllowed);
  });

  test('the table is complete', () => {
    expect(table).toHaveLength(Object.keys(permissionsOf).length * 3);
  });

  test('only an administrator is one', () => {
    expect((['administrator', 'manager', 'user'] as const).filter((role) => isAdministrator(actor(role)))).toEqual(['administrator']);
  });
});

describe('permissions', () => {
  const person = (role: OrganizationRole, permissions?: readonly Permission[] | null) => ({ ...actor(role), permissions });

  test.each<[OrganizationRole, readonly Permission[] | null | undefined, readonly Permission[]]>([
    ['user', undefined, ['use_ai_chat']],
    ['user', null, ['use_ai_chat']],
    ['user', [], []],
    ['user', ['manage_ai_use_cases'], ['manage_ai_use_cases']],
    ['manager', null, ['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat']],
    ['manager', ['use_ai_chat'], ['use_ai_chat']],
    // Nobody can be left without a way to give rights back.
    ['administrator', [], ['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat']],
  ])('%s with %j has %j', (role, chosen, expected) => {
    expect(permissionsFor(person(role, chosen))).toEqual(expected);
    for (const permission of permissionsOf.administrator) expect(may(person(role, chosen), permission)).toBe(expected.includes(permission));
  });

  test('a list that was chosen gives no administration', () => {
    expect(isAdministrator(person('manager', permissionsOf.administrator))).toBe(false);
  });
});
