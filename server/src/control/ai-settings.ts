/** The installation's AI settings: the organization's default model, limits where nobody else says one, and the last resort (D-25). */
import type { AiSettingsChange } from '@patchbay/contract/ai-settings';
import { changesBetween } from '../domain/audit.ts';
import type { AiSettings } from '../domain/ai-settings.ts';
import type { Connection } from '../domain/connection.ts';
import type { Owner } from '../domain/owner.ts';
import { aiSettingsOf, putAiSettings, staleAiSettings } from '../storage/ai-settings.ts';
import { clearDefaultStep, setDefaultStep, staleLabel } from '../storage/connections.ts';
import type { WriteStep } from '../storage/driver.ts';
import { commitAs, keptState, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { fieldFault } from './connection-input.ts';
import type { ControlDeps, EnvironmentConnection } from './deps.ts';
import { againWhileStale, refusing, stale } from './stale.ts';

export interface AiSettingsDeps extends ControlDeps {
  /** What `.env` names, whether it is used or not. */
  environmentNamed: EnvironmentConnection | null;
}

/** The settings as they stand, with the organization's default connection: it is one thing, shown in two places. */
export interface ShownAiSettings extends AiSettings {
  defaultConnection: Connection | null;
}

const subjectType = 'ai-settings';

const organizationOf = ({ keeper }: Pick<ControlDeps, 'keeper'>): Owner => ({ scope: 'organization', id: keeper.snapshot.organizationId });

function defaultOf(deps: Pick<ControlDeps, 'keeper'>): Connection | null {
  const { snapshot } = deps.keeper;
  const id = snapshot.indexOf(organizationOf(deps)).defaultId;
  return id === null ? null : (snapshot.connections.get(id) ?? null);
}

export async function showAiSettings(deps: ControlDeps): Promise<ShownAiSettings> {
  return { ...(await aiSettingsOf(deps.database)), defaultConnection: defaultOf(deps) };
}

function chosen(deps: ControlDeps, id: string): Connection {
  const connection = deps.keeper.snapshot.connections.get(id);
  if (connection?.owner.scope !== 'organization')
    throw fieldFault('defaultConnectionId', 'unknown_connection', 'no model of the organization');
  if (!connection.isActive) throw fieldFault('defaultConnectionId', 'inactive', 'the model is inactive');
  return connection;
}

function defaultSteps(deps: ControlDeps, before: Connection | null, id: string | null | undefined): WriteStep[] {
  if (id === undefined || id === (before?.id ?? null)) return [];
  const owner = organizationOf(deps);
  // Clearing takes the flag from everybody but the one named; no id is all of them.
  if (id === null) return before === null ? [] : [clearDefaultStep(deps.database, owner, owner.id)];
  chosen(deps, id);
  return [clearDefaultStep(deps.database, owner, id), setDefaultStep(deps.database, owner, id)];
}

/** Changes what is named; the next request is served by it. @throws Refusal VALIDATION_ERROR, CONFLICT, STALE */
export function changeAiSettings(
  deps: ControlDeps,
  caller: Caller,
  { defaultConnectionId, maxTokens, temperature, isEnvironmentUsed }: Omit<AiSettingsChange, 'revision'>,
  expected?: Expected<ShownAiSettings>,
): Promise<ShownAiSettings> {
  return againWhileStale(async () => {
    const before = await showAiSettings(deps);
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: subjectType, id: subjectType });
    const after: AiSettings = {
      ...before,
      // A proposal that nobody saved applies to nothing, and does not begin to by the way.
      ...(before.savedAtMs === null && { maxTokens: null, temperature: null }),
      ...(maxTokens !== undefined && { maxTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(isEnvironmentUsed !== undefined && { isEnvironmentUsed }),
    };
    const nowMs = deps.clock.nowMs();
    const isAboutDefaultAlone = maxTokens === undefined && temperature === undefined && isEnvironmentUsed === undefined;
    const steps = [
      ...defaultSteps(deps, before.defaultConnection, defaultConnectionId),
      ...(isAboutDefaultAlone ? [] : [putAiSettings(deps.database, after, { readRevision: before.revision, nowMs })]),
    ];
    const told = (settings: AiSettings, connectionId: string | null): Record<string, unknown> => ({
      defaultConnectionId: connectionId,
      maxTokens: settings.maxTokens,
      temperature: settings.temperature,
      isEnvironmentUsed: settings.isEnvironmentUsed,
    });
    const defaultId = before.defaultConnection?.id ?? null;
    const changes = changesBetween(
      before.savedAtMs === null ? { defaultConnectionId: defaultId } : told(before, defaultId),
      told(after, defaultConnectionId === undefined ? defaultId : defaultConnectionId),
    );
    const stateBefore = told(before, defaultId);
    const stateAfter = told(after, defaultConnectionId === undefined ? defaultId : defaultConnectionId);
    const state = keptState({ revision: before.revision, updatedAtMs: before.savedAtMs ?? nowMs }, stateBefore, stateAfter);
    const deed = { action: 'ai-settings.update', subjectType, subjectId: subjectType, subjectName: null, owner: null, changes, state };
    const { revision } = await refusing(commitAs(deps, caller, steps, deed), { [staleAiSettings]: stale, [staleLabel]: stale });
    // What was written here, and not what stands by now: whoever goes on from this answer would else take the change of another for seen.
    const written = isAboutDefaultAlone ? before : { ...after, savedAtMs: nowMs, revision };
    const now = defaultConnectionId === undefined ? before.defaultConnection?.id : defaultConnectionId;
    return { ...written, defaultConnection: deps.keeper.snapshot.connections.get(now ?? '') ?? null };
  });
}
