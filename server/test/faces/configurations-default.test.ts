/** The default of an owner, and switching connections on and off, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listed, openConnectionsHouse, type ConnectionsHouse, type Found } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let house: ConnectionsHouse;
let alice: Resident;
let bob: Resident;
let names = 0;

beforeAll(async () => {
  house = await openConnectionsHouse();
  alice = await house.createResident('Alice', 'administrator');
  bob = await house.createResident('Bob');
});

afterAll(() => house.close());

async function make(person: Resident = alice): Promise<Found> {
  const body = { name: `configuration ${++names}`, provider: 'custom', baseUrl: 'http://127.0.0.1:1024/v1', model: 'm' };
  return (await house.ask(person, 'POST', '/api/configurations', body)).body.data;
}

describe('POST /api/configurations/:id/default, activate, deactivate', () => {
  test('200 one default per owner; deleting it leaves none', async () => {
    const finn = await house.createResident('Finn');
    const [first, second] = [await make(finn), await make(finn)];
    await house.ask(finn, 'POST', `/api/configurations/${first.id}/default`);
    expect((await house.ask(finn, 'POST', `/api/configurations/${second.id}/default`)).body.data).toMatchObject({ isDefault: true });
    expect((await house.ask(finn, 'GET', `/api/configurations/${first.id}`)).body.data).toMatchObject({ isDefault: false });
    await house.ask(finn, 'DELETE', `/api/configurations/${second.id}`);
    expect(listed(await house.ask(finn, 'GET', '/api/configurations')).some((entry) => entry['isDefault'])).toBe(false);
  });

  test('200 many at once leave exactly one default', async () => {
    const gina = await house.createResident('Gina');
    const made = await Promise.all(Array.from({ length: 6 }, () => make(gina)));
    const answers = await Promise.all(made.map((entry) => house.ask(gina, 'POST', `/api/configurations/${entry.id}/default`)));
    expect(answers.every((answer) => answer.status === 200 || answer.status === 409)).toBe(true);
    const list = listed(await house.ask(gina, 'GET', '/api/configurations'));
    expect(list.filter((entry) => entry['isDefault'])).toHaveLength(1);
  });

  test('200 switching off and on; 404 of a stranger', async () => {
    const made = await make();
    expect((await house.ask(alice, 'POST', `/api/configurations/${made.id}/deactivate`)).body.data).toMatchObject({ isActive: false });
    expect((await house.ask(alice, 'POST', `/api/configurations/${made.id}/activate`)).body.data).toMatchObject({ isActive: true });
    expect((await house.ask(bob, 'POST', `/api/configurations/${made.id}/activate`)).status).toBe(404);
  });
});
