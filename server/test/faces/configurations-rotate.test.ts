/** What a rotation refuses to put in a key's place, and where it refuses to take a new one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { openVendor, pathsOf, tracesOf, type Vendor } from '../support/connections-house.ts';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';

const key = 'sk-tested-0123456789abcdefQRST';
const newKey = 'sk-newer-0123456789abcdefMNOP';

let home: ConfigurationsHouse;
let elsewhere: Vendor;
let slow: FakeProvider;

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  elsewhere = await openVendor();
  slow = await startFakeProvider();
});

afterAll(async () => {
  await home.close();
  await elsewhere.close();
  await slow.close();
});

const rotate = (id: string, body: unknown) => home.house.ask(home.alice, 'POST', `/api/configurations/${id}/rotate-key`, body);

test.each(['***QRST', '***', '***abcd', ' ***QRST '])('400 %j is a mask, and the key that it hides stays', async (apiKey) => {
  const made = await home.make();
  const answer = await rotate(made.id, { apiKey });
  expect([answer.status, pathsOf(answer)]).toEqual([400, ['apiKey']]);
  const tested = await home.house.ask(home.alice, 'POST', `/api/configurations/${made.id}/test`);
  expect(tested.body['success']).toBe(true);
});

test('400 a key is not put where it would cross a public network in clear, tested first or not', async () => {
  const made = await home.make(home.alice, { baseUrl: 'http://models.example.com/v1', apiKey: undefined });
  for (const body of [{ apiKey: newKey }, { apiKey: newKey, validate: true }]) {
    const answer = await rotate(made.id, body);
    expect([answer.status, answer.body['error_code'], pathsOf(answer)]).toEqual([400, 'URL_REFUSED', ['baseUrl']]);
  }
  const shown = await home.house.ask(home.alice, 'GET', `/api/configurations/${made.id}`);
  expect(shown.body.data).toMatchObject({ hasApiKey: false });
});

test('409 a key that was tried at one address is not put at another one, to which the connection was moved meanwhile', async () => {
  const made = await home.make(home.alice, { baseUrl: slow.baseUrl, model: 'gpt-4o' });
  slow.answer(async (turn) => {
    const moved = { baseUrl: elsewhere.baseUrl, apiKey: 'sk-somebody-elses-key-000' };
    await home.house.ask(home.alice, 'PATCH', `/api/configurations/${made.id}`, moved);
    return plain(turn);
  });
  const answer = await rotate(made.id, { apiKey: newKey, validate: true });
  expect(slow.received).toHaveLength(1);
  expect([answer.status, answer.body['error_code']]).toEqual([409, 'STALE']);
  await home.house.ask(home.alice, 'POST', `/api/configurations/${made.id}/test`);
  expect(elsewhere.requests()).toBeGreaterThan(0);
  expect(tracesOf(newKey, elsewhere.bytes())).toEqual([]);
});
