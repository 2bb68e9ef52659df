/** One opening for the attempts that leave together: shared within a turn of the event loop, and by nothing else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { ownerKey } from '../../src/domain/owner.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import { targetOf, type Target } from '../../src/gateway/plan.ts';
import { openSecrets } from '../../src/gateway/secrets.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
let target: Target;
let otherTarget: Target;
beforeAll(async () => {
  rig = await openRig();
  const [one, other] = await Promise.all([
    rig.connect({ name: 'One', baseUrl: 'http://127.0.0.1:9/v1', isDefault: true }),
    rig.connect({ name: 'Other', baseUrl: 'http://127.0.0.1:10/v1' }),
  ]);
  const targetAt = (id: string): Target => targetOf(rig.deps, { connection: rig.deps.keeper.snapshot.connections.get(id)!, model: 'm' });
  target = targetAt(one.id);
  otherTarget = targetAt(other.id);
});
afterAll(() => rig.close());

/** The real vault, and how often it was asked to open something. */
function counting(): { vault: Vault; opened: () => number } {
  let count = 0;
  const vault: Vault = { ...rig.deps.vault, open: (...given) => (count++, rig.deps.vault.open(...given)) };
  return { vault, opened: () => count };
}
const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** The snapshot with one part of it replaced, as a change of the configuration would. */
const snapshotWith = (part: Partial<Snapshot>): { keeper: { snapshot: Snapshot } } => ({
  keeper: { snapshot: Object.assign(Object.create(rig.deps.keeper.snapshot) as Snapshot, part) },
});

test('attempts of one turn share one opening, and each has the key', async () => {
  await turnOver();
  const { vault, opened } = counting();
  const secrets = [1, 2, 3].map(() => openSecrets({ ...rig.deps, vault }, target).secret);
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]!.length).toBeGreaterThan(8);
  expect(opened()).toBe(1);
});

test('the next turn opens anew: nothing is held in between', async () => {
  const { vault, opened } = counting();
  for (let turn = 1; turn <= 3; turn++) {
    await turnOver();
    openSecrets({ ...rig.deps, vault }, target);
    expect(opened()).toBe(turn);
  }
  openSecrets({ ...rig.deps, vault }, target);
  expect(opened()).toBe(3);
  await Promise.resolve();
  openSecrets({ ...rig.deps, vault }, target);
  expect(opened()).toBe(4);
});

test('another connection, and another vault, open their own', async () => {
  await turnOver();
  const first = counting();
  const second = counting();
  openSecrets({ ...rig.deps, vault: first.vault }, target);
  openSecrets({ ...rig.deps, vault: first.vault }, otherTarget);
  openSecrets({ ...rig.deps, vault: second.vault }, target);
  expect([first.opened(), second.opened()]).toEqual([2, 1]);
});

test('what is open for one origin is not handed to another', async () => {
  await turnOver();
  expect(openSecrets(rig.deps, target).secret).not.toBe('');
  expect(() => openSecrets(rig.deps, { ...target, origin: 'http://127.0.0.1:11' })).toThrow(UpstreamFailure);
});

test('a key that was replaced or shredded within the turn is not served from before', async () => {
  await turnOver();
  const { snapshot } = rig.deps.keeper;
  const { vault } = rig.deps;
  const connection = target.connection!;
  expect(openSecrets(rig.deps, target).secret).not.toBe('');
  const without = new Map(snapshot.ownerKeys);
  without.delete(ownerKey(connection.owner));
  expect(() => openSecrets({ ...rig.deps, vault, ...snapshotWith({ ownerKeys: without }) }, target)).toThrow(UpstreamFailure);
  const emptied = new Map(snapshot.sealed);
  emptied.delete(connection.id);
  expect(openSecrets({ ...rig.deps, vault, ...snapshotWith({ sealed: emptied }) }, target).secret).toBe('');
});
