/** The simulator of routing through the front door: what it says, what it refuses, and that one person runs one at a time. */
import type { SimulationReportView } from '@patchbay/contract/routing-simulation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConnectionsHouse, type ConnectionsHouse, type Seen } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let house: ConnectionsHouse;
let ada: Resident;
let ben: Resident;

beforeAll(async () => {
  house = await openConnectionsHouse();
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
});
afterAll(() => house?.close());

describe('POST /api/routing/simulate', () => {
  const simulate = (sent: Record<string, unknown>, person: Resident | null = ada): Promise<Seen> =>
    house.ask(person, 'POST', '/api/routing/simulate', sent);

  test('200 what becomes of ten thousand requests, the same for the same seed', async () => {
    const sent = { targets: [{ name: 'first', faultShare: 0.3 }, { name: 'second' }], seed: 7 };
    const answer = await simulate(sent);
    expect(answer.status).toBe(200);
    const report = answer.body.data as unknown as SimulationReportView;
    expect(report.requests).toBe(10_000);
    expect(report.answered / report.requests).toBeGreaterThan(0.9995);
    expect(report.amplification).toBeGreaterThan(1.2);
    expect(report.targets.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(Number(report.costUsd)).toBeGreaterThan(0);
    expect(report.slices.reduce((sum, { requests }) => sum + requests, 0)).toBe(10_000);
    expect((await simulate(sent)).body.data).toEqual(answer.body.data);
    expect((await simulate({ ...sent, seed: 8 })).body.data).not.toEqual(answer.body.data);
  });

  test('200 an outage is left and the money of hedges is told', async () => {
    const down = { name: 'down', outages: [{ fromS: 0, toS: 1_000 }] };
    const report = (await simulate({ targets: [down, { name: 'up', inputUsd: null, outputUsd: null }], requests: 500 })).body
      .data as unknown as SimulationReportView;
    expect(report.targets[1]!.answered).toBe(500);
    expect(report.costUsd).toBe('0');
    const slow = { slowShare: 0.03 };
    const hedged = (
      await simulate({
        targets: [
          { name: 'a', ...slow },
          { name: 'b', ...slow },
        ],
        hedgeMaxUsd: 1,
      })
    ).body.data as unknown as SimulationReportView;
    expect(hedged.hedges).toBeGreaterThan(0);
    expect(hedged.targets[1]!.hedged).toBe(hedged.hedges);
  });

  test.each([
    [{}],
    [{ targets: [] }],
    [{ targets: [{ name: 'a' }], requests: 10_001 }],
    [{ targets: [{ name: 'a', faultShare: 2 }] }],
    [{ targets: [{ name: 'a' }], more: 1 }],
  ])('400 for %j', async (sent) => expect((await simulate(sent)).status).toBe(400));

  test('401 without a session or token', async () => expect((await simulate({ targets: [{ name: 'a' }] }, null)).status).toBe(401));

  test('429 while another one of the same person runs', async () => {
    const sent = { targets: [{ name: 'a' }] };
    const answers = await Promise.all([simulate(sent), simulate(sent), simulate(sent, ben)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 429]);
    expect((await simulate(sent)).status).toBe(200);
  });
});
