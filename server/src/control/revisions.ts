/** The history of configuration objects: who may read it, what differs between two states, and how an old one is brought back. */
import type { RevisionType } from '@patchbay/contract/revision-types';
import { changesBetween } from '../domain/audit.ts';
import { Refusal, type FieldFault } from '../domain/errors.ts';
import { isAdministrator, may } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { listRevisions, type ObjectRevision, type ObjectState } from '../storage/object-revisions.ts';
import { changeAccessKey, seeAccessKey } from './access-keys.ts';
import { requireHistory, restoreChannel, type ChannelRoom } from './alert-channels.ts';
import { alertRuleInput, missingChannels } from './alert-rule-states.ts';
import { changeRule, ruleFor } from './alert-rules.ts';
import { changeAiSettings } from './ai-settings.ts';
import { captureInput, changeCapture } from './capture.ts';
import { noteRefusal, type Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { changeConnection } from './connections.ts';
import { changeHealthSettings } from './health-settings.ts';
import { changeLimitSettings } from './limit-settings.ts';
import { changeLimit, seeLimit, type LimitDeps } from './limits.ts';
import { mailInput, missingPassword, setMailServer } from './mail-server.ts';
import { changeUser, personInput, userById } from './people/users.ts';
import { changePolicy, policyFor } from './policies.ts';
import { bringBackPrice, priceHistory } from './price-history.ts';
import type { PricingDeps } from './prices.ts';
import { changeRepository, repositoryFor } from './repositories.ts';
import { changeRetention, retentionInput, type RetentionControlDeps } from './retention.ts';
import {
  accessKeyInput,
  aiSettingsInput,
  connectionInput,
  groupInput,
  healthSettingsInput,
  limitInput,
  limitSettingsInput,
  namedConnections,
  policyInput,
  repositoryInput,
  templateInput,
  useCaseInput,
  wordsOfHistory,
} from './revision-inputs.ts';
import { changeGroup, findGroupFor } from './routing-groups.ts';
import { notFound } from './stale.ts';
import { changeTemplate, requireTemplate } from './templates.ts';
import { changeUseCase, mustFindUseCase } from './use-cases.ts';
import { shownMembers } from './workspace-states.ts';
import { restoreWorkspace, workspaceFor } from './workspaces.ts';

export type RevisionDeps = LimitDeps & PricingDeps & RetentionControlDeps & ChannelRoom;

interface Kind {
  /** Lets whoever may change the object pass. @throws Refusal NOT_FOUND, FORBIDDEN */
  require(deps: RevisionDeps, caller: Caller, id: string): Promise<unknown>;
  /** Changes the object to the state, as a person would who entered it. @throws Refusal as a change does */
  restore(deps: RevisionDeps, caller: Caller, id: string, state: ObjectState): Promise<unknown>;
  /** Where the history is not that of the id alone. */
  history?(deps: RevisionDeps, id: string): Promise<ObjectRevision[]>;
  /** What the state needs and is gone, beside the connections that it names. */
  missing?(deps: RevisionDeps, state: ObjectState): Promise<FieldFault[]> | FieldFault[];
  /** The states as people read them, where they are not kept so. */
  shown?(deps: RevisionDeps, states: readonly ObjectRevision[]): Promise<ObjectRevision[]>;
}

const requirePermission = (caller: Caller): void => {
  if (!may(caller.actor, 'manage_ai_use_cases')) throw new Refusal('FORBIDDEN');
};

/** Of what administrators alone may see. */
const requireAdministrator = ({ actor }: Caller): void => {
  if (!isAdministrator(actor)) throw new Refusal('FORBIDDEN');
};

/** Settings of which an installation has one: they go by its id. */
const settingsOfHouse = (restore: Kind['restore']): Kind => ({
  async require({ keeper }, caller, id) {
    requireAdministrator(caller);
    if (id !== keeper.snapshot.organizationId) throw notFound();
  },
  restore,
});

const kinds: Readonly<Record<RevisionType, Kind>> = {
  connection: {
    require: (deps, caller, id) => findFor(deps, caller, id, 'manage', 'connection.history'),
    restore: (deps, caller, id, state) => changeConnection(deps, caller, id, connectionInput(state), wordsOfHistory),
  },
  'use-case': {
    async require(deps, caller, id) {
      requirePermission(caller);
      return mustFindUseCase(deps, id);
    },
    restore: (deps, caller, id, state) => changeUseCase(deps, caller, id, useCaseInput(state)),
  },
  'routing-group': {
    require: (deps, caller, id) => findGroupFor(deps, caller, id, 'manage', 'routing-group.history'),
    restore: (deps, caller, id, state) => changeGroup(deps, caller, id, groupInput(state)),
  },
  policy: {
    require: (deps, caller, id) => policyFor(deps, caller, id, 'change', 'policy.history'),
    restore: (deps, caller, id, state) => changePolicy(deps, caller, id, policyInput(state)),
  },
  repository: {
    require: (deps, caller, id) => repositoryFor(deps, caller.actor, id, 'WRITE'),
    restore: (deps, caller, id, state) =>
      changeRepository(deps, caller, id, repositoryInput(state), { connectionAt: (index) => `connectionIds.${index}` }),
  },
  limit: {
    async require(deps, caller, id) {
      const found = await seeLimit(deps, caller.actor, id);
      if (!found.canManage) throw new Refusal('FORBIDDEN');
      return found;
    },
    restore: (deps, caller, id, state) => changeLimit(deps, caller, id, limitInput(state)),
  },
  'access-key': {
    require: (deps, caller, id) => seeAccessKey(deps, caller.actor, id),
    restore: (deps, caller, id, state) => changeAccessKey(deps, caller, id, accessKeyInput(state)),
  },
  'ai-settings': {
    async require(_deps, caller, id) {
      if (id !== 'ai-settings') throw notFound();
      requirePermission(caller);
    },
    restore: (deps, caller, _id, state) => changeAiSettings(deps, caller, aiSettingsInput(state)),
  },
  alert_rule: {
    require: (deps, caller, id) => ruleFor(deps, caller, id, 'change', 'alert_rule.history'),
    restore: (deps, caller, id, state) => changeRule(deps, caller, id, alertRuleInput(state)),
    missing: missingChannels,
  },
  alert_channel: { require: requireHistory, restore: restoreChannel },
  template: {
    async require(deps, caller, id) {
      requireAdministrator(caller);
      return requireTemplate(deps, id);
    },
    restore: (deps, caller, id, state) => changeTemplate(deps, caller, id, templateInput(state)),
  },
  price: {
    async require(deps, caller, id) {
      requireAdministrator(caller);
      return priceHistory(deps, id);
    },
    restore: bringBackPrice,
    history: priceHistory,
  },
  'limit-settings': settingsOfHouse((deps, caller, _id, state) => changeLimitSettings(deps, caller, limitSettingsInput(state))),
  'health-settings': settingsOfHouse((deps, caller, _id, state) => changeHealthSettings(deps, caller, healthSettingsInput(state))),
  retention: settingsOfHouse((deps, caller, _id, state) => changeRetention(deps, caller, retentionInput(deps, state))),
  mail_server: {
    ...settingsOfHouse((deps, caller, _id, state) => setMailServer(deps, caller, mailInput(state))),
    missing: missingPassword,
  },
  workspace: {
    require: (deps, caller, id) => workspaceFor(deps, caller.actor, id, 'ADMIN'),
    restore: restoreWorkspace,
    shown: shownMembers,
  },
  'workspace-capture': {
    require: (deps, caller, id) => workspaceFor(deps, caller.actor, id, 'ADMIN'),
    restore: (deps, caller, id, state) => changeCapture(deps, caller, id, captureInput(state)),
  },
  user: {
    async require(deps, caller, id) {
      requireAdministrator(caller);
      return userById(deps, id);
    },
    restore: (deps, caller, id, state) => changeUser(deps, caller, id, personInput(state)),
  },
};

const statesOf = (deps: RevisionDeps, type: RevisionType, id: string): Promise<ObjectRevision[]> =>
  kinds[type].history?.(deps, id) ?? listRevisions(deps.database, type, id);

/** The states of an object, newest first. @throws Refusal NOT_FOUND, FORBIDDEN; of what is gone administrators alone may read */
export async function historyOf(deps: RevisionDeps, caller: Caller, type: RevisionType, id: string): Promise<ObjectRevision[]> {
  const states = await keptFor(deps, caller, type, id);
  return (await kinds[type].shown?.(deps, states)) ?? states;
}

async function keptFor(deps: RevisionDeps, caller: Caller, type: RevisionType, id: string): Promise<ObjectRevision[]> {
  try {
    await kinds[type].require(deps, caller, id);
  } catch (error) {
    const isGone = error instanceof Refusal && error.code === 'NOT_FOUND' && isAdministrator(caller.actor) && isUuid(id);
    const kept = isGone ? await listRevisions(deps.database, type, id) : [];
    if (kept[0]?.state === null) return kept;
    throw error;
  }
  return statesOf(deps, type, id);
}

export type StateChanges = ReturnType<typeof changesBetween>;

/** What differs between a state and the one before it. */
export const changesOf = (revisions: readonly ObjectRevision[], index: number): StateChanges =>
  changesBetween(revisions[index + 1]?.state ?? {}, revisions[index]?.state ?? {});

function mustHave(revisions: readonly ObjectRevision[], revision: number): ObjectRevision {
  const found = revisions.find((one) => one.revision === revision);
  if (!found) throw new Refusal('REVISION_NOT_FOUND', { values: { revision } });
  return found;
}

/** What differs between two states of an object; the newest and the one before it where none is named. @throws Refusal NOT_FOUND, FORBIDDEN, REVISION_NOT_FOUND */
export async function diffOf(
  deps: RevisionDeps,
  caller: Caller,
  type: RevisionType,
  id: string,
  between: { from?: number | undefined; to?: number | undefined },
): Promise<StateChanges> {
  const revisions = await historyOf(deps, caller, type, id);
  const before = between.from === undefined ? revisions[1] : mustHave(revisions, between.from);
  const after = between.to === undefined ? revisions[0] : mustHave(revisions, between.to);
  return changesBetween(before?.state ?? {}, after?.state ?? {});
}

/**
 * Brings a state back by an ordinary change: every rule of today holds for it, and what it names must still be there.
 * @throws Refusal NOT_FOUND, FORBIDDEN, REVISION_NOT_FOUND, REVISION_UNUSABLE with what is gone, and all that the change itself refuses
 */
export async function rollBack(deps: RevisionDeps, caller: Caller, type: RevisionType, id: string, revision: number): Promise<number> {
  await kinds[type].require(deps, caller, id);
  const { state, name } = mustHave(await statesOf(deps, type, id), revision);
  const gone = state === null ? [goneAt('', 'the object was deleted by this change')] : await missingIn(deps, type, state);
  if (state === null || gone.length > 0) throw new Refusal('REVISION_UNUSABLE', { values: { revision }, details: gone });
  await noting(deps, caller, { type, id, name }, () => kinds[type].restore(deps, { ...caller, rollsBackTo: revision }, id, state));
  return (await statesOf(deps, type, id))[0]?.revision ?? revision;
}

/** A way back that a secret would have taken to another place is in the audit log; connections note their own. */
async function noting(
  deps: RevisionDeps,
  caller: Caller,
  { type, id, name }: { type: RevisionType; id: string; name: string | null },
  restore: () => Promise<unknown>,
): Promise<void> {
  try {
    await restore();
  } catch (error) {
    const isLeaving = error instanceof Refusal && error.code === 'SECRET_REQUIRED_FOR_NEW_ORIGIN' && type !== 'connection';
    const deed = { action: `${type}.rollback`, subjectType: type, subjectId: id, subjectName: name, owner: null };
    if (isLeaving) await noteRefusal(deps, caller, deed, error);
    throw error;
  }
}

const goneAt = (path: string, message: string): FieldFault => ({ path, code: 'gone', message });

/** What the state names and what is not there any more. */
async function missingIn(deps: RevisionDeps, type: RevisionType, state: ObjectState): Promise<FieldFault[]> {
  const named = namedConnections(state).filter(({ id }) => !deps.keeper.snapshot.connections.has(id));
  return [
    ...named.map(({ path, id }) => goneAt(path, `the connection ${id} is not there any more`)),
    ...((await kinds[type].missing?.(deps, state)) ?? []),
  ];
}
