/** A use case on its way through the gateway: the official clients of every wire name it like a model, and the provider sees its prompt. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAccessKey } from '../../src/control/access-keys.ts';
import { changeAiSettings } from '../../src/control/ai-settings.ts';
import { changeConnection, deleteConnection } from '../../src/control/connections.ts';
import { createRepository } from '../../src/control/repositories.ts';
import { changeUseCase, createUseCase, deleteUseCase } from '../../src/control/use-cases.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { Connection } from '../../src/domain/connection.ts';
import type { UseCase } from '../../src/domain/use-case.ts';
import { words } from '../../src/faces/configurations/dialect.ts';
import { anthropic, plain, refusing, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
let main: FakeProvider;
let spare: FakeProvider;
let claude: FakeProvider;
let responses: FakeProvider;
let budget: Connection;
let backup: Connection;
let key: string;
let openai: OpenAI;
let number = 0;

beforeAll(async () => {
  rig = await openRig();
  [main, spare, claude, responses] = await Promise.all([
    startFakeProvider(),
    startFakeProvider(),
    startFakeProvider(),
    startFakeProvider(),
  ]);
  budget = await rig.connect({ name: 'Budget AI', baseUrl: main.baseUrl, model: 'gpt-4o-mini' });
  backup = await rig.connect({ name: 'Backup', baseUrl: spare.baseUrl, model: 'spare-model' });
  key = (await rig.issueKey()).text;
  openai = new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await rig.close();
  await Promise.all([main, spare, claude, responses].map((fake) => fake.close()));
});
beforeEach(() => {
  for (const fake of [main, spare, responses]) {
    fake.received.length = 0;
    fake.answer(plain);
  }
  claude.received.length = 0;
  claude.answer(anthropic);
});

const make = (part: Partial<Parameters<typeof createUseCase>[2]> = {}): Promise<UseCase> =>
  createUseCase(rig.deps, rig.caller, {
    name: `Case ${++number}`,
    connectionId: budget.id,
    systemPrompt: 'Answer as a lawyer.',
    baseKnowledge: 'The law of Indonesia.',
    allRoles: true,
    ...part,
  });
const question = [{ role: 'user' as const, content: 'Hi' }];
const prompt = 'The law of Indonesia.\n\nAnswer as a lawyer.';
const asked = (fake: FakeProvider): Record<string, unknown> => fake.received.at(-1)!.json;
const post = (body: unknown, headers: Record<string, string> = {}, path = '/v1/chat/completions') =>
  fetch(`${rig.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const errorOf = async (answer: Response): Promise<{ code: string; message: string }> =>
  ((await answer.json()) as { error: { code: string; message: string } }).error;

describe('chat completions', () => {
  test('the real client names a use case, and the provider gets its model with the prompt in front and its temperature', async () => {
    const { slug } = await make({ temperature: 0.2, maxTokens: 77 });
    const whole = await openai.chat.completions.create({ model: `use-case/${slug}`, messages: question });
    expect(whole.choices[0]?.message.content).toBe('The quick brown fox jumps. ');
    expect(asked(main)).toMatchObject({
      model: 'gpt-4o-mini',
      messages: [{ role: 'system', content: prompt }, ...question],
      temperature: 0.2,
    });
    expect(asked(main)['max_tokens'] ?? asked(main)['max_completion_tokens']).toBe(77);
  });

  test('streamed, it is the same', async () => {
    const { slug } = await make();
    let text = '';
    for await (const chunk of await openai.chat.completions.create({ model: `use-case/${slug}`, messages: question, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('The quick brown fox jumps. ');
    expect(asked(main)).toMatchObject({ stream: true, messages: [{ role: 'system', content: prompt }, ...question], temperature: 0.7 });
  });

  test('what the caller says counts more: its temperature, its limit, and its own instructions follow ours in one message', async () => {
    const { slug } = await make({ temperature: 0.2, maxTokens: 77 });
    const messages = [{ role: 'system' as const, content: 'In Indonesian.' }, ...question];
    await openai.chat.completions.create({ model: `use-case/${slug}`, messages, temperature: 1.5, max_tokens: 5 });
    expect(asked(main)).toMatchObject({
      messages: [{ role: 'system', content: `${prompt}\n\nIn Indonesian.` }, ...question],
      temperature: 1.5,
      max_tokens: 5,
    });
  });

  test('the answer names the use case, and the books hold it in row and sum', async () => {
    const useCase = await make();
    const answer = await post({ model: `use-case/${useCase.slug}`, messages: question });
    expect([answer.status, answer.headers.get('x-patchbay-use-case'), answer.headers.get('x-patchbay-connection')]).toEqual([
      200,
      useCase.slug,
      budget.id,
    ]);
    expect(answer.headers.get('x-patchbay-changed')).toContain('temperature;added');
    await answer.text();
    const [row] = await rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ modelAsked: `use-case/${useCase.slug}`, model: 'gpt-4o-mini', state: 'settled' });
    const sums = await rig.deps.database.driver.rows<{ requests: number }>({
      sql: 'SELECT sum(u.requests) AS requests FROM usage_days u JOIN usage_dimensions d ON d.id = u.dimension_id WHERE d.use_case_id = $1',
      params: [useCase.id],
    });
    expect(sums).toEqual([{ requests: 1 }]);
  });

  test('who asks, when and from which page is told where the use case wants it, in the person’s time zone', async () => {
    const { slug } = await make({ injectContext: { user: true, time: true, page: true } });
    await post({ model: `use-case/${slug}`, messages: question }, { 'x-patchbay-page': '/orders/17' });
    const [system] = asked(main)['messages'] as { content: string }[];
    expect(system?.content).toMatch(/^The law of Indonesia\.\n\nUser: .+ \(administrator, .+@example\.org\)\nCurrent date and time: .+\nCurrent page: \/orders\/17\n\nAnswer as a lawyer\.$/); // prettier-ignore
  });

  test('where its model fails its fallbacks are asked in order, each with its own model', async () => {
    const { slug } = await make({ fallbackConnectionIds: [backup.id] });
    main.answer(refusing(500));
    const answer = await post({ model: `use-case/${slug}`, messages: question });
    expect([answer.status, answer.headers.get('x-patchbay-connection')]).toEqual([200, backup.id]);
    expect(asked(spare)).toMatchObject({ model: 'spare-model', messages: [{ role: 'system', content: prompt }, ...question] });
  });

  test('a pinned connection must be one of its own', async () => {
    const { slug } = await make({ fallbackConnectionIds: [backup.id] });
    const pinned = await post({ model: `use-case/${slug}`, messages: question }, { 'x-patchbay-connection': backup.id });
    expect([pinned.status, spare.received.length, main.received.length]).toEqual([200, 1, 0]);
    const other = await rig.connect({ name: `Other ${number}`, baseUrl: main.baseUrl });
    const refused = await post({ model: `use-case/${slug}`, messages: question }, { 'x-patchbay-connection': other.id });
    expect([refused.status, (await errorOf(refused)).code]).toEqual([404, 'connection_not_found']);
  });

  test('embeddings have no prompt, so a use case is no model for them', async () => {
    const { slug } = await make();
    const answer = await post({ model: `use-case/${slug}`, input: 'x' }, {}, '/v1/embeddings');
    expect([answer.status, (await errorOf(answer)).code]).toEqual([400, 'operation_not_supported']);
  });
});

describe('refused before anybody is asked', () => {
  const refusal = async (slug: string): Promise<[number, string, string]> => {
    const answer = await post({ model: `use-case/${slug}`, messages: question });
    const { code, message } = await errorOf(answer);
    return [answer.status, code, message];
  };

  test('a model that is switched off fails with a clear error instead of calling the provider or a fallback (R-019)', async () => {
    const off = await rig.connect({ name: `Off ${number}`, baseUrl: main.baseUrl });
    const { slug } = await make({ connectionId: off.id, fallbackConnectionIds: [backup.id] });
    await changeConnection(rig.deps, rig.caller, off.id, { isActive: false }, words);
    expect(await refusal(slug)).toEqual([409, 'connection_inactive', `The model of the use case "${slug}" is inactive.`]);
    expect([main.received.length, spare.received.length]).toEqual([0, 0]);
  });

  test('a model that was deleted by force leaves a use case that says so', async () => {
    const gone = await rig.connect({ name: `Gone ${number}`, baseUrl: main.baseUrl });
    const { slug } = await make({ connectionId: gone.id });
    await expect(deleteConnection(rig.deps, rig.caller, gone.id, { isForced: false })).rejects.toMatchObject({
      code: 'CONFIGURATION_IN_USE',
    });
    await deleteConnection(rig.deps, rig.caller, gone.id, { isForced: true });
    expect(await refusal(slug)).toEqual([409, 'connection_inactive', `The model of the use case "${slug}" was deleted.`]);
  });

  test('a use case that is switched off says so, to those alone who might use it', async () => {
    const useCase = await make();
    await changeUseCase(rig.deps, rig.caller, useCase.id, { isActive: false });
    expect((await refusal(useCase.slug)).slice(0, 2)).toEqual([409, 'use_case_inactive']);
    await changeUseCase(rig.deps, rig.caller, useCase.id, { allowedRoles: ['user'] });
    expect((await refusal(useCase.slug)).slice(0, 2)).toEqual([404, 'model_not_found']);
  });

  test('one for other roles answers exactly like one that does not exist, and like one that was deleted', async () => {
    const [other, gone] = [await make({ allRoles: false, allowedRoles: ['user'] }), await make()];
    await deleteUseCase(rig.deps, rig.caller, gone.id);
    const [a, b, c] = [await refusal(other.slug), await refusal(gone.slug), await refusal('never-was')];
    expect(a).toEqual(c);
    expect(b).toEqual(c);
    expect(a.slice(0, 2)).toEqual([404, 'model_not_found']);
  });

  test('a refusal stands in the books under the name that was asked for', async () => {
    const useCase = await make({ isActive: false });
    const answer = await post({ model: `use-case/${useCase.slug}`, messages: question });
    expect(await rig.rowsOf(answer.headers.get('x-request-id')!)).toMatchObject([
      { state: 'refused', reason: 'use_case_inactive', modelAsked: `use-case/${useCase.slug}` },
    ]);
  });

  test('a key of a repository uses a use case as far as its models are attached, and sees it in the list only then', async () => {
    const { id: workspaceId } = await createWorkspace(rig.deps, rig.caller, `W ${number}`);
    const place = { workspaceId, name: 'Bot', connectionIds: [backup.id] };
    const { id: repositoryId } = await createRepository(rig.deps, rig.caller, place, { connectionAt: String });
    const { text } = await createAccessKey(rig.deps, rig.caller, { name: 'bot', workspaceId: null, repositoryId });
    const ask = async (slug: string): Promise<[number, string | null]> => {
      const answer = await post({ model: `use-case/${slug}`, messages: question }, { authorization: `Bearer ${text}` });
      return [answer.status, answer.headers.get('x-patchbay-connection')];
    };
    const [outside, within] = [await make(), await make({ fallbackConnectionIds: [backup.id] })];
    expect(await ask(outside.slug)).toEqual([400, null]);
    expect(await ask(within.slug)).toEqual([200, backup.id]);
    expect(main.received).toEqual([]);
    const { data } = await new OpenAI({ apiKey: text, baseURL: `${rig.url}/v1` }).models.list();
    const named = new Set(data.map(({ id }) => id));
    expect([named.has(`use-case/${outside.slug}`), named.has(`use-case/${within.slug}`)]).toEqual([false, true]);
  });

  test('a key’s list decides by the name of the use case, and lets nobody to its model directly', async () => {
    const { slug } = await make();
    const ask = async (models: string[], model: string): Promise<number> => {
      const { text } = await rig.issueKey({ models });
      return (await post({ model, messages: question }, { authorization: `Bearer ${text}` })).status;
    };
    expect(await ask([`use-case/${slug}`], `use-case/${slug}`)).toBe(200);
    expect(await ask(['use-case/*'], `use-case/${slug}`)).toBe(200);
    expect(await ask([`use-case/${slug}`], 'gpt-4o-mini')).toBe(403);
    expect(await ask(['gpt-4o-mini'], `use-case/${slug}`)).toBe(403);
  });
});

describe('the other wires', () => {
  test('the real client of the Messages wire: instructions go where that wire has them, byte for byte otherwise', async () => {
    const line = await rig.connect({
      name: `Claude ${number}`,
      providerId: 'anthropic',
      baseUrl: claude.baseUrl,
      model: 'claude-sonnet-4-5',
    });
    const { slug } = await make({ connectionId: line.id, temperature: null });
    const client = new Anthropic({ apiKey: key, baseURL: rig.url, maxRetries: 0 });
    const system = [{ type: 'text' as const, text: 'Own rule.', cache_control: { type: 'ephemeral' as const } }];
    const message = await client.messages.create({ model: `use-case/${slug}`, max_tokens: 50, messages: question, system });
    expect(message.content).toMatchObject([{ type: 'text', text: 'The quick brown fox jumps. ' }]);
    expect(asked(claude)).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 50,
      messages: question,
      system: [{ type: 'text', text: prompt }, ...system],
    });
    let text = '';
    const stream = client.messages.stream({ model: `use-case/${slug}`, max_tokens: 50, messages: question, system: 'Short.' });
    stream.on('text', (piece) => (text += piece));
    await stream.done();
    expect([text, asked(claude)['system']]).toEqual(['The quick brown fox jumps. ', `${prompt}\n\nShort.`]);
  });

  test('the Messages wire with a model that speaks OpenAI’s, and its count of tokens, know the prompt too', async () => {
    const { slug } = await make();
    const client = new Anthropic({ apiKey: key, baseURL: rig.url, maxRetries: 0 });
    await client.messages.create({ model: `use-case/${slug}`, max_tokens: 50, messages: question });
    expect(asked(main)).toMatchObject({ messages: [{ role: 'system', content: prompt }, ...question], temperature: 0.7 });
    const body = { messages: question };
    const withCase = await client.messages.countTokens({ ...body, model: `use-case/${slug}` });
    const without = await client.messages.countTokens({ ...body, model: 'gpt-4o-mini' });
    expect(withCase.input_tokens).toBeGreaterThan(without.input_tokens);
  });

  test('the Responses wire: the prompt goes along, and what the caller reads of its instructions is its own', async () => {
    const line = await rig.connect({ name: `Resp ${number}`, baseUrl: responses.baseUrl, settings: { wire: 'responses' } });
    responses.answer(({ response, call }) => {
      const body = {
        id: 'resp_1',
        object: 'response',
        created_at: 1,
        status: 'completed',
        model: 'gpt-4o',
        instructions: call.json['instructions'],
        output: [
          {
            type: 'message',
            id: 'm',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: 'Yes.', annotations: [] }],
          },
        ],
        usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const chat = await rig.connect({ name: `Chat ${number}`, baseUrl: main.baseUrl, settings: { wire: 'chat' } });
    for (const [connectionId, fake] of [
      [line.id, responses],
      [chat.id, main],
    ] as const) {
      const { slug } = await make({ connectionId, systemPrompt: 'Confidential rules.' });
      const answer = await openai.responses.create({ model: `use-case/${slug}`, input: 'Hi', instructions: 'Mine.' });
      expect(JSON.stringify(asked(fake))).toContain('Confidential rules.\\n\\nMine.');
      expect(JSON.stringify(answer)).not.toContain('Confidential');
    }
  });

  test('the older wire of completions is answered as a conversation with the prompt', async () => {
    const { slug } = await make();
    const answer = await openai.completions.create({ model: `use-case/${slug}`, prompt: 'Once' });
    expect(answer.choices[0]?.text).toBe('The quick brown fox jumps. ');
    expect(main.received.at(-1)).toMatchObject({
      path: '/v1/chat/completions',
      json: {
        messages: [
          { role: 'system', content: prompt },
          { role: 'user', content: 'Once' },
        ],
      },
    });
  });
});

describe('lists and explanations', () => {
  test('GET /v1/models names those that the caller may use and that somebody answers for', async () => {
    const [mine, others] = [await make({ name: 'Listed' }), await make({ allRoles: false, allowedRoles: ['manager'] })];
    const unbound = await make({ connectionId: (await rig.connect({ name: `U ${number}`, baseUrl: main.baseUrl })).id });
    await changeConnection(rig.deps, rig.caller, unbound.connectionId!, { isActive: false }, words);
    const ids: string[] = [];
    for await (const { id } of openai.models.list()) ids.push(id);
    expect(ids).toContain(`use-case/${mine.slug}`);
    expect(ids).not.toContain(`use-case/${others.slug}`);
    expect(ids).not.toContain(`use-case/${unbound.slug}`);
    const one = await openai.models.retrieve(`use-case/${mine.slug}`);
    expect(one).toMatchObject({ owned_by: 'use-case', name: 'Listed', patchbay: { connections: ['Budget AI'] } });
    const { text } = await rig.issueKey({ models: ['gpt-*'] });
    const narrow = await new OpenAI({ apiKey: text, baseURL: `${rig.url}/v1` }).models.list();
    expect(narrow.data.filter(({ id }) => id.startsWith('use-case/'))).toEqual([]);
  });

  test('an explanation names the same candidates with the same parameters, and shows nobody the prompt', async () => {
    const { slug } = await make({ fallbackConnectionIds: [backup.id], temperature: 0.3 });
    const answer = await post({ model: `use-case/${slug}`, messages: question }, {}, '/v1/route/explain');
    const text = await answer.text();
    const body = JSON.parse(text) as { candidates: { connection_name: string; model: string; payload: Record<string, unknown> }[] };
    expect(body.candidates.map(({ connection_name: name, model }) => `${name}/${model}`)).toEqual([
      'Budget AI/gpt-4o-mini',
      'Backup/spare-model',
    ]);
    expect(body.candidates[0]?.payload).toMatchObject({ temperature: 0.3 });
    expect(text).not.toContain('lawyer');
    expect(main.received).toEqual([]);
  });
});

describe('requests that name nothing', () => {
  test('go to the use case with the highest priority that claims their role, and to the default otherwise (R-034)', async () => {
    const standard = await rig.connect({ name: `Standard ${number}`, baseUrl: spare.baseUrl, model: 'default-model', isDefault: true });
    await post({ messages: question });
    expect(asked(spare)).toMatchObject({ model: 'default-model', messages: question });
    const claims = await make({ priority: 2, systemPrompt: 'Claims.', baseKnowledge: '' });
    const others = await make({ priority: 9, allRoles: false, allowedRoles: ['user'] });
    const answer = await post({ messages: question });
    expect(answer.headers.get('x-patchbay-use-case')).toBe(claims.slug);
    expect(asked(main)).toMatchObject({ model: 'gpt-4o-mini', messages: [{ role: 'system', content: 'Claims.' }, ...question] });
    const { text } = await rig.issueKey({ models: ['default-model'] });
    await post({ messages: question }, { authorization: `Bearer ${text}` });
    expect(asked(spare)).toMatchObject({ model: 'default-model', messages: question });
    await post({ messages: question }, { 'x-patchbay-connection': standard.id });
    expect(asked(spare)).toMatchObject({ model: 'default-model', messages: question });
    for (const one of [claims, others]) await deleteUseCase(rig.deps, rig.caller, one.id);
    expect((await post({ messages: question })).headers.get('x-patchbay-use-case')).toBeNull();
  });

  test('take temperature and limit of the installation once they are saved, and requests with a model never do (D-25)', async () => {
    await post({ messages: question });
    expect(asked(spare)).not.toHaveProperty('temperature');
    await changeAiSettings(rig.deps, rig.caller, { temperature: 0.1, maxTokens: 4096 });
    const answer = await post({ messages: question });
    expect(asked(spare)).toMatchObject({ temperature: 0.1, max_tokens: 4096 });
    expect(answer.headers.get('x-patchbay-changed')).toBe('temperature;added, max_tokens;added');
    await post({ messages: question, temperature: 0.9, max_completion_tokens: 8 });
    expect(asked(spare)).toMatchObject({ temperature: 0.9, max_completion_tokens: 8 });
    expect(asked(spare)).not.toHaveProperty('max_tokens');
    await post({ model: 'default-model', messages: question });
    expect(asked(spare)).not.toHaveProperty('temperature');
    await changeAiSettings(rig.deps, rig.caller, { temperature: null, maxTokens: null });
    await post({ messages: question });
    expect(asked(spare)).not.toHaveProperty('temperature');
  });
});
