/** Use cases, policies and limits in the configuration file. */
import { decimalUsdOf } from '../../domain/money.ts';
import type { PolicyJudge } from '../../domain/policy.ts';
import type { LimitSubject } from '../../domain/limit.ts';
import { listLimits, type LimitRecord } from '../../storage/limits.ts';
import { listPolicies } from '../../storage/policies.ts';
import { listUseCases } from '../../storage/use-cases.ts';
import { nameKeyOf } from '../../storage/name-key.ts';
import { actingFor } from '../operator-connections.ts';
import { changeLimit, createLimit, removeLimit } from '../limits.ts';
import { changePolicy, createPolicy, deletePolicy, requirePlace } from '../policies.ts';
import { changeUseCase, createUseCase, deleteUseCase } from '../use-cases.ts';
import { byKey, type Context, type Current, type Kind, type Reference } from './kind.ts';
import { keyOfName, nameInFile } from './names.ts';
import { referencesOf } from './references.ts';
import type { LimitSpec, PolicySpec, UseCaseSpec } from './shapes.ts';

const pageRows = 500;

function useCaseInput({ names }: Context, { slug: _slug, connection, fallbacks, allowedRoles, inject, ...spec }: UseCaseSpec) {
  return {
    ...spec,
    connectionId: connection === null ? null : names.connectionId(connection),
    fallbackConnectionIds: fallbacks.map((one) => names.connectionId(one)),
    injectContext: inject,
    ...(allowedRoles === null ? { allRoles: true } : { allowedRoles }),
  };
}

export const useCases: Kind<UseCaseSpec> = {
  section: 'useCases',
  async read({ deps, names }) {
    const specs = (await listUseCases(deps.database)).map((useCase): Current<UseCaseSpec> => {
      const { id, slug, name, description, connectionId, model, systemPrompt, baseKnowledge, temperature, maxTokens, priority } = useCase;
      const connection = connectionId === null ? null : names.connectionName(connectionId);
      const fallbacks = useCase.fallbackIds.flatMap((one) => names.connectionName(one) ?? []);
      const allowedRoles = useCase.allowedRoles === null ? null : [...useCase.allowedRoles];
      const { user, time, page } = useCase.inject;
      return {
        id,
        spec: {
          slug,
          name: nameInFile({ id, name }),
          description,
          connection,
          model,
          systemPrompt,
          baseKnowledge,
          temperature,
          maxTokens,
          allowedRoles,
          priority,
          fallbacks,
          inject: { user, time, page },
          isActive: useCase.isActive,
        },
      };
    });
    return specs.toSorted(byKey(({ slug }) => slug));
  },
  keyOf: ({ slug }) => slug,
  nameOf: ({ slug }) => slug,
  references: ({ connection, fallbacks }) => [
    ...(connection === null ? [] : referencesOf.connection(connection, ['connection'])),
    ...fallbacks.flatMap((one, index) => referencesOf.connection(one, ['fallbacks', index])),
  ],
  create: (context, spec) => createUseCase(context.deps, context.caller, { ...useCaseInput(context, spec), slug: spec.slug }),
  change: (context, { id }, spec) => changeUseCase(context.deps, context.caller, id, useCaseInput(context, spec)),
  remove: ({ deps, caller }, { id }) => deleteUseCase(deps, caller, id),
};

const policyKey = ({ workspace, repository, name }: PolicySpec): string =>
  [workspace ?? '', repository ?? '', name].map(nameKeyOf).join('/');

/** Under an id that nothing has, so that one who is gone here is gone there. */
function judgeInput({ names, deps }: Context, { judge }: PolicySpec): PolicyJudge | null {
  if (judge === null) return null;
  return { connectionId: judge.connection === null ? deps.ids.uuid() : names.connectionId(judge.connection), model: judge.model };
}

const policyInput = (context: Context, spec: PolicySpec) => ({ ...policyWords(spec), judge: judgeInput(context, spec) });

const policyWords = ({ content, risk, action, side, rules, isActive, name }: PolicySpec) => ({
  name,
  content,
  risk,
  action,
  side,
  rules,
  isActive,
});

export const policies: Kind<PolicySpec> = {
  section: 'policies',
  async read({ deps, names }) {
    const { repositories } = deps.keeper.snapshot;
    const specs = (await listPolicies(deps.database, null)).map((policy): Current<PolicySpec> => {
      const { id, name, workspaceId, repositoryId, content, risk, action, side, rules, judge, isActive } = policy;
      const repository = repositoryId === null ? undefined : repositories.get(repositoryId);
      return {
        id,
        spec: {
          name: nameInFile({ id, name }),
          workspace: workspaceId === null ? null : names.workspaceName(workspaceId),
          repository: repository ? nameInFile(repository) : null,
          content,
          risk,
          action,
          side,
          rules: rules as PolicySpec['rules'],
          judge: judge && { connection: names.connectionName(judge.connectionId), model: judge.model },
          isActive,
        },
      };
    });
    return specs.toSorted(byKey(policyKey));
  },
  keyOf: policyKey,
  nameOf: ({ name, workspace, repository }) => [workspace, repository, name].filter((part) => part !== null).join(' / '),
  references: ({ workspace, repository, judge }): Reference[] => [
    ...(workspace === null ? [] : referencesOf.workspace(workspace, ['workspace'])),
    ...(workspace === null || repository === null ? [] : referencesOf.repository(workspace, repository, ['repository'])),
    ...(judge === null || judge.connection === null ? [] : referencesOf.connection(judge.connection, ['judge', 'connection'])),
  ],
  async create(context, spec) {
    const { deps, caller, names } = context;
    const { workspace, repository } = spec;
    const place = await requirePlace(deps, caller, {
      workspaceId: workspace === null ? null : names.workspaceId(workspace),
      repositoryId: workspace === null || repository === null ? null : names.repositoryId(workspace, repository),
    });
    return createPolicy(deps, caller, place, policyInput(context, spec));
  },
  change(context, { id, spec: before }, spec) {
    // One who is gone is told apart from another who is gone by nothing but the model, and stays who it was.
    const isSame = spec.judge?.connection === null && before.judge?.connection === null && spec.judge.model === before.judge.model;
    return changePolicy(context.deps, context.caller, id, isSame ? policyWords(spec) : policyInput(context, spec));
  },
  remove: ({ deps, caller }, { id }) => deletePolicy(deps, caller, id),
};

function subjectKey(of: LimitSpec['of']): string {
  if ('user' in of) return `user ${of.user.toLowerCase()}`;
  if ('workspace' in of) return `workspace ${nameKeyOf(of.workspace)}`;
  return 'connection' in of ? `connection ${keyOfName(of.connection)}` : `group ${keyOfName(of.group)}`;
}

const limitKey = ({ of, kind, period }: LimitSpec): string => `${subjectKey(of)} ${kind} ${period}`;

function subjectOf({ names }: Context, of: LimitSpec['of']): LimitSubject {
  if ('user' in of) return { kind: 'user', id: names.userId(of.user) };
  if ('workspace' in of) return { kind: 'workspace', id: names.workspaceId(of.workspace) };
  return 'connection' in of
    ? { kind: 'connection', id: names.connectionId(of.connection) }
    : { kind: 'group', id: names.groupId(of.group) };
}

function ofSubject({ names }: Context, { kind, id }: LimitSubject): LimitSpec['of'] | null {
  if (kind === 'user') return { user: names.email(id) };
  if (kind === 'workspace') return { workspace: names.workspaceName(id) };
  const named = kind === 'connection' ? names.connectionName(id) : kind === 'group' ? names.groupName(id) : null;
  if (named === null) return null;
  return kind === 'connection' ? { connection: named } : { group: named };
}

/** Those that administrators set. What owners set for themselves is theirs, and what stands on a key goes with the key. */
async function administratorLimits({ deps }: Context): Promise<LimitRecord[]> {
  const found: LimitRecord[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await listLimits(deps.database, { limit: pageRows, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.filter(({ level, subject }) => level === 'administrator' && subject.kind !== 'access-key'));
    const last = page.at(-1);
    if (last === undefined || page.length < pageRows) return found;
    cursor = last.id;
  }
}

export const limits: Kind<LimitSpec> = {
  section: 'limits',
  async read(context) {
    const specs = (await administratorLimits(context)).flatMap((record): Current<LimitSpec>[] => {
      const of = ofSubject(context, record.subject);
      const { kind, period, value, softPercent, isShadow } = record;
      return of === null
        ? []
        : [{ id: record.id, spec: { of, kind, period, value: kind === 'money' ? decimalUsdOf(value) : value, softPercent, isShadow } }];
    });
    return specs.toSorted(byKey(limitKey));
  },
  keyOf: limitKey,
  nameOf: limitKey,
  references({ of }) {
    if ('user' in of) return referencesOf.person(of.user, ['of', 'user']);
    if ('workspace' in of) return referencesOf.workspace(of.workspace, ['of', 'workspace']);
    return 'connection' in of
      ? referencesOf.connection(of.connection, ['of', 'connection'])
      : referencesOf.group(of.group, ['of', 'group']);
  },
  create(context, { of, ...limit }) {
    const subject = subjectOf(context, of);
    const named = 'connection' in of ? of.connection : 'group' in of ? of.group : null;
    // A private thing is its owner's to limit.
    const caller = named === null ? context.caller : actingFor(context.deps, context.caller, context.names.ownerOf(named.owner));
    return createLimit(context.deps, caller, { subject, ...limit });
  },
  change: ({ deps, caller }, { id }, { value, softPercent, isShadow }) => changeLimit(deps, caller, id, { value, softPercent, isShadow }),
  remove: ({ deps, caller }, { id }) => removeLimit(deps, caller, id),
};
