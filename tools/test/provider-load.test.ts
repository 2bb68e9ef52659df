/** The load test of the providers, a slice of it: every integration answers right under load, and what goes wrong is counted. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mustProviderRow } from '../../server/src/providers/catalog.ts';
import { integrations, loadOf, startVendors, type VendorProcess } from '../provider-load/run.ts';

let vendors: VendorProcess;
beforeAll(async () => {
  vendors = await startVendors();
});
afterAll(() => vendors.close());

const load = { requests: 60, concurrency: 12 };

describe.each(integrations.map((one) => [one.name, one] as const))('%s', (_name, one) => {
  test.each(['whole', 'stream'] as const)('every %s answer under load has its text, its end and its tokens', async (kind) => {
    const outcome = await loadOf(one, vendors.origin, kind, load);
    expect(outcome).toMatchObject({ name: one.name, kind, requests: load.requests, errors: 0, firstError: null });
    expect(outcome.p99Ms).toBeGreaterThanOrEqual(outcome.p50Ms);
    expect(Math.min(outcome.p50Ms, outcome.cpuUsPerRequest, outcome.perSecond)).toBeGreaterThan(0);
  });
});

test('every wire that a provider speaks is under load', () => {
  const covered = new Set(integrations.map(({ provider }) => mustProviderRow(provider).protocol));
  expect([...covered].toSorted()).toEqual(['anthropic', 'bedrock', 'gemini', 'ollama', 'openai']);
  expect(integrations.map(({ name }) => name)).toEqual(expect.arrayContaining(['responses', 'azure']));
});

test('an answer that is none counts as an error, and says what it was', async () => {
  const lost = integrations[0]!;
  const outcome = await loadOf(lost, 'http://127.0.0.1:9', 'whole', { requests: 5, concurrency: 2 });
  expect(outcome).toMatchObject({ requests: 5, errors: 5 });
  expect(outcome.firstError).toMatch(/^[a-z_]+: /);
});

test('the command prints a line for each, and refuses what it does not know', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['tools/provider-load.ts', ...args], { encoding: 'utf8', timeout: 180_000 });
  const done = run('--requests', '10', '--concurrency', '2', '--only', 'ollama,azure');
  expect([done.status, done.stderr]).toEqual([0, '']);
  const lines = done.stdout.trim().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[1]).toMatch(/^ollama +whole +10 +0 +\d+\.\d\d +\d+\.\d\d +\d+ +\d+$/);
  for (const wrong of [
    ['--only', 'nobody'],
    ['--requests', '0'],
    ['--concurrency', 'many'],
  ])
    expect(run(...wrong).status).toBe(64);
});
