/** The table of connections: masked, aligned, and safe to print whatever people called their things. */
import { expect, test } from 'vitest';
import { connectionLines } from '../../src/cli/connections.ts';
import type { ListedConnection } from '../../src/control/operator-connections.ts';

const connection = (change: Partial<ListedConnection>): ListedConnection => ({
  id: '01980000-0000-7000-8000-000000000001',
  owner: 'organization',
  name: 'OpenAI',
  provider: 'openai',
  baseUrl: 'https://api.openai.com',
  model: 'gpt-4o',
  key: '***x7Qa',
  isActive: true,
  isDefault: false,
  testStatus: null,
  ...change,
});

test('nothing is said to be nothing', () => {
  expect(connectionLines([])).toEqual(['There are no connections.']);
});

test('connections come in columns, with their keys masked', () => {
  const lines = connectionLines([
    connection({ name: 'Local LLM', provider: 'ollama', baseUrl: 'http://localhost:11434/v1', model: null, key: null }),
    connection({ name: 'Mine', owner: 'user:ann@example.com', key: '***', isActive: false }),
    connection({ name: 'Zebra', isDefault: true }),
  ]);
  expect(lines).toEqual([
    'NAME       PROVIDER  MODEL   BASE URL                   KEY      OWNER                 STATE',
    'Local LLM  ollama    -       http://localhost:11434/v1  -        organization          active',
    'Mine       openai    gpt-4o  https://api.openai.com     ***      user:ann@example.com  off',
    'Zebra      openai    gpt-4o  https://api.openai.com     ***x7Qa  organization          active, default',
  ]);
});

test('a name cannot write over the terminal or push the columns out of sight', () => {
  const [, line] = connectionLines([connection({ name: `a\u001b[2K\u202eb\n${'x'.repeat(300)}` })]);
  expect(line).toMatch(/^a\?\[2K\?b\?x+ {2}openai/);
  expect(line!.length).toBeLessThan(220);
});
