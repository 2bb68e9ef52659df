/** Use cases through the front door: every status of every route, who may what, and what the audit log and open pages are told. */
import { describe, expect, test } from 'vitest';
import type { KeptEvent } from '../../src/control/events.ts';
import { plain } from '../support/fake-provider.ts';
import { chats, faultsOf, full, made, mia, modelId, nobody, openUseCases, send, spareId } from '../support/use-cases-house.ts';

openUseCases();
const auditOf = (id: string) =>
  chats.house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', id).orderBy('at').orderBy('id').execute();

describe('POST /api/use-cases', () => {
  test('201 what is not said has its default: 0.7, nothing injected, by name only, active', async () => {
    const reply = await send('POST', '/api/use-cases', full({ name: 'HR Assistant' }));
    expect(reply.status).toBe(201);
    expect(reply.body['data']).toEqual({
      id: expect.any(String) as string,
      slug: 'hr-assistant',
      modelName: 'use-case/hr-assistant',
      name: 'HR Assistant',
      description: '',
      connectionId: modelId,
      connectionName: 'Budget AI',
      model: null,
      effectiveModel: 'gpt-4o-mini',
      modelState: 'active',
      systemPrompt: 'Answer briefly.',
      baseKnowledge: '',
      temperature: 0.7,
      maxTokens: null,
      allRoles: true,
      allowedRoles: [],
      priority: 0,
      fallbackConnectionIds: [],
      injectContext: { user: false, time: false, page: false },
      isActive: true,
      requests7d: 0,
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
      revision: expect.any(Number) as number,
    });
  });

  test('201 everything that is said is kept, and the audit entry names each field', async () => {
    const said = {
      name: 'Everything',
      slug: 'all-of-it',
      description: 'Lines\nof text',
      model: 'gpt-4o',
      baseKnowledge: 'Known.',
      temperature: 0.2,
      maxTokens: 100,
      allRoles: false,
      allowedRoles: ['user', 'manager'],
      priority: 7,
      fallbackConnectionIds: [spareId],
      injectContext: { user: true, time: true, page: true },
      isActive: false,
    };
    const data = await made(said);
    expect(data).toMatchObject({ ...said, effectiveModel: 'gpt-4o' });
    const [entry] = await auditOf(data.id);
    expect(entry).toMatchObject({ action: 'use-case.create', subject_type: 'use-case', actor_id: mia.id, outcome: 'success' });
    expect(JSON.parse(entry!.changes!)).toMatchObject({ temperature: { after: 0.2 }, allowedRoles: { after: ['user', 'manager'] } });
  });

  test('201 two names with one slug get two slugs', async () => {
    const [a, b] = [await made({ name: 'Same!' }), await made({ name: 'Same?' })];
    expect([a.slug, b.slug]).toEqual(['same', 'same-2']);
  });

  test.each([
    ['no choice of roles is no choice', { allRoles: undefined }, ['allowedRoles', 'required']],
    ['all roles, and some named', { allowedRoles: ['user'] }, ['allowedRoles', 'excluded']],
    ['a connection that is not there', { connectionId: nobody }, ['connectionId', 'unknown_connection']],
    ['a fallback that is the model itself', { fallbackConnectionIds: 'itself' }, ['fallbackConnectionIds.0', 'duplicate']],
  ])('400 %s', async (_title, part, fault) => {
    const given = { ...part, ...('fallbackConnectionIds' in part && { fallbackConnectionIds: [modelId] }) };
    const reply = await send('POST', '/api/use-cases', full(given));
    expect([reply.status, reply.at('error_code'), faultsOf(reply)]).toEqual([400, 'VALIDATION_ERROR', [fault]]);
  });

  test('400 a person’s own connection would go with the person, so it is none for a use case', async () => {
    const own = await chats.connect(mia);
    expect(faultsOf(await send('POST', '/api/use-cases', full({ connectionId: own })))).toEqual([['connectionId', 'unknown_connection']]);
  });

  test('400 a model that is switched off is not offered and not taken (R-019)', async () => {
    await send('PATCH', `/api/admin/models/${spareId}`, { isActive: false });
    const reply = await send('POST', '/api/use-cases', full({ connectionId: spareId, fallbackConnectionIds: [modelId] }));
    expect([reply.status, faultsOf(reply)]).toEqual([400, [['connectionId', 'inactive']]]);
    await send('PATCH', `/api/admin/models/${spareId}`, { isActive: true });
  });

  test.each([
    ['a temperature above 2', { temperature: 2.1 }],
    ['an empty prompt', { systemPrompt: '  ' }],
    ['a slug with capitals', { slug: 'Not-Good' }],
    ['a role that there is not', { allRoles: false, allowedRoles: ['root'] }],
    ['a field that there is not', { surprise: 1 }],
    ['a text with U+0000', { baseKnowledge: 'a\u0000b' }],
  ])('400 %s', async (_title, part) => {
    expect((await send('POST', '/api/use-cases', full(part))).status).toBe(400);
  });

  test('401 nobody', async () => {
    expect((await send('POST', '/api/use-cases', full(), null)).status).toBe(401);
  });

  test('403 somebody without the permission', async () => {
    expect((await send('POST', '/api/use-cases', full(), chats.ben)).at('error_code')).toBe('FORBIDDEN');
  });

  test('409 a name that is taken in another case, and a slug that is taken', async () => {
    await made({ name: 'Taken Name', slug: 'taken-slug' });
    const byName = await send('POST', '/api/use-cases', full({ name: 'taken NAME' }));
    expect([byName.status, byName.at('error_code'), faultsOf(byName)]).toEqual([409, 'NAME_EXISTS', [['name', 'exists']]]);
    const bySlug = await send('POST', '/api/use-cases', full({ slug: 'taken-slug' }));
    expect([bySlug.status, faultsOf(bySlug)]).toEqual([409, [['slug', 'exists']]]);
  });
});

describe('GET /api/use-cases', () => {
  test('200 all by name, with their requests of the last week, also for what was switched off since', async () => {
    const { slug, id } = await made({ name: 'AAA counted' });
    chats.provider.answer(plain);
    const key = (await send('POST', '/api/access-keys', { name: 'k' })).at('data.key');
    for (const status of [200, 200])
      expect(
        (
          await chats.house.request('POST', '/v1/chat/completions', {
            token: key,
            body: { model: `use-case/${slug}`, messages: [{ role: 'user', content: 'Hi' }] },
          })
        ).status,
      ).toBe(status);
    await send('PATCH', `/api/use-cases/${id}`, { isActive: false });
    const list = await chats.clientOf(mia).useCases.list();
    expect(list[0]).toMatchObject({ id, requests7d: 2, isActive: false });
    expect(list.map(({ name }) => name.toLowerCase())).toEqual(list.map(({ name }) => name.toLowerCase()).toSorted());
    const usage = await send('GET', '/api/usage?groupBy=use-case', undefined, chats.ada);
    expect([...usage.body['data']!]).toContainEqual(expect.objectContaining({ key: id, name: 'AAA counted' }));
  });

  test('401 nobody', async () => {
    expect((await send('GET', '/api/use-cases', undefined, null)).status).toBe(401);
  });

  test('403 somebody without the permission does not read prompts', async () => {
    expect((await send('GET', '/api/use-cases', undefined, chats.ben)).status).toBe(403);
  });
});

describe('GET /api/use-cases/available', () => {
  test('200 what the caller’s role may use, the highest priority first, without prompt and connection', async () => {
    const mine = await made({ name: 'For users', allRoles: false, allowedRoles: ['user'], priority: 9 });
    const hidden = await made({ name: 'For managers', allRoles: false, allowedRoles: ['manager'] });
    const off = await made({ name: 'Off', isActive: false });
    const list = await chats.clientOf(chats.ben).useCases.available();
    expect(list[0]).toEqual({
      id: mine.id,
      slug: 'for-users',
      modelName: 'use-case/for-users',
      name: 'For users',
      description: '',
      isUsable: true,
      isStandard: true,
    });
    expect(list.slice(1).some(({ isStandard }) => isStandard)).toBe(false);
    expect(list.map(({ id }) => id)).not.toContain(hidden.id);
    expect(list.map(({ id }) => id)).not.toContain(off.id);
    await chats.clientOf(mia).useCases.delete(mine.id);
  });

  test('401 nobody', async () => {
    expect((await send('GET', '/api/use-cases/available', undefined, null)).status).toBe(401);
  });

  test('403 somebody who may not chat', async () => {
    const mute = await chats.house.createResident('Mute');
    await send('PATCH', `/api/admin/users/${mute.id}`, { permissions: [] }, chats.ada);
    expect((await send('GET', '/api/use-cases/available', undefined, mute)).status).toBe(403);
  });
});

describe('GET /api/use-cases/:id', () => {
  test('200 one, with the revision for a later change', async () => {
    const { id, revision } = await made();
    const reply = await send('GET', `/api/use-cases/${id}`);
    expect([reply.status, reply.headers.get('etag'), reply.at('data.id')]).toEqual([200, `"${revision}"`, id]);
  });

  test('401 nobody', async () => {
    expect((await send('GET', `/api/use-cases/${nobody}`, undefined, null)).status).toBe(401);
  });

  test('403 somebody without the permission, whether there is one or not', async () => {
    const { id } = await made();
    for (const one of [id, nobody]) expect((await send('GET', `/api/use-cases/${one}`, undefined, chats.ben)).status).toBe(403);
  });

  test('404 one that never was, and what is no id', async () => {
    for (const id of [nobody, 'x', '%00']) expect((await send('GET', `/api/use-cases/${id}`)).status).toBe(404);
  });
});

describe('PATCH /api/use-cases/:id', () => {
  test('200 what is named is changed and nothing else; the slug stays, open pages and the audit log hear of it', async () => {
    const before = await made({ description: 'Old.', maxTokens: 9 });
    const told: KeptEvent[] = [];
    const stop = chats.house.deps.events.subscribe(
      (event) => told.push(event),
      () => undefined,
    );
    const after = await chats
      .clientOf(mia)
      .useCases.update(before.id, { name: 'Renamed', maxTokens: null, allRoles: false, allowedRoles: ['user'] });
    stop();
    expect(after).toEqual({
      ...before,
      name: 'Renamed',
      maxTokens: null,
      allRoles: false,
      allowedRoles: ['user'],
      updatedAt: after.updatedAt,
      revision: after.revision,
    });
    expect(after.revision).toBeGreaterThan(before.revision);
    expect(told).toMatchObject([{ name: 'config.changed', data: { topic: 'use-cases' } }]);
    expect(JSON.parse((await auditOf(before.id)).at(-1)!.changes!)).toEqual({
      name: { before: before.name, after: 'Renamed' },
      maxTokens: { before: 9, after: null },
      allowedRoles: { before: null, after: ['user'] },
    });
  });

  test('200 a use case whose model was switched off since keeps it, and can be renamed', async () => {
    const { id } = await made({ connectionId: spareId });
    await send('PATCH', `/api/admin/models/${spareId}`, { isActive: false });
    const reply = await send('PATCH', `/api/use-cases/${id}`, { description: 'Still here.' });
    expect([reply.status, reply.at('data.modelState')]).toEqual([200, 'inactive']);
    await send('PATCH', `/api/admin/models/${spareId}`, { isActive: true });
  });

  test.each([
    ['nothing to change', {}],
    ['a new slug, which applications have in their code', { slug: 'other' }],
    ['a connection that is not there', { connectionId: nobody }],
  ])('400 %s', async (_title, body) => {
    const { id } = await made();
    expect((await send('PATCH', `/api/use-cases/${id}`, body)).status).toBe(400);
  });

  test('401 nobody', async () => {
    expect((await send('PATCH', `/api/use-cases/${nobody}`, { name: 'x' }, null)).status).toBe(401);
  });

  test('403 somebody without the permission', async () => {
    const { id, name } = await made();
    expect((await send('PATCH', `/api/use-cases/${id}`, { name: 'x' }, chats.ben)).status).toBe(403);
    expect((await chats.clientOf(mia).useCases.get(id)).name).toBe(name);
  });

  test('404 one that never was', async () => {
    expect((await send('PATCH', `/api/use-cases/${nobody}`, { name: 'x' })).status).toBe(404);
  });

  test('409 a change that was made from an older state is told what it has become and by whom', async () => {
    const { id, revision, name } = await made();
    await send('PATCH', `/api/use-cases/${id}`, { description: 'Ada was faster.' }, chats.ada);
    const late = await send('PATCH', `/api/use-cases/${id}`, { name: 'late', revision });
    expect([late.status, late.at('error_code'), late.at('details.current.description'), late.at('details.changedBy.name')]).toEqual([
      409,
      'CONFLICT',
      'Ada was faster.',
      'Ada',
    ]);
    const byTag = await send('PATCH', `/api/use-cases/${id}`, { name: 'late' }, mia, { 'if-match': `"${revision}"` });
    expect(byTag.status).toBe(409);
    expect((await chats.clientOf(mia).useCases.get(id)).name).toBe(name);
  });

  test('409 a name that another one has', async () => {
    const [a, b] = [await made(), await made()];
    expect((await send('PATCH', `/api/use-cases/${b.id}`, { name: a.name.toUpperCase() })).at('error_code')).toBe('NAME_EXISTS');
  });
});

describe('DELETE /api/use-cases/:id', () => {
  test('200 it is gone for good, and its name is free', async () => {
    const { id, name, slug } = await made();
    expect((await send('DELETE', `/api/use-cases/${id}`)).status).toBe(200);
    expect((await send('GET', `/api/use-cases/${id}`)).status).toBe(404);
    expect((await auditOf(id)).map(({ action }) => action)).toEqual(['use-case.create', 'use-case.delete']);
    expect((await made({ name })).slug).toBe(slug);
  });

  test('401 nobody', async () => {
    expect((await send('DELETE', `/api/use-cases/${nobody}`, undefined, null)).status).toBe(401);
  });

  test('403 somebody without the permission', async () => {
    const { id } = await made();
    expect((await send('DELETE', `/api/use-cases/${id}`, undefined, chats.ben)).status).toBe(403);
  });

  test('404 one that never was, and one that was deleted already', async () => {
    const { id } = await made();
    await send('DELETE', `/api/use-cases/${id}`);
    for (const one of [id, nobody]) expect((await send('DELETE', `/api/use-cases/${one}`)).status).toBe(404);
  });
});
