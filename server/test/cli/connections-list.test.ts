/** The table of connections: masked, aligned, sorted, and safe to print whatever people called their things. */
import { expect, test } from 'vitest';
import { connectionLines } from '../../src/cli/connections-list.ts';
import type { Connection } from '../../src/domain/connection.ts';

const connection = (change: Partial<Connection>): Connection => ({
  id: '01980000-0000-7000-8000-000000000001',
  owner: { scope: 'organization', id: '01980000-0000-7000-8000-00000000000a' },
  createdBy: '01980000-0000-7000-8000-00000000000b',
  name: 'OpenAI',
  providerId: 'openai',
  baseUrl: null,
  origin: 'https://api.openai.com',
  model: 'gpt-4o',
  settings: {},
  hasSecret: true,
  secretLast4: 'x7Qa',
  secretSetAtMs: 0,
  isActive: true,
  isDefault: false,
  trust: 'administrator',
  createdAtMs: 0,
  updatedAtMs: 0,
  lastTestedAtMs: null,
  testStatus: null,
  revision: 1,
  ...change,
});

test('nothing is said to be nothing', () => {
  expect(connectionLines([])).toEqual(['There are no connections.']);
});

test('connections come by name, in columns, with their keys masked', () => {
  const lines = connectionLines([
    connection({ name: 'Zebra', isDefault: true }),
    connection({
      name: 'Local LLM',
      providerId: 'ollama',
      baseUrl: 'http://localhost:11434/v1',
      model: null,
      hasSecret: false,
      secretLast4: null,
    }),
    connection({ name: 'Mine', owner: { scope: 'user', id: 'u' }, secretLast4: null, isActive: false }),
  ]);
  expect(lines).toEqual([
    'NAME       PROVIDER  MODEL   BASE URL                   KEY      SCOPE         STATE',
    'Local LLM  ollama    -       http://localhost:11434/v1  -        organization  active',
    'Mine       openai    gpt-4o  https://api.openai.com     ***      user          off',
    'Zebra      openai    gpt-4o  https://api.openai.com     ***x7Qa  organization  active, default',
  ]);
});

test('a name cannot write over the terminal or push the columns out of sight', () => {
  const [, line] = connectionLines([connection({ name: `a\u001b[2K\u202eb\n${'x'.repeat(300)}` })]);
  expect(line).toMatch(/^a\?\[2K\?b\?x+ {2}openai/);
  expect(line!.length).toBeLessThan(200);
});
