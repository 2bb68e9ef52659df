/** Who owns, and what each role may do in the whole installation. */
import { describe, expect, test } from 'vitest';
import {
  isAdministrator,
  may,
  ownerKey,
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
