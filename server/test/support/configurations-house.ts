/** A house for the tests of the configurations: a provider, an administrator, two people, and configurations made in a line. */
import { expect } from 'vitest';
import { openConnectionsHouse, openVendor, type ConnectionsHouse, type Found, type Vendor } from './connections-house.ts';
import type { Resident } from './house.ts';

export interface ConfigurationsHouse {
  house: ConnectionsHouse;
  vendor: Vendor;
  admin: Resident;
  alice: Resident;
  bob: Resident;
  /** A name that nothing has yet. */
  fresh: () => string;
  /** What a creation sends, with a fresh name. */
  body: (more?: Record<string, unknown>) => Record<string, unknown>;
  /** Creates one, as Alice unless told. */
  make: (person?: Resident, more?: Record<string, unknown>) => Promise<Found>;
  close: () => Promise<void>;
}

/** Opens it with a provider that accepts this key alone. */
export async function openConfigurationsHouse(key: string): Promise<ConfigurationsHouse> {
  const house = await openConnectionsHouse();
  const vendor = await openVendor([key]);
  const admin = await house.createResident('Admin', 'administrator');
  const alice = await house.createResident('Alice');
  const bob = await house.createResident('Bob');
  let names = 0;
  const fresh = (): string => `configuration ${++names}`;
  const body: ConfigurationsHouse['body'] = (more = {}) => ({
    name: fresh(),
    provider: 'custom',
    baseUrl: vendor.baseUrl,
    model: 'small-model',
    apiKey: key,
    ...more,
  });
  return {
    house,
    vendor,
    admin,
    alice,
    bob,
    fresh,
    body,
    async make(person = alice, more = {}) {
      const answer = await house.ask(person, 'POST', '/api/configurations', body(more));
      expect(answer.status).toBe(201);
      return answer.body.data;
    },
    async close() {
      await house.close();
      await vendor.close();
    },
  };
}
