/** The figures for Prometheus: they follow the house, and their labels name nobody. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { createMetrics, type MeasuredHouse } from '../../src/app/metrics.ts';
import { Agent } from 'node:http';
import type { OtherWorkers } from '../../src/app/worker.ts';
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

describe('the figures of several workers', () => {
  const houseOf = (part: Partial<MeasuredHouse>): MeasuredHouse => ({
    requestsInFlight: () => 0,
    ledgerLagRecords: () => 0,
    journalUnfedBytes: () => 0,
    openSockets: () => 0,
    configRevision: () => 1,
    isDatabaseHealthy: () => true,
    ...part,
  });

  /** Workers that hear one another, as many as houses are given. */
  function workersOf(...houses: MeasuredHouse[]) {
    const reads: (() => Promise<readonly object[]>)[] = [];
    return houses.map((house, at) => {
      const others = {
        ask: () => Promise.all(reads.filter((_, other) => other !== at).map((read) => read())),
        onAsked: (_: string, read: () => Promise<readonly object[]>) => void (reads[at] = read),
      } as unknown as OtherWorkers;
      return createMetrics(house, new Registry(), others);
    });
  }

  test('are sums, the least of what is one for all, and the most of what each sees for itself', async () => {
    const workers = workersOf(
      houseOf({ requestsInFlight: () => 2, openSockets: () => 3, configRevision: () => 12, headroomLevels: () => ({ low: 1, high: 4 }) }),
      houseOf({ requestsInFlight: () => 5, openSockets: () => 4, configRevision: () => 11, headroomLevels: () => ({ low: 2 }) }),
      houseOf({ configRevision: () => 12, isDatabaseHealthy: () => false }),
    );
    for (const worker of workers) {
      const text = await worker.text();
      expect(
        ['requests_in_flight', 'upstream_sockets', 'config_revision', 'database_up'].map((name) => valueOf(text, `patchbay_${name}`)),
      ).toEqual([7, 7, 11, 0]);
      expect(text).toMatch(/^patchbay_provider_headroom_connections\{level="low"\} 2$/m);
      expect(text).toMatch(/^patchbay_provider_headroom_connections\{level="high"\} 4$/m);
      expect(text.match(/^# TYPE patchbay_requests_in_flight gauge$/gm)).toHaveLength(1);
      expect(text).toMatch(/^process_cpu_seconds_total /m);
    }
  });

  test('of one that hears nobody are its own', async () => {
    const [alone] = workersOf(houseOf({ requestsInFlight: () => 3 }));
    expect(valueOf(await alone!.text(), 'patchbay_requests_in_flight')).toBe(3);
  });
});
