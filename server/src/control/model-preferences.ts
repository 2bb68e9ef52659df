/** Which models somebody wants to see in their own lists (D-38). A view of theirs alone: no revision, no audit entry. */
import type { ListedModel } from '../domain/probe.ts';
import { isUuid } from '../lib/ids.ts';
import { listPreferences, setPreferenceStep, type ModelPreference } from '../storage/model-preferences.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import type { ControlDeps } from './deps.ts';

/** Rows of one write: it holds the writer for a few milliseconds and no longer. */
const atOnceMax = 200;

/** The caller's own preferences, of one connection or of all. What is not listed is enabled. */
export async function preferencesOf(deps: ControlDeps, caller: Caller, connectionId: string | null): Promise<ModelPreference[]> {
  // The pseudo-connection of the settings has an id that is none, and PostgreSQL refuses to compare with such a text.
  if (connectionId !== null && !isUuid(connectionId)) return [];
  return listPreferences(deps.database, caller.actor.userId, connectionId);
}

/** Ids of the models that the caller has hidden; none for a list of no connection. */
export async function hiddenModels(deps: ControlDeps, caller: Caller, connectionId: string | null): Promise<ReadonlySet<string>> {
  const preferences = connectionId === null ? [] : await preferencesOf(deps, caller, connectionId);
  return new Set(preferences.filter((preference) => !preference.isEnabled).map(({ modelId }) => modelId));
}

/** Without the models of this connection that the caller has hidden; `null` is a list of no connection, which nobody can hide from. */
export async function visibleModels(
  deps: ControlDeps,
  caller: Caller,
  connectionId: string | null,
  models: readonly ListedModel[],
): Promise<ListedModel[]> {
  const hidden = await hiddenModels(deps, caller, connectionId);
  return models.filter(({ id }) => !hidden.has(id));
}

/** Notes the same preference for many models at once. The caller must have been found to be one who may use the connection. */
export async function setPreferences(
  deps: ControlDeps,
  caller: Caller,
  connectionId: string,
  modelIds: readonly string[],
  isEnabled: boolean,
): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const { userId } = caller.actor;
  for (let from = 0; from < modelIds.length; from += atOnceMax) {
    const some = modelIds.slice(from, from + atOnceMax);
    const steps = some.map((modelId) => setPreferenceStep(deps.database, userId, { connectionId, modelId, isEnabled }, nowMs));
    await deps.database.driver.write(steps);
  }
}

/** Notes a preference for a model of a connection that the caller may use. Throws NOT_FOUND or FORBIDDEN. */
export async function setPreference(deps: ControlDeps, caller: Caller, preference: ModelPreference): Promise<void> {
  await findFor(deps, caller, preference.connectionId, 'use', 'model-preference.set');
  await deps.database.driver.write([setPreferenceStep(deps.database, caller.actor.userId, preference, deps.clock.nowMs())]);
}
