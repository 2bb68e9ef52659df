/** Tests many connections as one task: a few at a time, each result told as it comes, nothing switched off by any of them. */
import type { BulkTestItem } from '@patchbay/contract/tasks';
import { bulkTestMax } from '@patchbay/contract/tasks';
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import type { Task } from '../domain/task.ts';
import { hintOf } from '../providers/hints.ts';
import type { Caller } from './change.ts';
import { withinTestLimit } from './connection-test-limit.ts';
import { testSaved } from './connection-test.ts';
import { listFor } from './connections.ts';
import type { ControlDeps } from './deps.ts';
import { noteTaskWish } from './task-notes.ts';
import type { TaskContext, TaskRun, Tasks } from './tasks.ts';

export const bulkTestKind = 'connection-tests';
/** Providers that one bulk test asks at the same time. */
export const bulkTestsAtOnce = 4;

export interface BulkTestDeps extends ControlDeps {
  tasks: Tasks;
}

interface Place {
  id: string;
  name: string;
}

/**
 * Begins a test of the named connections, or of every one that is switched on and that the caller may use. While one of the caller's
 * runs, that one is answered: two at once would ask every provider twice.
 * @throws Refusal NOT_FOUND where none of the named ones is the caller's to use, RATE_LIMITED, OVERLOADED
 */
export async function testAll(deps: BulkTestDeps, caller: Caller, connectionIds: readonly string[] | null): Promise<string> {
  const { userId, name } = caller.actor;
  const running = deps.tasks.running((task) => task.kind === bulkTestKind && task.createdBy.id === userId);
  if (running) {
    await noteTaskWish(deps, caller, 'start', running);
    return running.id;
  }
  const places = await placesOf(deps, caller, connectionIds);
  if (places.length === 0 && connectionIds !== null) throw new Refusal('NOT_FOUND');
  const task = await withinTestLimit(deps, userId, () =>
    deps.tasks.start({
      kind: bulkTestKind,
      title: '',
      ownerUserId: userId,
      ownerName: name,
      total: places.length,
      input: { places, requestId: caller.origin.requestId },
      run: (context) => testEach(deps, caller, places, [], context),
    }),
  );
  await noteTaskWish(deps, caller, 'start', task);
  return task.id;
}

async function placesOf(deps: ControlDeps, caller: Caller, connectionIds: readonly string[] | null): Promise<Place[]> {
  const { items } = await listFor(deps, caller, { owners: 'usable' });
  const wanted = connectionIds === null ? null : new Set(connectionIds);
  return items
    .map(({ connection }) => connection)
    .filter(({ id, isActive }) => (wanted === null ? isActive : wanted.has(id)))
    .slice(0, bulkTestMax)
    .map(({ id, name }) => ({ id, name }));
}

/** A restart of the server goes on where the last result was noted, as long as the person may still do so. */
export function resumeBulkTests(deps: BulkTestDeps): void {
  deps.tasks.onRestart(bulkTestKind, (task): TaskRun | null => {
    const actor: Actor | undefined = deps.keeper.snapshot.actorOf(task.createdBy.id, 'session');
    if (!actor) return null;
    const { places, requestId } = task.input as { places: Place[]; requestId: string };
    const caller = { actor, origin: { requestId, address: '', agent: '' } };
    return (context) => testEach(deps, caller, places, itemsOf(task), context);
  });
}

const itemsOf = (task: Task): BulkTestItem[] => (task.result?.['items'] as BulkTestItem[] | undefined) ?? [];

async function testEach(
  deps: ControlDeps,
  caller: Caller,
  places: readonly Place[],
  before: readonly BulkTestItem[],
  { signal, progress, keep }: TaskContext,
): Promise<Record<string, unknown>> {
  const items = [...before];
  const known = new Set(items.map(({ id }) => id));
  const waiting = places.filter(({ id }) => !known.has(id));
  progress(items.length, places.length);
  const work = async (): Promise<void> => {
    // Ends with the list, which only becomes shorter.
    for (let place = waiting.shift(); place && !signal.aborted; place = waiting.shift()) {
      items.push(await testOne(deps, caller, place));
      keep({ items: [...items] });
      progress(items.length, places.length, place.name);
    }
  };
  await Promise.all(Array.from({ length: bulkTestsAtOnce }, work));
  return { items };
}

async function testOne(deps: ControlDeps, caller: Caller, { id, name }: Place): Promise<BulkTestItem> {
  try {
    const { test } = await testSaved(deps, caller, id, { maxAgeS: null, isBulk: true });
    const errorCode = test.isSuccess ? null : test.fault === null ? 'UNKNOWN' : hintOf(test.fault).errorCode;
    return { id, name, status: test.isSuccess ? 'success' : 'failed', latencyMs: test.latencyMs, errorCode };
  } catch (error) {
    // Deleted or closed to the caller since the list was made: there is nothing to test, and the others go on.
    if (!(error instanceof Refusal)) throw error;
    return { id, name, status: 'pending', latencyMs: null, errorCode: 'UNKNOWN' };
  }
}
