/** The rest of Ollama's wire through the official client: policies, embeddings, what is told of models, and every way to say no. */
import { describe, expect, test } from 'vitest';
import { createPolicy, deletePolicy, type PolicyInput } from '../../src/control/policies.ts';
import { holding, holdingBetween, plain, refusing, streamEvents, streaming, whole, type Answer } from '../support/fake-provider.ts';
import {
  answerMachine,
  client,
  clientOf,
  clock,
  gathered,
  house,
  linesOf,
  machine,
  messages,
  ofMachine,
  ollamaScene,
  post,
} from '../support/ollama-house.ts';
import { until } from '../support/wait.ts';

ollamaScene();

describe('policies', () => {
  const place = { workspaceId: null, repositoryId: null };
  const covering = { name: 'No addresses', risk: 'HIGH', action: 'redact', rules: { personalData: ['email'] } } satisfies PolicyInput;

  test('a text that was covered stays covered, wherever a line was cut', async () => {
    const { id } = await createPolicy(house.rig.deps, house.rig.caller, place, covering);
    try {
      house.answer('openai', streaming(streamEvents(['Write to eve', '@exam', 'ple.org', ' today. ', 'Bye.'])));
      const { text, lines } = await gathered(await client.chat({ model: 'Chat/gpt-4o', messages, stream: true }));
      expect(text).not.toContain('eve');
      expect(text).not.toContain('ple.org');
      expect(text).toContain(' today. Bye.');
      expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
      answerMachine(ofMachine);
      const picture = 'iVBORw0KGgo'.repeat(500);
      await client.chat({ model: 'Llama/llama3.1', messages: [{ role: 'user', content: 'I am eve@example.org.', images: [picture] }] });
      const [sent] = machine.received.at(-1)!.json['messages'] as { content: string; images: string[] }[];
      expect(sent!.content).not.toContain('eve@example.org');
      expect(sent!.images).toEqual([picture]);
    } finally {
      await deletePolicy(house.rig.deps, house.rig.caller, id);
    }
  });
});

describe('embeddings', () => {
  const vectors = {
    object: 'list',
    data: [
      { object: 'embedding', index: 1, embedding: [0.25, 2] },
      { object: 'embedding', index: 0, embedding: [0.5, -1] },
    ],
    model: 'text-embedding-3-small',
    usage: { prompt_tokens: 9, total_tokens: 9 },
  };

  test('200 of another provider, in the order of the inputs; what it does not know is left out and named', async () => {
    house.answer('openai', whole(JSON.stringify(vectors)));
    const answer = await post('/api/embed', {
      model: 'Chat/text-embedding-3-small',
      input: ['one', 'two'],
      truncate: true,
      keep_alive: '5m',
    });
    expect(await answer.json()).toMatchObject({
      model: 'text-embedding-3-small',
      embeddings: [
        [0.5, -1],
        [0.25, 2],
      ],
      prompt_eval_count: 9,
    });
    expect(answer.headers.get('x-patchbay-changed')).toBe('truncate;dropped, keep_alive;dropped');
    expect(house.lastBody('openai')).toEqual({ model: 'text-embedding-3-small', input: ['one', 'two'] });
    const [row] = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 9, tokensOut: 0 });
  });

  test('200 of a server of this wire, with its own options', async () => {
    answerMachine(whole(JSON.stringify({ model: 'nomic-embed-text', embeddings: [[0.5, 1]], prompt_eval_count: 3 })));
    const said = await client.embed({ model: 'Llama/nomic-embed-text', input: 'one', truncate: false, options: { num_ctx: 512 } });
    expect(said).toMatchObject({ embeddings: [[0.5, 1]], prompt_eval_count: 3 });
    expect(machine.received.at(-1)).toMatchObject({
      path: '/api/embed',
      json: { model: 'nomic-embed-text', input: ['one'], truncate: false, options: { num_ctx: 512 } },
    });
    expect((await client.embeddings({ model: 'Llama/nomic-embed-text', prompt: 'one' })).embedding).toEqual([0.5, 1]);
  });
});

describe('what is told of models', () => {
  test('200 the list has what this key may name, and nothing else', async () => {
    const { models } = await client.list();
    expect(models.find(({ name }) => name === 'llama3.1')).toMatchObject({ model: 'llama3.1', details: { family: 'ollama' } });
    const { text } = await house.rig.issueKey({ models: ['llama*'] });
    expect((await clientOf(text).list()).models.every(({ name }) => name.startsWith('llama'))).toBe(true);
  });

  test('200 one model with its window and what it can do; 404 for one that this caller may not name', async () => {
    const shown = (await client.show({ model: 'gpt-4o' })) as unknown as { capabilities: string[]; model_info: Record<string, unknown> };
    expect(shown.capabilities).toEqual(['completion', 'tools', 'vision']);
    expect(shown.model_info).toEqual({ 'general.architecture': 'openai', 'openai.context_length': 128_000 });
    await expect(client.show({ model: 'nobodys-model' })).rejects.toMatchObject({ status_code: 404 });
  });

  test('200 nothing is loaded here, and the version is that of the wire', async () => {
    expect(await client.ps()).toEqual({ models: [] });
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('refusals and failures, in the words of this wire', () => {
  const refused = (asking: Promise<unknown>): Promise<{ status_code: number; error: string }> =>
    asking.then(
      () => Promise.reject(new Error('it was answered')),
      (error: unknown) => error as { status_code: number; error: string },
    );

  test('401 a key that nobody has, and a personal token', async () => {
    expect(await refused(clientOf('sk-pb-nobody').chat({ model: 'gpt-4o', messages }))).toMatchObject({ status_code: 401 });
    expect(await refused(clientOf('sk-pb-nobody').list())).toMatchObject({ status_code: 401 });
    expect(await refused(clientOf('pat-pb-nobody').list())).toMatchObject({ status_code: 401 });
  });

  test('404 a model that nobody serves', async () => {
    const answer = await refused(client.chat({ model: 'nobodys-model', messages }));
    expect(answer.status_code).toBe(404);
    expect(answer.error).toContain('model');
  });

  test('400 a limit that is no number, and a body that is no object', async () => {
    const answer = await post('/api/chat', { model: 'Chat/gpt-4o', messages, options: { num_predict: 'many' } });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: expect.any(String) as string, param: 'options.num_predict' });
    for (const path of ['/api/chat', '/api/generate', '/api/embed']) expect((await post(path, '[]')).status).toBe(400);
  });

  test('400 models are not pulled here; 404 and 405 for what is not there', async () => {
    expect(await refused(client.pull({ model: 'llama3.1' }))).toMatchObject({ status_code: 400 });
    expect((await post('/api/nothing', {})).status).toBe(404);
    expect((await post('/api/tags', {})).status).toBe(405);
    expect((await fetch(`${house.rig.url}/ollama/api/chat`)).headers.get('allow')).toBe('POST');
  });

  test('the control plane is not there, and this wire is not at its address', async () => {
    const headers = { authorization: `Bearer ${house.key}` };
    expect((await fetch(`${house.rig.url}/ollama/api/me`, { headers })).status).toBe(404);
    const answer = await fetch(`${house.rig.url}/api/tags`, { headers });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ success: false, error_code: 'ROUTE_NOT_FOUND' });
  });

  test('502 a provider that fails is said in one text', async () => {
    house.answer('openai', refusing(500));
    const answer = await refused(client.chat({ model: 'Chat/gpt-4o', messages }));
    expect(answer).toMatchObject({ status_code: 502, error: 'The provider failed.' });
  });

  test('a stream that breaks off ends with an error, and never says that it is done', async () => {
    house.answer('openai', (turn) => {
      turn.response.writeHead(200, { 'content-type': 'text/event-stream' });
      turn.response.write(streamEvents().slice(0, 3).join(''), () => turn.response.destroy());
    });
    const text = await (await post('/api/chat', { model: 'Chat/gpt-4o', messages })).text();
    const lines = linesOf(text);
    expect(lines.at(-1)).toMatchObject({ error: expect.any(String) as string, code: 'upstream_connection_lost' });
    expect(lines.filter((line) => line['done'] === true)).toEqual([]);
    await expect(client.chat({ model: 'Chat/gpt-4o', messages, stream: true }).then(gathered)).rejects.toThrow('closed the connection');
  });

  test('a line that waits is kept alive without a word that is no JSON', async () => {
    const { fake } = house.families.openai;
    const afterHeartbeat = async (answer: Answer): Promise<string> => {
      house.answer('openai', holding(answer));
      const asking = post('/api/chat', { model: 'Chat/gpt-4o', messages });
      await until(() => fake.received.length === 1, 'the provider is asked');
      clock.move(house.rig.deps.timeouts.heartbeatMs);
      // The head alone says that a heartbeat went out: nothing else has been said yet.
      const said = await asking;
      fake.release();
      return said.text();
    };
    const text = await afterHeartbeat(plain);
    expect(text).toMatch(/^ +\{/);
    expect(linesOf(text).at(-1)).toMatchObject({ done: true });
    const failure = await afterHeartbeat(refusing(400));
    expect(failure).toMatch(/^ +\{"error":/);
    expect(linesOf(failure)).toHaveLength(1);
  });

  test('a caller that hangs up stops its provider', async () => {
    house.answer('openai', holdingBetween(streamEvents().slice(0, 3), streamEvents().slice(3)));
    const stream = await client.chat({ model: 'Chat/gpt-4o', messages, stream: true });
    const line = await stream[Symbol.asyncIterator]().next();
    expect(line.done).toBe(false);
    stream.abort();
    await expect.poll(() => house.families.openai.fake.received.at(-1)?.abortedAtMs ?? null).not.toBeNull();
  });
});
