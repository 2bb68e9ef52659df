/** The key of the environment belongs to the operator's address: no target without a connection takes it anywhere else. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import type { ProbeTarget } from '../../src/domain/probe.ts';
import { openSecrets } from '../../src/gateway/secrets.ts';
import { Secret } from '../../src/lib/secret.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';

const key = 'sk-ENVIRONMENT-3f6a90d1c2b7';
const received: IncomingMessage[] = [];
const listener = createServer((request, response) => {
  received.push(request);
  response.end('{"object":"list","data":[{"id":"m"}]}');
});
let house: House;
let bob: Resident;
let origin = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  house = await openHouse({
    egressAllow: '127.0.0.1:*',
    environment: { baseUrl: 'https://api.openai.com/v1', model: 'gpt-4o', secret: new Secret(key) },
  });
  await house.createResident('Admin', 'administrator');
  bob = await house.createResident('Bob');
});
afterAll(async () => {
  await house.close();
  listener.close();
});

/** A saved connection as the control plane hands it over, of which the gateway's snapshot knows nothing: deleted just now, or made elsewhere. */
const unknown = (parts: Partial<ProbeTarget>): ProbeTarget => ({
  connectionId: house.deps.ids.uuid(),
  providerId: 'custom',
  baseUrl: `${origin}/v1`,
  origin,
  model: 'm',
  settings: {},
  trust: 'member',
  secret: 'stored',
  headers: null,
  ...parts,
});
const caller = () => ({ userId: bob.id, workspaceId: null, requestId: house.deps.ids.uuid() });

for (const parts of [
  {},
  { headers: 'stored' },
  { secret: null, headers: 'stored' },
  { secret: new Secret('typed'), headers: 'stored' },
] as const) {
  test(`a connection that has just gone is not taken for the environment (${Object.keys(parts).join(' and ') || 'its key'})`, async () => {
    const tested = await house.deps.probe.test(unknown(parts), caller());
    expect(tested).toMatchObject({ isSuccess: false, fault: 'secret_unreadable' });
    const listed = await house.deps.probe.models(unknown(parts), caller(), { refresh: true });
    expect(listed).toMatchObject({ source: 'catalog', fault: 'secret_unreadable' });
    expect(received).toEqual([]);
  });
}

test('without a connection the key opens for the address of the environment alone', () => {
  const target = {
    connection: null,
    row: providerRow('openai')!,
    baseUrl: '',
    trust: 'administrator' as const,
    model: 'm',
    settings: {},
    typed: null,
  };
  expect(openSecrets(house.deps, { ...target, origin: 'https://api.openai.com' }).secret).toBe(key);
  for (const elsewhere of [origin, 'http://api.openai.com', 'https://api.openai.com:444', 'https://api.openai.com.example.org'])
    expect(() => openSecrets(house.deps, { ...target, origin: elsewhere })).toThrow(UpstreamFailure);
});

test('the list of a connection is kept where it was asked for as saved, and not where a test went another way', async () => {
  const admin = await house.createResident('Carol', 'administrator');
  const made = await house.request('POST', '/api/configurations', {
    token: admin.token,
    body: { name: 'listed', provider: 'custom', baseUrl: `${origin}/v1`, model: 'm', apiKey: 'sk-1234567890123' },
  });
  const id = made.at('data.id');
  const saved: ProbeTarget = { ...unknown({}), connectionId: id };
  const { modelLists, probe } = house.deps;
  await probe.models({ ...saved, baseUrl: `${origin}/other/v1` }, caller(), { refresh: true });
  await probe.models({ ...saved, settings: { organizationId: 'other' } }, caller(), { refresh: true });
  await probe.models({ ...saved, secret: new Secret('sk-another-key-00') }, caller(), { refresh: true });
  await probe.models({ ...saved, secret: null }, caller(), { refresh: true });
  expect(modelLists.known(id)).toBeUndefined();
  expect(await probe.models(saved, caller(), { refresh: true })).toMatchObject({ source: 'live' });
  expect([...(modelLists.known(id) ?? [])]).toEqual(['m']);
  expect(await probe.models(saved, caller(), { refresh: false })).toMatchObject({ source: 'cache' });
});
