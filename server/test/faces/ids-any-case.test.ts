/** Ids come back from logs, spreadsheets and other programs in any case: on both engines each means the same thing as in lower case. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { createDatabase, needs } from '../support/postgres.ts';

describe.each(['sqlite', 'postgres'] as const)('%s', (engine) => {
  const describeHere = engine === 'postgres' ? needs('postgres') : describe;
  describeHere('upper case', () => {
    let house: House;
    let admin: Resident;
    let member: Resident;
    let workspaceId: string;
    beforeAll(async () => {
      house = await openHouse({ egressAllow: '127.0.0.1:*', ...(engine === 'postgres' ? { databaseUrl: await createDatabase() } : {}) });
      admin = await house.createResident('Admin', 'administrator');
      member = await house.createResident('Member');
      workspaceId = await house.createWorkspace('Lab', [
        [admin, 'ADMIN'],
        [member, 'WRITE'],
      ]);
    });
    afterAll(() => house.close());

    const ask = (person: Resident, method: string, path: string, body?: unknown): Promise<Reply> =>
      house.request(method, path, { token: person.token, ...(body === undefined ? {} : { body }) });
    const made = async (name: string): Promise<string> =>
      (await ask(member, 'POST', '/api/configurations', { name, provider: 'custom', baseUrl: 'http://127.0.0.1:9/v1', model: 'm' })).at(
        'data.id',
      );
    const newKey = async (body: object = {}): Promise<Reply> => ask(member, 'POST', '/api/access-keys', { name: 'key', ...body });

    test('an id in a path finds the same connection, to see, change and delete', async () => {
      const id = await made('By path');
      const path = `/api/configurations/${id.toUpperCase()}`;
      expect((await ask(member, 'GET', path)).at('data.id')).toBe(id);
      expect((await ask(member, 'PATCH', path, { name: 'Renamed' })).at('data.name')).toBe('Renamed');
      expect((await ask(member, 'GET', `/api/ai-connections/${id.toUpperCase()}`)).status).toBe(200);
      expect((await ask(member, 'DELETE', path)).status).toBe(200);
      expect((await ask(member, 'GET', `/api/configurations/${id}`)).status).toBe(404);
    });

    test('a workspace in a body or a query is the same workspace, with the same rights', async () => {
      const key = await newKey({ workspaceId: workspaceId.toUpperCase() });
      expect([key.status, key.body.data!['workspaceId']]).toEqual([201, workspaceId]);
      const listed = await ask(admin, 'GET', `/api/access-keys?workspaceId=${workspaceId.toUpperCase()}`);
      expect(listed.body).toMatchObject({ data: [{ id: key.at('data.id') }] });
      const llm = await ask(member, 'POST', '/ai/llm', {
        name: 'LLM',
        aiType: 'OTHER',
        workspaceId: workspaceId.toUpperCase(),
        endpoint: 'http://127.0.0.1:9/v1',
        defaultModel: 'm',
      });
      expect(llm.status, llm.text).toBe(200);
      expect((await ask(member, 'GET', `/ai/llm?workspaceId=${workspaceId.toUpperCase()}`)).body).toMatchObject({
        aiLlms: [{ id: llm.at('aiLlmId'), workspaceId }],
      });
      expect((await ask(member, 'GET', `/ai/llm/stats?aiLlmId=${llm.at('aiLlmId').toUpperCase()}`)).body).toMatchObject({
        stats: [{ aiLlmId: llm.at('aiLlmId') }],
      });
    });

    test('a member is added, changed and removed by such ids', async () => {
      const guest = await house.createResident('Guest');
      const users = `/workspace/${workspaceId.toUpperCase()}/users`;
      expect((await ask(admin, 'POST', users, { userId: guest.id.toUpperCase(), role: 'READ' })).status).toBe(200);
      expect((await ask(guest, 'GET', `/workspace/${workspaceId.toUpperCase()}`)).at('workspace.id')).toBe(workspaceId);
      expect((await ask(admin, 'PUT', `${users}/${guest.id.toUpperCase()}`, { role: 'WRITE' })).status).toBe(200);
      expect((await ask(admin, 'DELETE', `${users}/${guest.id.toUpperCase()}`)).status).toBe(200);
      expect((await ask(guest, 'GET', `/workspace/${workspaceId}`)).status).toBe(403);
      expect((await ask(admin, 'PATCH', `/api/admin/users/${guest.id.toUpperCase()}`, { name: 'Gone' })).at('data.name')).toBe('Gone');
    });

    test('keys and tokens are revoked by them', async () => {
      const key = (await newKey()).at('data.id');
      expect((await ask(member, 'DELETE', `/api/access-keys/${key.toUpperCase()}`)).status).toBe(200);
      expect((await ask(member, 'GET', `/api/access-keys/${key}`)).status).toBe(404);
      const token = (await ask(member, 'POST', '/api/tokens', { name: 't' })).at('data.id');
      expect((await ask(member, 'DELETE', `/api/tokens/${token.toUpperCase()}`)).status).toBe(200);
    });

    test('a cursor goes on at the same row', async () => {
      for (const name of ['one', 'two', 'three']) await ask(admin, 'POST', '/api/tokens', { name });
      const first = await ask(admin, 'GET', '/api/tokens?limit=2');
      const cursor = first.at('nextCursor');
      const rest = await ask(admin, 'GET', `/api/tokens?limit=2&cursor=${cursor}`);
      expect((await ask(admin, 'GET', `/api/tokens?limit=2&cursor=${cursor.toUpperCase()}`)).bodyWithoutId).toEqual(rest.bodyWithoutId);
      expect(rest.body.data).toMatchObject([{ name: 'one' }, { name: 'test' }]);
    });

    test('usage and requests are filtered by the same connection, key, person and workspace', async () => {
      const id = await made('Filtered');
      for (const path of [
        `/api/usage?connectionId=${id}`,
        `/api/requests?connectionId=${id}`,
        `/api/requests?userId=${member.id}`,
        `/api/requests?workspaceId=${workspaceId}`,
      ]) {
        const [lower, upper] = [
          await ask(admin, 'GET', path),
          await ask(
            admin,
            'GET',
            path.replace(/=.*/, (value) => value.toUpperCase()),
          ),
        ];
        expect([upper.status, upper.bodyWithoutId]).toEqual([200, lower.bodyWithoutId]);
      }
    });

    test('a preference belongs to the same connection, and one of no connection at all is an empty list', async () => {
      const id = await made('Preferred');
      expect(
        (await ask(member, 'POST', '/api/model-preferences', { connectionId: id.toUpperCase(), modelId: 'm', isEnabled: false })).status,
      ).toBe(200);
      const expected = [{ connectionId: id, modelId: 'm', isEnabled: false }];
      for (const text of [id, id.toUpperCase()])
        expect((await ask(member, 'GET', `/api/model-preferences?connectionId=${text}`)).body).toEqual(expected);
      for (const text of ['environment', 'none', `${id}0`])
        expect((await ask(member, 'GET', `/api/model-preferences?connectionId=${text}`)).bodyWithoutId).toEqual({});
    });

    test('what is no id at all is a 404 in a path and a 400 or 404 elsewhere, never a fault of ours', async () => {
      for (const text of [
        'x',
        `${workspaceId}-`,
        workspaceId.replaceAll('-', ''),
        `{${workspaceId}}`,
        `urn:uuid:${workspaceId}`,
        'x'.repeat(500),
      ]) {
        const encoded = encodeURIComponent(text);
        for (const path of ['/api/configurations/', '/api/access-keys/', '/workspace/', '/api/requests/'])
          expect((await ask(admin, 'GET', path + encoded)).status, path + text).toBe(404);
        for (const path of ['/api/tokens?cursor=', '/api/access-keys?workspaceId=', '/api/requests?connectionId=', '/api/requests?cursor='])
          expect((await ask(admin, 'GET', path + encoded)).status, path + text).toBe(400);
        expect([400, 404]).toContain((await ask(admin, 'GET', `/ai/llm?workspaceId=${encoded}`)).status);
        expect([400, 404]).toContain((await ask(admin, 'GET', `/api/models?connectionId=${encoded}`)).status);
      }
    });
  });
});
