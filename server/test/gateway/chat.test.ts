/** The ordinary way of a completion: what goes up, what comes back, and what the books say of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeProvider, wholeBody, type FakeProvider } from '../support/fake-provider.ts';
import { message, openRig, type Rig } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});

describe('a whole answer', () => {
  test('passes through byte for byte', async () => {
    await rig.connect({ name: 'Main', baseUrl: fake.baseUrl });
    const key = await rig.issueKey();
    const said = await rig.ask(key.text, { model: 'Main/gpt-4o', messages: message() });
    expect(said.status).toBe(200);
    expect(said.text).toBe(wholeBody());
    const rows = await rig.rowsOf(String(said.headers['x-request-id']));
    console.log(rows, said.headers);
  });
});
