/** Members of workspaces in the configuration file, where people have left the house. */
import { expect, test } from 'vitest';
import { applyConfiguration, exportConfiguration, type ApplyWish } from '../../src/control/configuration/apply.ts';
import type { Caller } from '../../src/control/change.ts';
import { readDocument } from '../../src/control/configuration/document.ts';
import { deleteUser } from '../../src/control/people/users.ts';
import { listWorkspaces } from '../../src/control/workspaces.ts';
import { insertWorkspace, putMember } from '../../src/storage/workspaces.ts';
import { openHouse, origin, type House } from '../support/house.ts';

const wish = (text: string): ApplyWish => ({ text, secrets: {}, isDryRun: false, isPruning: true });

async function openWith(...names: string[]): Promise<{ house: House; caller: Caller; ids: string[] }> {
  const house = await openHouse();
  const ann = await house.createResident('Ann', 'administrator');
  const ids: string[] = [];
  for (const name of names) ids.push((await house.createResident(name, 'user')).id);
  return { house, caller: { actor: house.deps.keeper.snapshot.actorOf(ann.id, 'system')!, origin }, ids };
}

test('a workspace whose last ADMIN was deleted is made elsewhere as it is, with nobody in that place, and a second time there is nothing to do', async () => {
  const [here, there] = [await openWith('Eko', 'Fitri'), await openWith('Fitri')];
  const text = `patchbay: 1
workspaces:
  - { name: Left, members: [{ user: eko@example.org, role: ADMIN }, { user: fitri@example.org, role: READ }] }
  - { name: Emptied, members: [{ user: eko@example.org, role: ADMIN }] }
`;
  expect((await applyConfiguration(here.house.deps, here.caller, wish(text))).faults).toEqual([]);
  await deleteUser(here.house.deps, here.caller, here.ids[0]!);
  const exported = await exportConfiguration(here.house.deps, here.caller);
  expect(await applyConfiguration(there.house.deps, there.caller, wish(exported))).toMatchObject({ faults: [] });
  const made = await listWorkspaces(there.house.deps, there.caller.actor);
  const members = made.map((one) => [one.name, ...one.members.map(({ email, role }) => `${email} ${role}`)].join(' '));
  expect(members.toSorted()).toEqual(['Emptied', 'Left fitri@example.org READ']);
  expect(await applyConfiguration(there.house.deps, there.caller, wish(exported))).toMatchObject({ steps: [], faults: [] });
  await Promise.all([here.house.close(), there.house.close()]);
});

test('an installation of very many workspaces and members is exported whole', async () => {
  const { house, caller, ids } = await openWith('Gita', 'Hadi');
  const { database, keeper } = house.deps;
  const organizationId = keeper.snapshot.organizationId;
  for (let from = 0; from < 1_100; from += 100) {
    const made = Array.from({ length: 100 }, (_, at) => ({ id: house.deps.ids.uuid(), name: `Many ${from + at}` }));
    await database.driver.write(
      made.flatMap(({ id, name }) => [
        insertWorkspace(database, { id, organizationId, name, createdBy: null }, 1),
        ...ids.map((userId) => putMember(database, { workspaceId: id, userId, role: 'READ' }, 1)),
      ]),
    );
  }
  const { workspaces = [] } = readDocument(await exportConfiguration(house.deps, caller)).configuration ?? {};
  const many = workspaces.filter(({ name }) => name.startsWith('Many'));
  expect([many.length, many.every(({ members }) => members.length === 2)]).toEqual([1_100, true]);
  await house.close();
});
