/** Rows of the authorization table for use cases and the AI settings: they belong to the installation, so only the role counts. */
import { createUseCase, deleteUseCase } from '../../src/control/use-cases.ts';
import { always, caller, gone, house, nextName, person, random, type Make, type Row, type Rule } from './authorization.ts';

let modelId: string | undefined;

/** A model of the organization, where nobody listens. */
async function model(): Promise<string> {
  const body = { name: nextName(), modelVariant: 'gpt-4o', apiUrl: 'http://127.0.0.1:9/v1' };
  const made = (): ReturnType<typeof house.request> =>
    house.request('POST', '/api/admin/models', { token: person('administrator').token, body });
  modelId ??= (await made()).at('data.id');
  return modelId;
}

const draft = ({ connectionId }: Record<string, string>): Record<string, unknown> => ({ connectionId, systemPrompt: 'Answer.' });
const makeModel: Make = async (kind) => (kind === 'own' ? { connectionId: await model() } : null);

/** There is one kind of them, and two that are not there. */
const makeUseCase: Make = async (kind) => {
  if (kind === 'random') return random();
  if (kind === 'own' || kind === 'workspace') return null;
  const administrator = caller(person('administrator'));
  const input = { name: nextName(), connectionId: await model(), systemPrompt: 'Answer.', allRoles: true };
  const { id } = await createUseCase(house.deps, administrator, input);
  if (kind === 'deleted') await deleteUseCase(house.deps, administrator, id);
  return { id };
};

/** The permission comes with the role of the administrator here; everybody else is refused before anything is looked for. */
const permitted =
  (status: number): Rule =>
  (subject, kind) =>
    subject !== 'administrator' ? 403 : gone.has(kind) ? 404 : status;

export const useCaseTable: Record<string, Row> = {
  'GET /api/use-cases': { rule: permitted(200) },
  'GET /api/use-cases/available': { rule: always(200) },
  'POST /api/use-cases': {
    rule: permitted(201),
    make: makeModel,
    body: (params) => ({ ...draft(params), name: nextName(), allRoles: true }),
  },
  'POST /api/use-cases/try': { rule: permitted(200), make: makeModel, body: (params) => ({ ...draft(params), question: 'Hi' }) },
  'GET /api/use-cases/:id': { rule: permitted(200), make: makeUseCase },
  'PATCH /api/use-cases/:id': { rule: permitted(200), make: makeUseCase, body: () => ({ name: nextName() }) },
  'DELETE /api/use-cases/:id': { rule: permitted(200), make: makeUseCase },
  'GET /api/admin/settings/ai': { rule: permitted(200) },
  'PATCH /api/admin/settings/ai': { rule: permitted(200), body: () => ({ temperature: 0.5 }) },
};
