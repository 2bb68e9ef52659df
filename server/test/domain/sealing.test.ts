/** The place a sealed value is bound to: every part of it, the destination origin above all, decides whether it opens. */
import { describe, expect, test } from 'vitest';
import { placeOf, sealedColumns, type SecretColumn } from '../../src/domain/sealing.ts';

const connection = { id: 'c1', owner: { scope: 'user' as const, id: 'ada' }, providerId: 'openai', origin: 'https://api.openai.com' };

describe('the place of a secret', () => {
  test('names table, column, row, owner, purpose, provider and origin', () => {
    expect(placeOf(connection, 'api_key_encrypted')).toEqual({
      table: 'ai_configurations',
      column: 'api_key_encrypted',
      rowId: 'c1',
      owner: { scope: 'user', id: 'ada' },
      purpose: 'provider-secret',
      provider: 'openai',
      origin: 'https://api.openai.com',
    });
  });

  test('is another one for each column', () => {
    const columns: SecretColumn[] = ['api_key_encrypted', 'access_key_encrypted', 'headers_encrypted'];
    expect(new Set(columns.map((column) => JSON.stringify(placeOf(connection, column)))).size).toBe(columns.length);
    expect(sealedColumns.map(({ column }) => column)).toEqual(columns);
    expect(new Set(sealedColumns.map(({ purpose }) => purpose)).size).toBe(columns.length);
  });

  test('changes with whatever a thief would change', () => {
    const place = JSON.stringify(placeOf(connection, 'api_key_encrypted'));
    const others = [
      { ...connection, id: 'c2' },
      { ...connection, owner: { scope: 'workspace' as const, id: 'ada' } },
      { ...connection, owner: { scope: 'user' as const, id: 'eve' } },
      { ...connection, providerId: 'custom' },
      { ...connection, origin: 'https://evil.example' },
      { ...connection, origin: 'https://api.openai.com:8443' },
    ];
    for (const other of others) expect(JSON.stringify(placeOf(other, 'api_key_encrypted'))).not.toBe(place);
  });
});
