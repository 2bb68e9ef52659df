/** The figures for Prometheus: they follow the house, and their labels name nobody. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { createMetrics, type MeasuredHouse } from '../../src/app/metrics.ts';
import { Agent } from 'node:http';
import { clear, completion, demoKey, start, type Started } from './started.ts';

/** The value of a figure without labels. */
const valueOf = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

describe('the figures', () => {
  test('are read at the moment they are asked for', async () => {
    const state = { inFlight: 0, isHealthy: true };
    const house: MeasuredHouse = {
      requestsInFlight: () => state.inFlight,
      ledgerLagRecords: () => 7,
      journalUnfedBytes: () => 4_096,
      openSockets: () => 3,
      configRevision: () => 12,
      isDatabaseHealthy: () => state.isHealthy,
    };
    const metrics = createMetrics(house, new Registry());
    const first = await metrics.text();
    expect(
      ['requests_in_flight', 'ledger_lag_records', 'journal_unfed_bytes', 'upstream_sockets', 'config_revision', 'database_up'].map(
        (name) => valueOf(first, `patchbay_${name}`),
      ),
    ).toEqual([0, 7, 4_096, 3, 12, 1]);
    Object.assign(state, { inFlight: 5, isHealthy: false });
    const second = await metrics.text();
    expect([valueOf(second, 'patchbay_requests_in_flight'), valueOf(second, 'patchbay_database_up')]).toEqual([5, 0]);
  });

  test('of two houses in one process do not mix', async () => {
    const of = (revision: number): MeasuredHouse => ({
      requestsInFlight: () => 0,
      ledgerLagRecords: () => 0,
      journalUnfedBytes: () => 0,
      openSockets: () => 0,
      configRevision: () => revision,
      isDatabaseHealthy: () => true,
    });
    const [one, other] = [createMetrics(of(1), new Registry()), createMetrics(of(2), new Registry())];
    expect(valueOf(await one.text(), 'patchbay_config_revision')).toBe(1);
    expect(valueOf(await other.text(), 'patchbay_config_revision')).toBe(2);
  });
});

describe('the figures of a house', () => {
  let house: Started;
  let key: string;
  beforeAll(async () => {
    house = await start();
    key = await demoKey(house);
  });
  afterAll(clear);

  const text = async (): Promise<string> => (await fetch(`${house.url}/metrics`)).text();

  test('every one has its help and its type, and a name of its own', async () => {
    const lines = (await text()).split('\n').filter((line) => line !== '');
    const helped = new Set(lines.filter((line) => line.startsWith('# HELP ')).map((line) => line.split(' ')[2]));
    const typed = new Set(lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]));
    const values = lines.filter((line) => !line.startsWith('#'));
    expect(values.length).toBeGreaterThan(20);
    for (const line of values) {
      expect(line).toMatch(/^[a-z_\d]+(\{[^}]*\})? (-?[\d.e+-]+|\+Inf|NaN)$/i);
      const name = /^\w+/.exec(line)![0];
      const family = [name, name.replace(/_(bucket|sum|count)$/, '')];
      expect([name, family.some((one) => helped.has(one)), family.some((one) => typed.has(one))]).toEqual([name, true, true]);
    }
  });

  test('count what is under way and name neither people nor keys, models, connections or addresses', async () => {
    const agent = new Agent();
    const stream = completion(house.url, key, agent, {
      model: 'demo-large',
      stream: true,
      messages: [{ role: 'user', content: 'a '.repeat(150) }],
    });
    await expect.poll(async () => valueOf(await text(), 'patchbay_requests_in_flight')).toBeGreaterThan(0);
    const shown = await text();
    expect(valueOf(shown, 'patchbay_upstream_sockets')).toBeGreaterThanOrEqual(0);
    expect((await stream).status).toBe(200);
    await expect.poll(async () => valueOf(await text(), 'patchbay_requests_in_flight')).toBe(0);
    const { configRevision } = (await house.call('GET', '/readyz')).body;
    expect(valueOf(shown, 'patchbay_config_revision')).toBe(configRevision);
    const labels = [...shown.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = '']) => inner.split(',').map((pair) => pair.split('=')[0]));
    expect(
      [...new Set(labels)].filter(
        (label) =>
          ![
            'le',
            'kind',
            'space',
            'version',
            'major',
            'minor',
            'patch',
            'type',
            'quantile',
            'provider',
            'outcome',
            'direction',
            'level',
          ].includes(label ?? ''),
      ),
    ).toEqual([]);
    for (const secret of [key, key.slice(0, 14), 'admin@example.org', 'demo-large', house.house.demoKey, 'pat-pb', '127.0.0.1'])
      expect(shown).not.toContain(secret);
    expect(shown).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
});
