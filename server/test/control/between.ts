/** Somebody else's change between the commit of one and its answer. */
import type { SnapshotKeeper } from '../../src/control/deps.ts';

/** The same keeper; once what was committed is served for the first time, `change` is made before anything else happens. */
export function keeperWith<Keeper extends SnapshotKeeper>(keeper: Keeper, change: () => Promise<unknown>): Keeper {
  let isBetween = true;
  const catchUp = async (revision: number): Promise<void> => {
    await keeper.catchUp(revision);
    if (!isBetween) return;
    isBetween = false;
    await change();
  };
  return Object.create(keeper, { catchUp: { value: catchUp } }) as Keeper;
}
