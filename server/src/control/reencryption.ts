/** The re-encryption of everything that is sealed, as a task: it stops between two batches, and goes on where it stopped. */
import { Refusal } from '../domain/errors.ts';
import { isAdministrator } from '../domain/owner.ts';
import { listTasks } from '../storage/tasks.ts';
import type { Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { isRotationUnfinished } from './master-key-rotation.ts';
import { noteTaskWish } from './task-notes.ts';
import type { TaskContext, TaskRun, Tasks } from './tasks.ts';

export const reencryptionKind = 're-encryption';

export interface ReencryptionDeps extends ControlDeps {
  tasks: Tasks;
  reencryption: {
    /** The master key lies in the data directory: the house can make a new one and keep it there. */
    isKeptHere: boolean;
    /** Carries it out; `tell` is called between two batches, and what it throws stops it there. */
    run(caller: Caller, tell: (line: string) => void): Promise<{ values: number }>;
  };
}

/** Whether one waits because somebody paused it; nothing else may go on with it then. */
export async function isReencryptionPaused({ database }: Pick<ControlDeps, 'database'>): Promise<boolean> {
  return (await listTasks(database, { createdBy: null, kind: reencryptionKind, state: 'paused', limit: 1 })).length > 0;
}

/** Thrown between two batches, where nothing is half done. */
class StoppedHere extends Error {
  override readonly name = 'StoppedHere';
}

/**
 * Begins it and answers the task's id; while one runs, that one's.
 * @throws Refusal KEY_NOT_KEPT_HERE where the key comes from outside and no rotation waits to be finished; RATE_LIMITED, OVERLOADED
 */
export async function startReencryption(deps: ReencryptionDeps, caller: Caller): Promise<string> {
  const { actor, origin } = caller;
  const running = deps.tasks.running(({ kind }) => kind === reencryptionKind);
  if (running) return running.id;
  if (!deps.reencryption.isKeptHere && !(await isRotationUnfinished(deps, deps.reencryption.isKeptHere)))
    throw new Refusal('KEY_NOT_KEPT_HERE');
  const task = await deps.tasks.start({
    kind: reencryptionKind,
    title: '',
    ownerUserId: actor.userId,
    ownerName: actor.name,
    input: { requestId: origin.requestId },
    run: (context) => work(deps, caller, context),
  });
  await noteTaskWish(deps, caller, 'start', { id: task.id, kind: reencryptionKind });
  return task.id;
}

/** A restart, or the end of a pause, finishes what was begun; it never begins another one. */
export function resumeReencryption(deps: ReencryptionDeps): void {
  deps.tasks.onRestart(reencryptionKind, (task): TaskRun | null => {
    const actor = deps.keeper.snapshot.actorOf(task.createdBy.id, 'session');
    if (!actor || !isAdministrator(actor)) return null;
    const { requestId } = task.input as { requestId: string };
    const caller = { actor, origin: { requestId, address: '', agent: '' } };
    return async (context) =>
      (await isRotationUnfinished(deps, deps.reencryption.isKeptHere)) || task.done === 0 ? work(deps, caller, context) : {};
  });
}

const ofHowMany = /^(\d+) of (\d+) /;

async function work(deps: ReencryptionDeps, caller: Caller, { signal, progress, say }: TaskContext): Promise<Record<string, unknown>> {
  const tell = (line: string): void => {
    if (signal.aborted) throw new StoppedHere();
    const counted = ofHowMany.exec(line);
    if (counted) progress(Number(counted[1]), Number(counted[2]));
    else say(line);
  };
  const { values } = await deps.reencryption.run(caller, tell);
  progress(values, values);
  return { values };
}
