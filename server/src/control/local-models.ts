/** The models of a connection's own machine: seeing what is installed, fetching one as a task, deleting one. */
import { localModelName } from '@patchbay/contract/local-models';
import { Refusal, UpstreamFailure, type Fault } from '../domain/errors.ts';
import type { InstalledModel, LocalModels } from '../domain/local-models.ts';
import type { Actor } from '../domain/owner.ts';
import type { Task } from '../domain/task.ts';
import { providerRow } from '../providers/catalog.ts';
import { writeAudit } from '../storage/changes.ts';
import type { StoredConnection } from '../storage/connections.ts';
import { auditEntry, type Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { probeCallerOf, savedTarget } from './connection-test.ts';
import { catchUp, deedOn } from './connections.ts';
import type { ControlDeps } from './deps.ts';
import type { TaskContext, TaskRun, Tasks } from './tasks.ts';

export const pullKind = 'model-pull';

export interface LocalModelDeps extends ControlDeps {
  localModels: LocalModels;
  tasks: Tasks;
}

/** The connection, known to the gateway as it is now. Throws NOT_FOUND, also for a connection that has no such models. */
async function machineOf(deps: LocalModelDeps, caller: Caller, id: string, wish: 'use' | 'manage'): Promise<StoredConnection> {
  const stored = await findFor(deps, caller, id, wish, 'connection.models');
  if (!providerRow(stored.connection.providerId)?.keepsModels) throw new Refusal('NOT_FOUND');
  if (deps.keeper.snapshot.connections.get(id)?.revision !== stored.connection.revision) await catchUp(deps);
  return stored;
}

/** Faults that mean that the machine did not answer in time. */
const timeouts: ReadonlySet<Fault> = new Set<Fault>(['connect_timeout', 'headers_timeout', 'stalled', 'total_timeout', 'request_timeout']);

/** What a machine's failure is to the person who asked. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof UpstreamFailure)) return error;
  if (error.fault === 'model_not_found') return new Refusal('NOT_FOUND', { cause: error });
  if (error.fault === 'secret_unreadable') return new Refusal('SECRET_UNREADABLE', { cause: error });
  return new Refusal(timeouts.has(error.fault) ? 'PROVIDER_TIMEOUT' : 'PROVIDER_ERROR', { cause: error });
}

async function asked<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw refusalOf(error);
  }
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, PROVIDER_ERROR, PROVIDER_TIMEOUT, SECRET_UNREADABLE */
export async function installedModels(deps: LocalModelDeps, caller: Caller, id: string): Promise<InstalledModel[]> {
  const stored = await machineOf(deps, caller, id, 'use');
  return asked(() => deps.localModels.installed(savedTarget(stored), probeCallerOf(caller, stored.connection)));
}

/**
 * Begins to fetch a model and answers the task's id; while that model is being fetched for that connection, the running one's.
 * @throws Refusal NOT_FOUND, FORBIDDEN, RATE_LIMITED, OVERLOADED
 */
export async function pullModel(deps: LocalModelDeps, caller: Caller, id: string, model: string): Promise<string> {
  const stored = await machineOf(deps, caller, id, 'manage');
  const { connection } = stored;
  const running = deps.tasks.running(
    (task) => task.kind === pullKind && task.input['connectionId'] === id && task.input['model'] === model,
  );
  // Somebody else's task is nobody's to see: their download goes on, and this one waits at the same layers.
  if (running && running.createdBy.id === caller.actor.userId) return running.id;
  await writeAudit(deps.database, auditEntry(deps, caller, deedOn('connection.models.pull', connection, { model: { after: model } })));
  const task = await deps.tasks.start({
    kind: pullKind,
    title: model,
    ownerUserId: caller.actor.userId,
    ownerName: caller.actor.name,
    input: { connectionId: id, model, requestId: caller.origin.requestId },
    run: (context) => pull(deps, caller, id, model, context),
  });
  return task.id;
}

/** A restart of the server goes on where the machine stopped: it has kept what it had fetched. */
export function resumePulls(deps: LocalModelDeps): void {
  deps.tasks.onRestart(pullKind, (task: Task): TaskRun | null => {
    const actor: Actor | undefined = deps.keeper.snapshot.actorOf(task.createdBy.id, 'session');
    if (!actor) return null;
    const { connectionId, model, requestId } = task.input as { connectionId: string; model: string; requestId: string };
    const caller = { actor, origin: { requestId, address: '', agent: '' } };
    return (context) => pull(deps, caller, connectionId, model, context);
  });
}

async function pull(
  deps: LocalModelDeps,
  caller: Caller,
  id: string,
  model: string,
  context: TaskContext,
): Promise<Record<string, unknown>> {
  // Looked up anew: a task may run long after it was asked for, and may no longer be allowed.
  const stored = await machineOf(deps, caller, id, 'manage');
  // Known from the first moment, so that pages show it where it belongs.
  context.keep({ connectionId: id });
  const options = {
    signal: context.signal,
    onProgress: (now: { percent: number; phase: string; totalBytes: number; completedBytes: number }): void => {
      context.progress(now.percent, 100, now.phase);
      context.keep({ connectionId: id, totalBytes: now.totalBytes, completedBytes: now.completedBytes });
    },
  };
  try {
    await deps.localModels.pull(savedTarget(stored), probeCallerOf(caller, stored.connection), model, options);
  } catch (error) {
    // The machine's own words say more than our code does; they are scrubbed of secrets.
    if (error instanceof UpstreamFailure) context.keep({ connectionId: id, vendorMessage: error.vendorMessage });
    throw refusalOf(error);
  }
  // The list of models that pages show is of before: the next look asks the machine again.
  await deps.probe.models(savedTarget(stored), probeCallerOf(caller, stored.connection), { refresh: true });
  return { connectionId: id };
}

/** @throws Refusal NOT_FOUND also for a model that is not installed, FORBIDDEN, PROVIDER_ERROR, PROVIDER_TIMEOUT */
export async function removeModel(deps: LocalModelDeps, caller: Caller, id: string, model: string): Promise<void> {
  const stored = await machineOf(deps, caller, id, 'manage');
  if (!localModelName.safeParse(model).success) throw new Refusal('NOT_FOUND');
  await asked(() => deps.localModels.remove(savedTarget(stored), probeCallerOf(caller, stored.connection), model));
  await writeAudit(
    deps.database,
    auditEntry(deps, caller, deedOn('connection.models.delete', stored.connection, { model: { before: model } })),
  );
  await deps.probe.models(savedTarget(stored), probeCallerOf(caller, stored.connection), { refresh: true });
}
