/** The room of policies by itself: whose word counts where, which rules an action can carry out, whose judge may read, and who was faster. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  changePolicy,
  createPolicy,
  deletePolicy,
  listPolicies,
  mayChangePolicy,
  maySeePolicy,
  policiesAt,
  policyFor,
  requirePlace,
  ruleFaults,
  type PolicyInput,
  type PolicyPlace,
} from '../../src/control/policies.ts';
import { createConnection } from '../../src/control/connections.ts';
import { Refusal, type FieldFault } from '../../src/domain/errors.ts';
import type { Owner } from '../../src/domain/owner.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { origin, type Resident } from '../support/house.ts';
import { nowhere, openPolicyHouse, type PolicyHouse } from '../support/policy-house.ts';

let place: PolicyHouse;
let deps: PolicyHouse['house']['deps'];
beforeAll(async () => {
  place = await openPolicyHouse();
  ({ deps } = place.house);
});
afterAll(() => place.close());

const actorOf = ({ id }: Resident) => deps.keeper.snapshot.actorOf(id, 'token')!;
const by = (who: Resident) => ({ actor: actorOf(who), origin });
const everywhere: PolicyPlace = { workspaceId: null, repositoryId: null };
const inTeam = (): PolicyPlace => ({ workspaceId: place.workspaceId, repositoryId: null });
const inFiles = (): PolicyPlace => ({ workspaceId: place.workspaceId, repositoryId: place.repositoryId });
let number = 0;
const make = (at: PolicyPlace, part: PolicyInput = {}, who = place.admin): Promise<Policy> =>
  createPolicy(deps, by(who), at, { name: `Rule ${++number}`, rules: { keywords: ['falcon'] }, ...part });
async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
  return error;
}
const faultsOf = ({ details }: Refusal): string[] => (details as FieldFault[]).map(({ path, code }) => `${path} ${code}`);
const settledAs = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'yes',
    (error: unknown) => (error as Refusal).code,
  );
const people = () => [place.admin, place.head, place.reader, place.outsider];

describe('whose word counts', () => {
  test('whoever administers the level changes it; who administers a workspace also sees what binds it from above', () => {
    const rights = (workspaceId: string | null) =>
      people().map((who) => [mayChangePolicy(actorOf(who), { workspaceId }), maySeePolicy(actorOf(who), { workspaceId })]);
    const [all, see, none] = [
      [true, true],
      [false, true],
      [false, false],
    ];
    expect(rights(null)).toEqual([all, see, none, none]);
    expect(rights(place.workspaceId)).toEqual([all, all, none, none]);
    expect(rights(place.otherId)).toEqual([all, none, none, none]);
  });

  test('a list holds what one may see, and a closed place has none', async () => {
    const made = [await make(everywhere), await make(inTeam()), await make({ workspaceId: place.otherId, repositoryId: null })];
    const ids = new Set(made.map(({ id }) => id));
    const seen = async (who: Resident) => (await listPolicies(deps, actorOf(who))).filter(({ id }) => ids.has(id)).map(({ id }) => id);
    expect(await Promise.all(people().map(seen))).toEqual([made.map(({ id }) => id), made.slice(0, 2).map(({ id }) => id), [], []]);
    const at = async (who: Resident, where: PolicyPlace) => (await policiesAt(deps, actorOf(who), where)).map(({ id }) => id);
    expect(await at(place.head, inTeam())).toEqual([made[1]!.id]);
    // Of exactly this level: what is inherited is not among them.
    expect(await at(place.head, everywhere)).toContain(made[0]!.id);
    expect(await at(place.head, { workspaceId: place.otherId, repositoryId: null })).toEqual([]);
    expect(await at(place.reader, inTeam())).toEqual([]);
  });

  test('a place must be there, belong together, and be administered by who names it', async () => {
    const who = (resident: Resident, at: PolicyPlace) => settledAs(requirePlace(deps, by(resident), at));
    expect(await Promise.all(people().map((one) => who(one, everywhere)))).toEqual(['yes', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    expect(await Promise.all(people().map((one) => who(one, inFiles())))).toEqual(['yes', 'yes', 'FORBIDDEN', 'FORBIDDEN']);
    expect([await who(place.admin, inTeam()), await who(place.head, inTeam()), await who(place.reader, inTeam())]).toEqual([
      'yes',
      'yes',
      'FORBIDDEN',
    ]);
    for (const repositoryId of [nowhere, 'no id']) expect(await who(place.admin, { workspaceId: null, repositoryId })).toBe('NOT_FOUND');
    const apart = await refusalOf(requirePlace(deps, by(place.admin), { workspaceId: place.otherId, repositoryId: place.repositoryId }));
    expect(faultsOf(apart)).toEqual(['repositoryId elsewhere']);
    // A repository alone says which workspace it lies in.
    expect(await requirePlace(deps, by(place.head), { workspaceId: null, repositoryId: place.repositoryId })).toEqual(inFiles());
  });

  test('what is refused is noted with who tried what', async () => {
    const { id } = await make(everywhere);
    expect((await refusalOf(policyFor(deps, by(place.head), id, 'change', 'policy.update'))).code).toBe('FORBIDDEN');
    expect((await policyFor(deps, by(place.head), id, 'see', 'policy.read')).id).toBe(id);
    expect((await refusalOf(policyFor(deps, by(place.reader), id, 'see', 'policy.read'))).code).toBe('FORBIDDEN');
    expect((await refusalOf(policyFor(deps, by(place.admin), 'no id', 'see', 'policy.read'))).code).toBe('NOT_FOUND');
    const sql = "SELECT actor_id, action, error_code FROM audit_entries WHERE subject_id = $1 AND outcome = 'refused' ORDER BY seq";
    expect(await deps.database.driver.rows({ sql, params: [id] })).toMatchObject([
      { actor_id: place.head.id, action: 'policy.update', error_code: 'FORBIDDEN' },
      { actor_id: place.reader.id, action: 'policy.read', error_code: 'FORBIDDEN' },
    ]);
  });
});

describe('rules that an action can carry out', () => {
  const faults = (part: Partial<Pick<Policy, 'rules' | 'action' | 'judge'>>): string[] =>
    ruleFaults({ rules: {}, action: 'redact', judge: null, ...part }).map(({ path, code }) => `${path} ${code}`);

  test.each<[Policy['rules']]>([[{ keywords: ['falcon'] }], [{ patterns: ['f+'] }], [{ personalData: ['email'] }]])(
    'words of %j can be covered',
    (rules) => expect(faults({ rules })).toEqual([]),
  );

  test.each<[Policy['rules'], string]>([
    [{ models: ['gpt-*'] }, 'models'],
    [{ promptTokensMax: 0 }, 'promptTokensMax'],
    [{ attachmentsMax: 2 }, 'attachmentsMax'],
    [{ tools: [] }, 'tools'],
    [{ isToolSchemaRequired: true }, 'isToolSchemaRequired'],
  ])('there is nothing to cover in %j; every other action can act on it', (rules, name) => {
    expect(faults({ rules: { keywords: ['falcon'], ...rules } })).toEqual([`rules.${name} not_redactable`]);
    for (const action of ['log', 'alert', 'block'] as const) expect(faults({ rules, action })).toEqual([]);
  });

  test('a rule that is off is none, covering needs something to cover, and a judge names no words', () => {
    expect(faults({ rules: { keywords: ['falcon'], isToolSchemaRequired: false } })).toEqual([]);
    expect(faults({})).toEqual(['rules required']);
    const judge = { connectionId: nowhere, model: 'small' };
    expect(faults({ rules: { keywords: ['falcon'] }, judge })).toEqual(['judge not_redactable']);
    expect(faults({ action: 'block', judge })).toEqual([]);
  });

  test('every pattern that does not read is told at its own place, whatever the action', () => {
    const rules = { patterns: ['good', '(', 'a*', 'x'.repeat(100_000)] };
    const told = ['rules.patterns.1 pattern_syntax', 'rules.patterns.2 pattern_matches_nothing', 'rules.patterns.3 pattern_too_long'];
    for (const action of ['redact', 'log'] as const) expect(faults({ rules, action })).toEqual(told);
  });

  test('a change is judged as a whole: an action that the kept rules cannot have is refused and nothing is written', async () => {
    const { id, revision } = await make(inTeam(), { rules: { keywords: ['falcon'], toolsMax: 1 } });
    expect(faultsOf(await refusalOf(changePolicy(deps, by(place.head), id, { action: 'redact' })))).toEqual([
      'rules.toolsMax not_redactable',
    ]);
    expect(await policyFor(deps, by(place.head), id, 'see', '')).toMatchObject({ action: 'log', revision });
    const changed = await changePolicy(deps, by(place.head), id, { action: 'redact', rules: { keywords: ['falcon'] } });
    expect(changed).toMatchObject({ action: 'redact', level: 'workspace', updatedBy: place.head.id, createdBy: place.admin.id });
  });
});

test('a judge is a model of the organization or of the same workspace, and of no other place', async () => {
  const words = { provider: 'provider', baseUrl: 'baseUrl', secret: 'apiKey', accessKeyId: 'accessKeyId', model: 'model', settings: 'configuration', needsModel: false }; // prettier-ignore
  const connect = async (who: Resident, owner: Owner): Promise<string> => {
    const input = { name: `Judge ${++number}`, providerId: 'openai', model: 'gpt-4o', secret: 'sk-0123456789abcdef' };
    return (await createConnection(deps, by(who), owner, input, words)).connection.id;
  };
  const [shared, teams, others, heads] = [
    await connect(place.admin, { scope: 'organization', id: place.organizationId }),
    await connect(place.head, { scope: 'workspace', id: place.workspaceId }),
    await connect(place.admin, { scope: 'workspace', id: place.otherId }),
    await connect(place.head, { scope: 'user', id: place.head.id }),
  ];
  const judgedBy = (connectionId: string, at: PolicyPlace) => settledAs(make(at, { judge: { connectionId, model: 'gpt-4o' } }));
  const all = [shared, teams, others, heads, nowhere];
  const no = 'VALIDATION_ERROR';
  expect(await Promise.all(all.map((id) => judgedBy(id, everywhere)))).toEqual(['yes', no, no, no, no]);
  expect(await Promise.all(all.map((id) => judgedBy(id, inTeam())))).toEqual(['yes', 'yes', no, no, no]);
  expect(await Promise.all(all.map((id) => judgedBy(id, inFiles())))).toEqual(['yes', 'yes', no, no, no]);
  const { id } = await make(inTeam());
  const elsewhere = changePolicy(deps, by(place.head), id, { judge: { connectionId: others, model: 'gpt-4o' } });
  expect(faultsOf(await refusalOf(elsewhere))).toEqual(['judge.connectionId unknown_connection']);
});

test('of changes at once that name different fields every one is kept, and of deletions one', async () => {
  const { id } = await make(inTeam());
  await Promise.all([changePolicy(deps, by(place.head), id, { name: 'Both' }), changePolicy(deps, by(place.admin), id, { risk: 'HIGH' })]);
  expect(await policyFor(deps, by(place.head), id, 'see', '')).toMatchObject({ name: 'Both', risk: 'HIGH' });
  const ended = await Promise.all([place.head, place.admin].map((who) => settledAs(deletePolicy(deps, by(who), id))));
  expect(ended.toSorted()).toEqual(['NOT_FOUND', 'yes']);
  expect(deps.keeper.snapshot.policies.binding(place.workspaceId, null).map((one) => one.id)).not.toContain(id);
});
