/** Keys that are bound to a repository: what they reach, in which order, what they are told, and what the books say of them (C-54, D-17). */
import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAccessKey, revokeAccessKey } from '../../src/control/access-keys.ts';
import { changeRepository, createRepository, deleteRepository, type RepositoryWords } from '../../src/control/repositories.ts';
import { createGroup } from '../../src/control/routing-groups.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { plain, refusing, startFakeProvider, streamEvents, streaming, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, openRig, type Rig, type Said } from './rig.ts';

const words: RepositoryWords = { connectionAt: String };
let rig: Rig;
let [alpha, beta, outside]: FakeProvider[] = [];
let workspaceId = '';
let workspace: Owner;
/** Connections: `alpha` and `beta` are of the workspace, `shared` is of the organization, `loose` is attached to nothing. */
const id: Record<'alpha' | 'beta' | 'shared' | 'loose', string> = { alpha: '', beta: '', shared: '', loose: '' };

beforeAll(async () => {
  [alpha, beta, outside] = await Promise.all([startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  rig = await openRig({ environment: { LLM_BASE_URL: outside.baseUrl, LLM_API_KEY: 'sk-environment-0123456789', LLM_MODEL: 'env-model' } });
  workspaceId = (await createWorkspace(rig.deps, rig.caller, 'Lab')).id;
  workspace = { scope: 'workspace', id: workspaceId };
  id.alpha = (await rig.connect({ name: 'Alpha', baseUrl: alpha.baseUrl, model: 'model-a' }, workspace)).id;
  id.beta = (await rig.connect({ name: 'Beta', baseUrl: beta.baseUrl, model: 'model-b' }, workspace)).id;
  id.shared = (await rig.connect({ name: 'Shared', baseUrl: beta.baseUrl, model: 'model-a' })).id;
  id.loose = (await rig.connect({ name: 'Loose', baseUrl: outside.baseUrl, model: 'model-loose', isDefault: true }, workspace)).id;
});
afterAll(async () => {
  await rig?.close();
  await Promise.all([alpha?.close(), beta?.close(), outside?.close()]);
});
beforeEach(() => {
  for (const one of [alpha!, beta!, outside!]) {
    one.answer(plain);
    one.received.length = 0;
  }
});

let count = 0;
interface Bound {
  repositoryId: string;
  keyId: string;
  text: string;
}
async function bind(...connectionIds: string[]): Promise<Bound> {
  const input = { workspaceId, name: `repository ${++count}`, connectionIds };
  const { id: repositoryId } = await createRepository(rig.deps, rig.caller, input, words);
  const { key, text } = await createAccessKey(rig.deps, rig.caller, { name: 'bound', workspaceId: null, repositoryId });
  return { repositoryId, keyId: key.id, text };
}
const attach = (repositoryId: string, ...connectionIds: string[]): Promise<unknown> =>
  changeRepository(rig.deps, rig.caller, repositoryId, { connectionIds }, words);
const ask = ({ text }: Bound, model: string | undefined, headers: Record<string, string> = {}): Promise<Said> =>
  rig.ask(text, { model, messages: message() }, headers);
const chosen = (said: Said): unknown => said.headers['x-patchbay-connection'];
const codeOf = (said: Said): unknown[] => [said.status, errorOf(said).code];
const sdkOf = ({ text }: Bound): OpenAI => new OpenAI({ apiKey: text, baseURL: `${rig.url}/v1`, maxRetries: 0 });
const notServed = [400, 'model_not_in_repository'];

describe("OpenAI's own client with a repository's key", () => {
  test('lists the models of what is attached and of nothing else, and reaches each by its name alone', async () => {
    const sdk = sdkOf(await bind(id.beta, id.alpha));
    const ids = (await sdk.models.list()).data.map((model) => model.id);
    expect(ids).toEqual(expect.arrayContaining(['model-a', 'model-b']));
    expect(ids).not.toContain('model-loose');
    expect(ids).not.toContain('env-model');
    const create = (model: string) => sdk.chat.completions.create({ model, messages: [{ role: 'user', content: 'hi' }] });
    expect((await create('model-a')).choices[0]!.message.content).not.toBe('');
    expect((await create('model-b')).choices[0]!.message.content).not.toBe('');
    expect([alpha!.received.length, beta!.received.length, outside!.received.length]).toEqual([1, 1, 0]);
  });

  test('streams, and passes `store` and `metadata` on', async () => {
    alpha!.answer(streaming(streamEvents(['Hello ', 'there'])));
    const sdk = sdkOf(await bind(id.alpha));
    const stream = await sdk.chat.completions.create({
      model: 'model-a',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      store: true,
      metadata: { topic: 'demo' },
    });
    let said = '';
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    expect(said).toBe('Hello there');
    expect(alpha!.received[0]!.json).toMatchObject({ store: true, metadata: { topic: 'demo' } });
  });

  test('hears 400 for a model that the repository does not serve, and 404 for its entry in the list', async () => {
    const sdk = sdkOf(await bind(id.alpha));
    const messages = [{ role: 'user' as const, content: 'hi' }];
    await expect(sdk.chat.completions.create({ model: 'model-loose', messages })).rejects.toMatchObject({
      status: 400,
      code: 'model_not_in_repository',
      param: 'model',
    });
    await expect(sdk.chat.completions.create({ model: 'nobody-knows-it', messages })).rejects.toBeInstanceOf(BadRequestError);
    await expect(sdk.models.retrieve('model-loose')).rejects.toBeInstanceOf(NotFoundError);
    expect((await sdk.models.retrieve('model-a')).id).toBe('model-a');
    expect(outside!.received).toEqual([]);
  });
});

describe('what a bound key reaches', () => {
  test('is in the order of the repository, which a change turns round at once', async () => {
    const bound = await bind(id.shared, id.alpha);
    expect(chosen(await ask(bound, 'model-a'))).toBe(id.shared);
    await attach(bound.repositoryId, id.alpha, id.shared);
    expect(chosen(await ask(bound, 'model-a'))).toBe(id.alpha);
    await attach(bound.repositoryId, id.shared);
    expect(chosen(await ask(bound, 'model-a'))).toBe(id.shared);
  });

  test('falls back to the next attached connection and to no other', async () => {
    const bound = await bind(id.alpha, id.shared);
    alpha!.answer(refusing(500));
    const said = await ask(bound, 'model-a');
    expect([said.status, chosen(said)]).toEqual([200, id.shared]);
    beta!.answer(refusing(500));
    expect((await ask(bound, 'model-a')).status).toBe(502);
    expect(outside!.received).toEqual([]);
  });

  test('is named by connection or provider within the repository alone', async () => {
    const bound = await bind(id.beta);
    expect(chosen(await ask(bound, 'Beta/some-model'))).toBe(id.beta);
    expect(chosen(await ask(bound, 'openai/some-model'))).toBe(id.beta);
    expect(codeOf(await ask(bound, 'Loose/model-loose'))).toEqual(notServed);
    expect(codeOf(await ask(bound, `${id.loose}/model-loose`))).toEqual(notServed);
  });

  test('cannot be widened by pinning a connection of the workspace', async () => {
    const bound = await bind(id.beta);
    expect(chosen(await ask(bound, 'x', { 'x-patchbay-connection': id.beta }))).toBe(id.beta);
    expect(codeOf(await ask(bound, 'x', { 'x-patchbay-connection': id.loose }))).toEqual([404, 'connection_not_found']);
  });

  test("without a name is the first that has a model of its own, never the workspace's default or the environment", async () => {
    expect(chosen(await ask(await bind(id.beta, id.alpha), undefined))).toBe(id.beta);
    expect(codeOf(await ask(await bind(), undefined))).toEqual([400, 'no_connection']);
    expect(codeOf(await ask(await bind(), 'env-model'))).toEqual(notServed);
    expect(codeOf(await ask(await bind(id.alpha), 'env-model'))).toEqual(notServed);
  });

  test('leaves out a connection that is switched off, in the list and in the call', async () => {
    const bound = await bind(id.alpha, id.shared);
    await rig.change(id.alpha, { isActive: false });
    expect(chosen(await ask(bound, 'model-a'))).toBe(id.shared);
    expect(codeOf(await ask(bound, 'Alpha/model-a'))).toEqual([409, 'connection_inactive']);
    const list = await (await fetch(`${rig.url}/v1/models`, { headers: { authorization: `Bearer ${bound.text}` } })).json();
    expect(JSON.stringify(list)).not.toContain('Alpha');
    await rig.change(id.alpha, { isActive: true });
    expect(chosen(await ask(bound, 'model-a'))).toBe(id.alpha);
  });

  test('is of a routing group what is attached, and nothing where none of it is', async () => {
    const targets = [id.loose, id.beta].map((connectionId) => ({
      connectionId,
      model: 'group-model',
      weight: 1,
      isEnabled: true,
      region: null,
    }));
    await createGroup(rig.deps, rig.caller, workspace, { name: 'both-lines', strategy: 'ordered', targets });
    const plainKey = await rig.issueKey({}, workspaceId);
    expect(chosen(await rig.ask(plainKey.text, { model: 'both-lines', messages: message() }))).toBe(id.loose);
    expect(chosen(await ask(await bind(id.alpha, id.beta), 'both-lines'))).toBe(id.beta);
    outside!.received.length = 0;
    expect((await ask(await bind(id.alpha), 'both-lines')).status).toBe(409);
    expect(outside!.received).toEqual([]);
  });

  test('hears a new name of an attached connection at once', async () => {
    const bound = await bind(id.beta);
    await rig.change(id.beta, { name: 'Beta Two' });
    expect(chosen(await ask(bound, 'beta two/x'))).toBe(id.beta);
    await rig.change(id.beta, { name: 'Beta' });
    expect(codeOf(await ask(bound, 'beta two/x'))).toEqual(notServed);
  });

  test('is no more than before for a key of the workspace, which is bound to nothing', async () => {
    const { text } = await rig.issueKey({}, workspaceId);
    expect(chosen(await rig.ask(text, { model: 'model-loose', messages: message() }))).toBe(id.loose);
    expect(codeOf(await rig.ask(text, { model: 'nobody-knows-it', messages: message() }))).toEqual([404, 'model_not_found']);
  });
});

describe('a bound key', () => {
  test("keeps its own list of models within the repository's", async () => {
    const { repositoryId } = await bind(id.alpha, id.beta);
    const { text } = await createAccessKey(rig.deps, rig.caller, { name: 'narrow', workspaceId: null, repositoryId, models: ['model-b'] });
    const narrow = { repositoryId, keyId: '', text };
    expect(chosen(await ask(narrow, 'model-b'))).toBe(id.beta);
    expect(codeOf(await ask(narrow, 'model-a'))).toEqual([403, 'model_not_allowed']);
  });

  test('opens nothing once it is deleted, nor once its repository is', async () => {
    const [first, second] = [await bind(id.alpha), await bind(id.alpha)];
    await revokeAccessKey(rig.deps, rig.caller, first.keyId);
    expect(codeOf(await ask(first, 'model-a'))).toEqual([401, 'invalid_api_key']);
    await deleteRepository(rig.deps, rig.caller, second.repositoryId, { isForced: true });
    expect(codeOf(await ask(second, 'model-a'))).toEqual([401, 'invalid_api_key']);
    expect(alpha!.received).toEqual([]);
  });

  test('is told by `explain` what the call would choose, and what it would be refused', async () => {
    const bound = await bind(id.shared, id.alpha);
    const explain = async (model: string): Promise<{ candidates: { connection_id: string }[] }> => {
      const headers = { authorization: `Bearer ${bound.text}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ model, messages: message() });
      return (await fetch(`${rig.url}/v1/route/explain`, { method: 'POST', headers, body })).json() as never;
    };
    expect((await explain('model-a')).candidates.map((one) => one.connection_id)).toEqual([id.shared, id.alpha]);
    expect(await explain('model-loose')).toMatchObject({ error: { code: 'model_not_in_repository' } });
  });

  test('stands in the books with its repository: what it did, and what it was refused', async () => {
    const bound = await bind(id.alpha);
    const [answered, refused] = [await ask(bound, 'model-a'), await ask(bound, 'nobody-knows-it')];
    const plainKey = await rig.issueKey({}, workspaceId);
    const other = await rig.ask(plainKey.text, { model: 'model-a', messages: message() });
    const requestIds = [answered, refused, other].map(({ headers }) => String(headers['x-request-id']));
    await rig.rows();
    const rows = await rig.deps.database.db
      .selectFrom('usage_events')
      .leftJoin('usage_dimensions', 'usage_dimensions.id', 'usage_events.dimension_id')
      .select(['request_id', 'state', 'usage_events.repository_id', 'usage_dimensions.repository_id as summed'])
      .where('request_id', 'in', requestIds)
      .execute();
    const of = (requestId: string) => rows.filter((row) => row.request_id === requestId);
    expect(of(requestIds[0]!)).toEqual([
      { request_id: requestIds[0], state: 'settled', repository_id: bound.repositoryId, summed: bound.repositoryId },
    ]);
    expect(of(requestIds[1]!)).toMatchObject([{ state: 'refused', repository_id: bound.repositoryId }]);
    expect(of(requestIds[2]!)).toMatchObject([{ state: 'settled', repository_id: null, summed: null }]);
  });
});
