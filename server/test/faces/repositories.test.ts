/** Repositories as the page asks for them: who may what, what may be attached, and what keeps one from being deleted. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerRow } from '../../src/providers/catalog.ts';
import { openAiLlmHouse, type AiLlmHouse } from '../support/ai-llm-house.ts';
import { listed, pathsOf, type Seen } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let place: AiLlmHouse;
let first: string;
let second: string;
/** Of the organization. */
let shared: string;
beforeAll(async () => {
  place = await openAiLlmHouse('sk-repositories-secret-1');
  [first, second] = [await place.make({ name: 'First' }), await place.make({ name: 'Second' })];
  const body = { name: 'Shared', provider: 'ollama', modelVariant: 'small-model', apiUrl: place.vendor.baseUrl };
  shared = (await place.house.ask(place.admin, 'POST', '/api/admin/models', body)).body.data.id;
});
afterAll(() => place.close());

const ask = (who: Resident | null, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Seen> =>
  place.house.ask(who, method, path, body, headers);
const custom = providerRow('custom')!.name;
const nowhere = '00000000-0000-7000-8000-000000000000';
let count = 0;
const nextName = (): string => `repository ${++count}`;
/** Makes one as the writer; its id. */
async function make(more: Record<string, unknown> = {}, who = place.writer): Promise<string> {
  const answer = await ask(who, 'POST', '/api/repositories', { workspaceId: place.workspaceId, name: nextName(), ...more });
  expect(answer.status).toBe(201);
  return answer.body.data.id;
}
const at = (id: string): string => `/api/repositories/${id}`;
const codeOf = ({ status, body }: Seen): unknown[] => [status, body['error_code']];
const attachedTo = (answer: Seen): unknown[] => (answer.body.data['connections'] as { name: string }[]).map(({ name }) => name);
const bind = async (repositoryId: string, name = 'CI'): Promise<{ id: string; key: string }> => {
  const answer = await ask(place.writer, 'POST', '/api/access-keys', { name, repositoryId });
  expect(answer.status).toBe(201);
  return answer.body.data as unknown as { id: string; key: string };
};
const auditOf = (id: string) =>
  place.house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', id).orderBy('id').execute();

describe('POST /api/repositories', () => {
  test('201 it holds what is attached in the order in which it was given', async () => {
    const body = { workspaceId: place.workspaceId, name: ' Support ', connectionIds: [second, shared, first] };
    const answer = await ask(place.writer, 'POST', '/api/repositories', body);
    expect(answer.status).toBe(201);
    const { id, revision, createdAt, updatedAt, ...rest } = answer.body.data;
    expect(answer.headers.get('etag')).toBe(`"${String(revision)}"`);
    expect([createdAt, updatedAt]).toEqual([expect.stringMatching(/Z$/), createdAt]);
    expect(rest).toEqual({
      workspaceId: place.workspaceId,
      name: 'Support',
      connections: [
        { id: second, name: 'Second', provider: 'custom', providerName: custom, model: null, scope: 'workspace', isActive: true },
        {
          id: shared,
          name: 'Shared',
          provider: 'ollama',
          providerName: 'Ollama',
          model: 'small-model',
          scope: 'organization',
          isActive: true,
        },
        { id: first, name: 'First', provider: 'custom', providerName: custom, model: null, scope: 'workspace', isActive: true },
      ],
      liveKeys: 0,
      canChange: true,
      canForce: false,
    });
    expect(await auditOf(id)).toMatchObject([{ action: 'repository.create', scope: 'workspace', owner_id: place.workspaceId }]);
  });

  test.each([
    ['an empty name', { name: ' ' }, 'name'],
    ['a field that is none', { color: 'red' }, 'color'],
    ['connections that are no list', { connectionIds: 'all' }, 'connectionIds'],
    ['more connections than one holds', { connectionIds: Array.from({ length: 101 }, (_, at) => `${at}`) }, 'connectionIds'],
  ])('400 %s, named at its field', async (_, more, path) => {
    const answer = await ask(place.writer, 'POST', '/api/repositories', { workspaceId: place.workspaceId, name: nextName(), ...more });
    expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR']);
    expect(pathsOf(answer)).toEqual([path]);
  });

  test('400 the same connection twice, a private one, and one of another workspace', async () => {
    const mine = (
      await ask(place.admin, 'POST', '/api/configurations', {
        name: nextName(),
        provider: 'ollama',
        model: 'm',
        baseUrl: place.vendor.baseUrl,
      })
    ).body.data.id;
    const other = await place.make({ workspaceId: place.otherId }, place.admin);
    for (const [connectionIds, path] of [
      [[first, first], 'connectionIds.1'],
      [[mine], 'connectionIds.0'],
      [[first, other], 'connectionIds.1'],
    ] as const) {
      const answer = await ask(place.admin, 'POST', '/api/repositories', {
        workspaceId: place.workspaceId,
        name: nextName(),
        connectionIds,
      });
      expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR']);
      expect(pathsOf(answer)).toEqual([path]);
    }
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'POST', '/api/repositories', { workspaceId: place.workspaceId, name: 'x' })).status).toBe(401);
  });

  test('403 who only reads the workspace, and who is no member of it', async () => {
    for (const who of [place.reader, place.outsider])
      expect(codeOf(await ask(who, 'POST', '/api/repositories', { workspaceId: place.workspaceId, name: nextName() }))).toEqual([
        403,
        'FORBIDDEN',
      ]);
  });

  test('403 a connection of a workspace that the caller does not see, which is noted', async () => {
    const other = await place.make({ workspaceId: place.otherId }, place.admin);
    const body = { workspaceId: place.workspaceId, name: nextName(), connectionIds: [other] };
    expect(codeOf(await ask(place.writer, 'POST', '/api/repositories', body))).toEqual([403, 'FORBIDDEN']);
    expect(await auditOf(other)).toContainEqual(expect.objectContaining({ action: 'repository.attach', outcome: 'refused' }));
  });

  test("404 a workspace or a connection that never was, and somebody else's private connection just so", async () => {
    const mine = (
      await ask(place.admin, 'POST', '/api/configurations', {
        name: nextName(),
        provider: 'ollama',
        model: 'm',
        baseUrl: place.vendor.baseUrl,
      })
    ).body.data.id;
    const answers = await Promise.all(
      [
        { workspaceId: nowhere },
        { workspaceId: 'x' },
        { connectionIds: [nowhere] },
        { connectionIds: ['x'] },
        { connectionIds: [mine] },
      ].map((more) => ask(place.writer, 'POST', '/api/repositories', { workspaceId: place.workspaceId, name: nextName(), ...more })),
    );
    for (const answer of answers) expect(codeOf(answer)).toEqual([404, 'NOT_FOUND']);
    expect({ ...answers[4]!.body, request_id: '' }).toEqual({ ...answers[2]!.body, request_id: '' });
  });

  test('409 a name that another one of the workspace has, in any case', async () => {
    await make({ name: 'Taken' });
    const answer = await ask(place.writer, 'POST', '/api/repositories', { workspaceId: place.workspaceId, name: 'TAKEN' });
    expect(codeOf(answer)).toEqual([409, 'NAME_EXISTS']);
    expect(pathsOf(answer)).toEqual(['name']);
    await make({ name: 'Taken', workspaceId: place.otherId }, place.admin);
  });
});

describe('GET /api/repositories', () => {
  test('200 those of the workspaces that one sees, newest first', async () => {
    const [older, newer] = [await make(), await make()];
    const other = await make({ workspaceId: place.otherId }, place.admin);
    const idsFor = async (who: Resident, query = ''): Promise<string[]> =>
      listed(await ask(who, 'GET', `/api/repositories${query}`)).map(({ id }) => id);
    expect((await idsFor(place.reader)).slice(0, 2)).toEqual([newer, older]);
    expect(await idsFor(place.reader)).not.toContain(other);
    expect(await idsFor(place.outsider)).toEqual([]);
    expect(await idsFor(place.admin)).toEqual(expect.arrayContaining([older, other]));
    expect(await idsFor(place.admin, `?workspaceId=${place.otherId}`)).toContain(other);
    expect(await idsFor(place.admin, `?workspaceId=${place.otherId}`)).not.toContain(older);
  });

  test('400 a filter that is none', async () => {
    expect(codeOf(await ask(place.writer, 'GET', '/api/repositories?color=red'))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'GET', '/api/repositories')).status).toBe(401);
  });

  test('403 a workspace that is closed to the caller', async () => {
    expect(codeOf(await ask(place.outsider, 'GET', `/api/repositories?workspaceId=${place.workspaceId}`))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 a workspace that never was', async () => {
    expect(codeOf(await ask(place.writer, 'GET', `/api/repositories?workspaceId=${nowhere}`))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('GET /api/repositories/:id', () => {
  test('200 readers see it with its keys counted, and that they may not change it', async () => {
    const id = await make({ connectionIds: [first] });
    await bind(id);
    const answer = await ask(place.reader, 'GET', at(id));
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({ id, liveKeys: 1, canChange: false, canForce: false });
    expect(attachedTo(answer)).toEqual(['First']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'GET', at(nowhere))).status).toBe(401);
  });

  test('403 a stranger of the same organization', async () => {
    expect(codeOf(await ask(place.outsider, 'GET', at(await make())))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 one that never was, and one that is deleted', async () => {
    const id = await make();
    await ask(place.writer, 'DELETE', at(id));
    for (const gone of [id, nowhere, 'x']) expect(codeOf(await ask(place.admin, 'GET', at(gone)))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('PATCH /api/repositories/:id', () => {
  test('200 another name leaves what is attached, another list takes its place, an empty one detaches all', async () => {
    const id = await make({ connectionIds: [first, second] });
    const renamed = await ask(place.writer, 'PATCH', at(id), { name: 'Renamed' });
    expect(renamed.body.data).toMatchObject({ name: 'Renamed' });
    expect(attachedTo(renamed)).toEqual(['First', 'Second']);
    expect(attachedTo(await ask(place.writer, 'PATCH', at(id), { connectionIds: [second, first] }))).toEqual(['Second', 'First']);
    expect(attachedTo(await ask(place.writer, 'PATCH', at(id), { connectionIds: [] }))).toEqual([]);
    expect((await auditOf(id)).map(({ action, changes }) => [action, Object.keys(JSON.parse(changes ?? '{}') as object)])).toEqual([
      ['repository.create', ['name', 'connectionIds']],
      ['repository.update', ['name']],
      ['repository.update', ['connectionIds']],
      ['repository.update', ['connectionIds']],
    ]);
  });

  test('200 who may not use an attached connection may still change the order, since nothing opens by it', async () => {
    const id = await make({ connectionIds: [first, second] });
    await place.house.database.db.updateTable('ai_configurations').set({ owner_id: place.otherId }).where('id', '=', first).execute();
    expect(attachedTo(await ask(place.writer, 'PATCH', at(id), { connectionIds: [second, first] }))).toEqual(['Second', 'First']);
    await place.house.database.db.updateTable('ai_configurations').set({ owner_id: place.workspaceId }).where('id', '=', first).execute();
  });

  test('400 nothing to change, and what cannot be attached', async () => {
    const id = await make();
    expect(codeOf(await ask(place.writer, 'PATCH', at(id), {}))).toEqual([400, 'VALIDATION_ERROR']);
    expect(pathsOf(await ask(place.writer, 'PATCH', at(id), { connectionIds: [first, first] }))).toEqual(['connectionIds.1']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'PATCH', at(nowhere), { name: 'x' })).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    const id = await make();
    for (const who of [place.reader, place.outsider])
      expect(codeOf(await ask(who, 'PATCH', at(id), { name: nextName() }))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 one that never was', async () => {
    expect(codeOf(await ask(place.writer, 'PATCH', at(nowhere), { name: 'x' }))).toEqual([404, 'NOT_FOUND']);
  });

  test('409 a name that is taken, and a change that was made from an old state: it shows the new one and who made it', async () => {
    const [taken, id] = [nextName(), await make({ connectionIds: [first] })];
    await make({ name: taken });
    expect(codeOf(await ask(place.writer, 'PATCH', at(id), { name: taken }))).toEqual([409, 'NAME_EXISTS']);
    const { revision } = (await ask(place.writer, 'GET', at(id))).body.data as unknown as { revision: number };
    await ask(place.admin, 'PATCH', at(id), { name: 'By Admin', revision });
    for (const [body, headers] of [
      [{ connectionIds: [second], revision }, {}],
      [{ connectionIds: [second] }, { 'if-match': `"${revision}"` }],
    ] as const) {
      const late = await ask(place.writer, 'PATCH', at(id), body, headers);
      expect(codeOf(late)).toEqual([409, 'CONFLICT']);
      expect(late.body.details).toMatchObject({
        current: { name: 'By Admin', connections: [{ name: 'First' }] },
        changedBy: { name: 'Admin' },
      });
    }
  });
});

describe('DELETE /api/repositories/:id', () => {
  test('200 an empty one goes, and its name is free again', async () => {
    const id = await make({ name: 'Free again', connectionIds: [first] });
    expect(await ask(place.writer, 'DELETE', at(id))).toMatchObject({ status: 200, body: { success: true, data: null } });
    await make({ name: 'Free again' });
    expect((await auditOf(id)).at(-1)).toMatchObject({ action: 'repository.delete', outcome: 'success' });
  });

  test('200 by force of an administrator of the workspace its keys end with it', async () => {
    const id = await make({ connectionIds: [first] });
    const { id: keyId, key } = await bind(id);
    const models = (): Promise<Seen> => ask({ token: key } as Resident, 'GET', '/v1/models');
    expect((await models()).status).toBe(200);
    expect((await ask(place.admin, 'DELETE', `${at(id)}?force=true`)).status).toBe(200);
    expect((await models()).status).toBe(401);
    expect((await ask(place.writer, 'GET', `/api/access-keys/${keyId}`)).status).toBe(404);
  });

  test('400 a force that is neither true nor false', async () => {
    expect(codeOf(await ask(place.writer, 'DELETE', `${at(await make())}?force=perhaps`))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'DELETE', at(nowhere))).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    const id = await make();
    for (const who of [place.reader, place.outsider]) expect(codeOf(await ask(who, 'DELETE', at(id)))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 the second time', async () => {
    const id = await make();
    await ask(place.writer, 'DELETE', at(id));
    expect(codeOf(await ask(place.writer, 'DELETE', at(id)))).toEqual([404, 'NOT_FOUND']);
  });

  test('409 while keys of it are good, which it names; the refusal is noted, and nothing has changed', async () => {
    const id = await make();
    const { id: keyId } = await bind(id, 'Production');
    const answer = await ask(place.writer, 'DELETE', at(id));
    expect(codeOf(answer)).toEqual([409, 'REPOSITORY_IN_USE']);
    expect(answer.body.details).toEqual([{ kind: 'access_key', id: keyId, name: 'Production' }]);
    expect((await auditOf(id)).at(-1)).toMatchObject({ action: 'repository.delete', outcome: 'refused', error_code: 'REPOSITORY_IN_USE' });
    expect((await ask(place.writer, 'GET', at(id))).status).toBe(200);
    // Only administrators may force it.
    expect(codeOf(await ask(place.writer, 'DELETE', `${at(id)}?force=true`))).toEqual([409, 'REPOSITORY_IN_USE']);
    await ask(place.writer, 'DELETE', `/api/access-keys/${keyId}`);
    expect((await ask(place.writer, 'DELETE', at(id))).status).toBe(200);
  });
});

describe('policies of a repository', () => {
  test('keep it from being deleted, are named, and end with it where an administrator forces that', async () => {
    const id = await make();
    const policy = { name: 'No secrets', content: 'No passwords.', action: 'block', rules: { keywords: ['password'] }, repositoryId: id };
    const made = await ask(place.admin, 'POST', '/api/policies', policy);
    expect(made.status).toBe(201);
    const refused = await ask(place.writer, 'DELETE', at(id));
    expect(codeOf(refused)).toEqual([409, 'REPOSITORY_IN_USE']);
    expect(refused.body.details).toEqual([{ kind: 'policy', id: made.body.data.id, name: 'No secrets' }]);
    expect((await ask(place.writer, 'DELETE', `${at(id)}?force=true`)).status).toBe(409);
    expect((await ask(place.admin, 'GET', `/api/policies/${made.body.data.id}`)).status).toBe(200);
    expect((await ask(place.admin, 'DELETE', `${at(id)}?force=true`)).status).toBe(200);
    expect((await ask(place.admin, 'GET', `/api/policies/${made.body.data.id}`)).status).toBe(404);
  });
});

/** The status with which a face refuses to delete a connection that a repository uses, and names the repository. */
async function statusWhileUsed(base: string): Promise<number> {
  const connectionId = await place.make();
  const name = nextName();
  const id = await make({ name, connectionIds: [connectionId] });
  const refused = await ask(place.writer, 'DELETE', `${base}/${connectionId}`);
  const { status } = refused;
  expect(codeOf(refused)).toEqual([status, 'CONFIGURATION_IN_USE']);
  expect(refused.body.details).toMatchObject([{ kind: 'repository', id, name }]);
  // Only administrators may force it, and then it is taken out of the repository.
  expect((await ask(place.writer, 'DELETE', `${base}/${connectionId}?force=true`)).status).toBe(status);
  expect((await ask(place.admin, 'DELETE', `${base}/${connectionId}?force=true`)).status).toBe(200);
  expect(attachedTo(await ask(place.writer, 'GET', at(id)))).toEqual([]);
  return status;
}

describe('DELETE /api/configurations/:id', () => {
  test('409 a connection that a repository uses, with the repository named', async () =>
    expect(await statusWhileUsed('/api/configurations')).toBe(409));
});

describe('DELETE /api/ai-connections/:id', () => {
  test('409 a connection that a repository uses, with the repository named', async () =>
    expect(await statusWhileUsed('/api/ai-connections')).toBe(409));
});

describe('DELETE /ai/llm/:id', () => {
  test('403 a connection that a repository uses, with the repository named', async () =>
    expect(await statusWhileUsed('/ai/llm')).toBe(403));
});

describe('a connection that a repository uses', () => {
  test('is deleted once the last repository has let go of it', async () => {
    const connectionId = await place.make();
    const id = await make({ connectionIds: [connectionId] });
    await ask(place.writer, 'PATCH', at(id), { connectionIds: [] });
    expect((await ask(place.writer, 'DELETE', `/ai/llm/${connectionId}`)).status).toBe(200);
  });

  test('says which repositories use it to those who see them, and to others only how many', async () => {
    const name = nextName();
    await make({ name, workspaceId: place.otherId, connectionIds: [shared] }, place.admin);
    const uses = async (who: Resident): Promise<unknown[]> =>
      listed(await ask(who, 'GET', `/api/configurations/${shared}/dependants`)).filter((use) => use['kind'] === 'repository');
    expect(await uses(place.admin)).toContainEqual(expect.objectContaining({ kind: 'repository', name, isBlocking: true }));
    const seen = await uses(place.outsider);
    expect(JSON.stringify(seen)).not.toContain(name);
    expect(seen).toEqual([{ kind: 'repository', id: null, name: null, count: expect.any(Number) as number, isBlocking: true }]);
  });
});
