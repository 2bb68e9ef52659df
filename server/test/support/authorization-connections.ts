/** Rows of the authorization table for connections: private, of a workspace, of the organization (C-12, C-13, C-50). */
import {
  always,
  gone,
  house,
  nextName,
  person,
  random,
  ranks,
  tokens,
  workspaceId,
  type Kind,
  type Living,
  type Make,
  type Row,
  type Rule,
} from './authorization.ts';

/** Nothing listens there: a live test says so with 200. */
const nowhere = 'http://127.0.0.1:9/v1';
const newConnection = (): unknown => ({ name: nextName(), provider: 'ollama', model: 'small', baseUrl: nowhere });
const newModel = (): unknown => ({ name: nextName(), provider: 'ollama', modelVariant: 'small', apiUrl: nowhere });
const newAiLlm = (): unknown => ({
  name: nextName(),
  aiType: 'OTHER',
  workspaceId,
  endpoint: nowhere,
  defaultModel: 'small',
  secret: 'sk-some-secret-of-a-workspace',
});

async function made(holder: 'holder' | Living, path: string, body: unknown): Promise<string> {
  const reply = await house.request('POST', path, { token: person(holder).token, body });
  return path === '/ai/llm' ? reply.at('aiLlmId') : reply.at('data.id');
}

const makeConnection: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'workspace') return { id: await made('holder', '/ai/llm', newAiLlm()) };
  const holder = kind === 'foreign' ? 'holder' : subject;
  const id = await made(holder, '/api/configurations', newConnection());
  if (kind === 'deleted') await house.request('DELETE', `/api/configurations/${id}`, { token: tokens.get(subject)! });
  return { id };
};

/** Models of the organization: `own` is one of them, for everybody. */
const makeModel: Make = async (kind) => {
  if (kind === 'random') return random();
  if (kind === 'workspace') return null;
  if (kind === 'foreign') return { id: await made('holder', '/api/configurations', newConnection()) };
  const id = await made('administrator', '/api/admin/models', newModel());
  if (kind === 'deleted') await house.request('DELETE', `/api/admin/models/${id}`, { token: tokens.get('administrator')! });
  return { id };
};

const connectionRule =
  (needed: 'READ' | 'WRITE'): Rule =>
  (subject, kind) => {
    if (kind === 'own') return 200;
    if (kind !== 'workspace') return 404;
    return (ranks[subject] ?? 0) >= ranks[needed]! ? 200 : 403;
  };
const use = connectionRule('READ');
const manage = connectionRule('WRITE');
const modelRule: Rule = (subject, kind) => (subject !== 'administrator' ? 403 : kind === 'own' ? 200 : 404);
/** What only connections with a machine of their own have; the workspace's subject here has none, and nobody answers for the others. */
const machineRule =
  (needed: 'READ' | 'WRITE', status: number): Rule =>
  (subject, kind) =>
    kind === 'own' ? status : kind === 'workspace' && (ranks[subject] ?? 0) < ranks[needed]! ? 403 : 404;
const makeMachine: Make = async (kind, subject) => {
  const ids = await makeConnection(kind, subject);
  return ids && { ...ids, name: 'small' };
};

const administrators =
  (status: number): Rule =>
  (subject) =>
    subject === 'administrator' ? status : 403;

const connection = (rule: Rule, part: Partial<Row> = {}): Row => ({ rule, make: makeConnection, ...part });
const model = (part: Partial<Row> = {}): Row => ({ rule: modelRule, make: makeModel, ...part });
const rename = { body: () => ({ name: nextName() }) };

const makeProvider: Make = async (kind: Kind) =>
  kind === 'own' ? { name: 'ollama' } : kind === 'random' ? { name: 'no-such-provider' } : null;
const provider = (part: Partial<Row> = {}): Row => ({ rule: (_, kind) => (gone.has(kind) ? 404 : 200), make: makeProvider, ...part });

const workspaceLists: Rule = (subject) => (ranks[subject] === undefined ? 403 : 200);
const workspaceWrites: Rule = (subject) => ((ranks[subject] ?? 0) >= ranks['WRITE']! ? 200 : 403);

export const connectionTable: Record<string, Row> = {
  'GET /api/configurations': { rule: always(200) },
  'POST /api/configurations': { rule: always(201), body: newConnection },
  'POST /api/configurations/test': { rule: always(200), body: () => ({ provider: 'ollama', model: 'small', baseUrl: nowhere }) },
  'GET /api/configurations/:id': connection(use),
  'PUT /api/configurations/:id': connection(manage, rename),
  'PATCH /api/configurations/:id': connection(manage, rename),
  'DELETE /api/configurations/:id': connection(manage),
  'POST /api/configurations/:id/default': connection(manage),
  'POST /api/configurations/:id/activate': connection(manage),
  'POST /api/configurations/:id/deactivate': connection(manage),
  'POST /api/configurations/:id/test': connection(use),
  'GET /api/configurations/:id/dependants': connection(use),
  'GET /api/configurations/:id/access': connection(use),
  'GET /api/configurations/:id/health-history': connection(use),
  'GET /api/configurations/:id/failures': connection(use),
  'GET /api/configurations/:id/models': connection(use),
  'PUT /api/configurations/:id/models': connection(use, { body: () => ({ isEnabled: false, models: ['m'] }) }),
  'POST /api/configurations/:id/rotate-key': connection(manage, { body: () => ({ apiKey: 'sk-a-new-secret-for-this' }) }),
  'GET /api/configurations/:id/usage': connection(use),
  'GET /api/configurations/:id/headroom': connection(use),
  'GET /api/configurations/:id/ollama/models': connection(machineRule('READ', 502)),
  'POST /api/configurations/:id/ollama/pull': connection(machineRule('WRITE', 202), { body: () => ({ model: 'small' }) }),
  'DELETE /api/configurations/:id/ollama/models/:name': { rule: machineRule('WRITE', 502), make: makeMachine },
  'GET /api/providers': { rule: always(200) },
  'GET /api/providers/:name/models': provider(),
  'GET /api/providers/:name/schema': provider(),
  'GET /api/providers/:name/templates': provider(),
  'POST /api/providers/:name/validate': provider({ body: () => ({ baseUrl: nowhere }) }),
  'GET /ai/llm': { rule: workspaceLists, query: () => `?workspaceId=${workspaceId}` },
  'GET /ai/llm/available': { rule: always(200) },
  'GET /ai/llm/stats': connection(use, { query: ({ id }) => `?aiLlmId=${id}` }),
  'GET /aistats/daily': connection(use, { query: ({ id }) => `?aiLlmId=${id}` }),
  'GET /aistats/minute': connection(use, { query: ({ id }) => `?aiLlmId=${id}` }),
  'POST /ai/llm': { rule: workspaceWrites, body: newAiLlm },
  'PUT /ai/llm/:id': connection(manage, rename),
  'DELETE /ai/llm/:id': connection(manage),
  'POST /ai/llm/:id/validate': connection(use),
  'GET /api/ai-connections': { rule: always(200) },
  'POST /api/ai-connections': { rule: always(201), body: () => ({ name: nextName(), baseUrl: nowhere, apiKey: 'sk-some-secret-of-mine' }) },
  // This house was started without such settings: who may import them is told that there are none.
  'POST /api/ai-connections/environment/import': { rule: administrators(404) },
  'GET /api/ai-connections/:id': connection(use),
  'PATCH /api/ai-connections/:id': connection(manage, rename),
  'PUT /api/ai-connections/:id': connection(manage, rename),
  'DELETE /api/ai-connections/:id': connection(manage),
  'GET /api/models': connection(use, { query: ({ id }) => `?connectionId=${id}` }),
  'GET /api/model-preferences': { rule: always(200) },
  'POST /api/model-preferences': connection(use, { body: ({ id }) => ({ connectionId: id, modelId: 'm', isEnabled: false }) }),
  'GET /api/admin/models': { rule: administrators(200) },
  'POST /api/admin/models': { rule: administrators(201), body: newModel },
  'GET /api/admin/models/:id': model(),
  'PUT /api/admin/models/:id': model(rename),
  'PATCH /api/admin/models/:id': model(rename),
  'DELETE /api/admin/models/:id': model(),
  'POST /api/admin/models/:id/test': model(),
  'GET /api/admin/prices': { rule: administrators(200) },
  'GET /api/admin/prices/effective': { rule: administrators(200), query: () => '?provider=openai&model=gpt-4o' },
  'GET /api/admin/prices/unpriced': { rule: administrators(200) },
  'POST /api/admin/prices': {
    rule: administrators(201),
    body: () => ({ provider: 'openai', model: 'gpt-4o', tiers: [{ input: '2.5', output: '10' }] }),
  },
  'POST /api/admin/prices/:id/end': {
    rule: administrators(404),
    make: async (kind) => (kind === 'random' ? { id: random().id } : null),
    body: () => ({}),
  },
  'POST /api/admin/prices/reprice': {
    rule: administrators(202),
    body: () => ({ provider: 'openai', model: 'none', from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', dryRun: true }),
  },
  'GET /api/admin/templates': { rule: administrators(200) },
  'POST /api/admin/templates': {
    rule: administrators(201),
    body: () => ({ provider: 'openai', name: nextName(), configuration: { model: 'gpt-4o' } }),
  },
  'PUT /api/admin/templates/:id': {
    rule: administrators(404),
    make: async (kind) => (kind === 'random' ? { id: random().id } : null),
    body: () => ({ name: nextName(), configuration: {} }),
  },
  'DELETE /api/admin/templates/:id': { rule: administrators(404), make: async (kind) => (kind === 'random' ? { id: random().id } : null) },
  'GET /api/usage': { rule: always(200) },
  'GET /api/usage/series': { rule: always(200) },
  'GET /api/usage/report': { rule: always(200) },
  'GET /api/usage/report/file': { rule: always(200), query: () => '?format=csv' },
};
