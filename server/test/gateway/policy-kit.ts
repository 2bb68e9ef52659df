/** A house with one provider and one key, and policies that last for one test. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createPolicy, deletePolicy, type PolicyInput, type PolicyPlace } from '../../src/control/policies.ts';
import { listViolations, type ListedViolation } from '../../src/storage/violations.ts';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openRig, type Rig } from './rig.ts';

export let rig: Rig;
export let fake: FakeProvider;
export let key = '';
export let connectionId = '';
let made: string[] = [];

const everywhere: PolicyPlace = { workspaceId: null, repositoryId: null };
export async function policy(input: PolicyInput, place = everywhere): Promise<string> {
  const { id } = await createPolicy(rig.deps, rig.caller, place, { name: 'House rule', risk: 'HIGH', ...input });
  made.push(id);
  return id;
}

export async function found(policyId: string): Promise<ListedViolation[]> {
  await rig.deps.found.flush();
  return (await listViolations(rig.deps.database, { visibility: 'all', policyId, skip: 0, take: 50 })).rows;
}

/** Opens the house before the tests of a file, takes its policies away after each of them, and closes it. */
export function policyScene(): void {
  beforeAll(async () => {
    [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
    key = (await rig.issueKey()).text;
    connectionId = (await rig.connect({ name: 'Line', baseUrl: fake.baseUrl, model: 'gpt-4o', settings: { wire: 'chat' } })).id;
  });
  afterAll(async () => {
    await rig.close();
    await fake.close();
  });
  beforeEach(() => {
    fake.answer(plain);
    fake.received.length = 0;
  });
  afterEach(async () => {
    for (const id of made) await deletePolicy(rig.deps, rig.caller, id).catch(() => undefined);
    made = [];
  });
}
