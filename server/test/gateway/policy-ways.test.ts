/** Policies on every other way through the house: repositories, caches, chats, forms, broken and slow streams, several attempts, hostile texts. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRepository } from '../../src/control/repositories.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import { changePolicy, createPolicy, deletePolicy, type PolicyInput, type PolicyPlace } from '../../src/control/policies.ts';
import { listViolations, type ListedViolation } from '../../src/storage/violations.ts';
import {
  chunk,
  doneEvent,
  finishEvent,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  usageEvent,
  whole,
  wholeBody,
  type Answer,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { errorOf, message, openRig, post, readStream, type Rig, type Said } from './rig.ts';
import { turns, until } from '../support/wait.ts';

let rig: Rig;
let fake: FakeProvider;
let spare: FakeProvider;
let key = '';
let connectionId = '';
let spareId = '';
beforeAll(async () => {
  [rig, fake, spare] = await Promise.all([openRig(), startFakeProvider(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  connectionId = (await rig.connect({ name: 'Line', baseUrl: fake.baseUrl, model: 'shared', settings: { wire: 'chat' } })).id;
  spareId = (await rig.connect({ name: 'Spare', baseUrl: spare.baseUrl, model: 'shared', settings: { wire: 'chat' } })).id;
});
afterAll(async () => {
  await rig.close();
  await Promise.all([fake.close(), spare.close()]);
});
beforeEach(() => {
  for (const one of [fake, spare]) {
    one.answer(plain);
    one.received.length = 0;
  }
  for (const id of [connectionId, spareId]) rig.deps.health.forget(id);
});

const everywhere: PolicyPlace = { workspaceId: null, repositoryId: null };
let made: string[] = [];
async function policy(input: PolicyInput, place = everywhere): Promise<string> {
  const { id } = await createPolicy(rig.deps, rig.caller, place, { name: 'House rule', ...input });
  made.push(id);
  return id;
}
afterEach(async () => {
  for (const id of made) await deletePolicy(rig.deps, rig.caller, id).catch(() => undefined);
  made = [];
});

async function found(policyId: string): Promise<ListedViolation[]> {
  await rig.deps.found.flush();
  return (await listViolations(rig.deps.database, { visibility: 'all', policyId, skip: 0, take: 50 })).rows;
}
const ask = (more: object = {}, headers: Record<string, string> = {}, by = key): Promise<Said> =>
  rig.ask(by, { model: 'Line/shared', messages: message('hi'), ...more }, headers);
const contentOf = ({ text }: Said): string =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
const say = (...texts: string[]): string[] => [
  roleEvent,
  ...texts.map((content) => sse(chunk({ content }))),
  finishEvent,
  usageEvent,
  doneEvent,
];
const sent = (): string => fake.received.map(({ text }) => text).join('\n');

describe('repositories', () => {
  test('a policy of a repository binds the keys of that repository, and the workspace above it still counts', async () => {
    const { id: workspaceId } = await createWorkspace(rig.deps, rig.caller, 'With repository');
    const words = { connectionAt: (at: number) => `connectionIds.${at}` };
    const input = { name: 'Files', workspaceId, connectionIds: [connectionId] };
    const { id: repositoryId } = await createRepository(rig.deps, rig.caller, input, words);
    const bound = (await rig.issueKey({ repositoryId } as object, workspaceId)).text;
    const beside = (await rig.issueKey({}, workspaceId)).text;
    const id = await policy({ action: 'block', rules: { keywords: ['kestrel'] } }, { workspaceId, repositoryId });
    await policy({ action: 'block', rules: { keywords: ['osprey'] } }, { workspaceId, repositoryId: null });
    const status = async (by: string, word: string): Promise<number> =>
      (await rig.ask(by, { model: 'shared', messages: message(word) })).status;
    expect([await status(bound, 'kestrel'), await status(bound, 'osprey'), await status(bound, 'wren')]).toEqual([403, 403, 200]);
    expect([await status(beside, 'kestrel'), await status(beside, 'osprey')]).toEqual([200, 403]);
    expect(await found(id)).toMatchObject([{ repositoryId, repositoryName: 'Files', workspaceId }]);
  });
});

describe('several attempts', () => {
  test('a block ends the request: no other provider is asked for what one policy forbids', async () => {
    await policy({ action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    for (const one of [fake, spare]) one.answer(whole(wholeBody('A kestrel.')));
    const said = await rig.ask(key, { model: 'shared', messages: message('hi') });
    expect(errorOf(said).code).toBe('policy_violation');
    expect(fake.received.length + spare.received.length).toBe(1);
  });

  test('what a failed attempt had begun to say is judged by itself, and only the answer that was given counts', async () => {
    const id = await policy({ action: 'log', side: 'answer', rules: { keywords: ['kestrel', 'osprey'] } });
    const broken: Answer = async (turn) => {
      turn.response.writeHead(200, { 'content-type': 'text/event-stream' });
      // Half a sentence, which is held: the caller has seen nothing yet, so somebody else may be asked.
      turn.response.write(sse(chunk({ content: 'The kestrel ' })));
      await turns();
      turn.response.destroy();
    };
    // Whoever is asked first breaks off, and whoever is asked then answers.
    let asked = 0;
    for (const one of [fake, spare]) one.answer((turn) => (asked++ === 0 ? broken(turn) : streaming(say('The osprey flies. '))(turn)));
    const said = await rig.ask(key, { model: 'shared', messages: message('hi'), stream: true });
    expect(readStream(said.text).content).toBe('The osprey flies. ');
    expect(await found(id)).toMatchObject([{ facts: [{ name: 'osprey', count: 1 }] }]);
  });

  test('targets whose model a policy does not allow are passed over as long as there are others', async () => {
    const other = await rig.connect({ name: 'Allowed', baseUrl: spare.baseUrl, model: 'allowed-model' });
    await policy({ action: 'block', rules: { models: ['allowed-*'] } });
    expect((await rig.ask(key, { model: `${other.id}/allowed-model`, messages: message('hi') })).status).toBe(200);
    const refused = await ask();
    expect([refused.status, errorOf(refused).code]).toEqual([403, 'policy_violation']);
    expect(fake.received).toHaveLength(0);
  });

  test('a policy that only writes down a model lets it answer', async () => {
    const id = await policy({ action: 'alert', rules: { models: ['allowed-*'] } });
    expect((await ask()).status).toBe(200);
    expect(await found(id)).toMatchObject([{ action: 'alert', isBlocked: false, facts: [{ rule: 'model', name: 'shared' }] }]);
  });

  test('a provider that refuses is told as before, whatever policies say', async () => {
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    fake.answer(refusing(400, { error: { message: 'bad', type: 'invalid_request_error', code: null } }));
    expect((await ask()).status).toBe(400);
  });
});

describe('the answer cache', () => {
  const cached = { 'x-patchbay-cache': '60' };

  test('an answer that was kept before a policy is not given again under it', async () => {
    fake.answer(whole(wholeBody('A kestrel.')));
    const body = { messages: message('cached?') };
    expect(contentOf(await ask(body, cached))).toBe('A kestrel.');
    expect((await ask(body, cached)).headers['x-patchbay-cache']).toBe('hit');
    const id = await policy({ action: 'redact', rules: { keywords: ['kestrel'] } });
    const first = await ask(body, cached);
    expect([first.headers['x-patchbay-cache'], contentOf(first)]).toEqual(['miss', 'A [REDACTED].']);
    const again = await ask(body, cached);
    expect([again.headers['x-patchbay-cache'], contentOf(again)]).toEqual(['hit', 'A [REDACTED].']);
    await changePolicy(rig.deps, rig.caller, id, { rules: { keywords: ['wren'] } });
    expect(contentOf(await ask(body, cached))).toBe('A kestrel.');
  });

  test('a blocked prompt is blocked, also where its answer is kept', async () => {
    const body = { messages: message('a kept kestrel') };
    expect((await ask(body, cached)).status).toBe(200);
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    expect((await ask(body, cached)).status).toBe(403);
  });
});

describe('streams that do not end well', () => {
  test('a stream that breaks after a sentence ends with its error, and what was not judged is not shown', async () => {
    await policy({ action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    const first = 'A first sentence. And another one, which is a good deal longer than the first one was. ';
    fake.answer(async ({ response, held }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(roleEvent + sse(chunk({ content: first })) + sse(chunk({ content: 'Then the kes' })));
      await held();
      response.destroy();
    });
    const asking = rig.listen(key, { model: 'Line/shared', messages: message('hi'), stream: true });
    await asking.heard('A first sentence.');
    fake.release();
    const read = readStream((await asking.said).text);
    expect(read.isDone).toBe(false);
    expect(read.error).not.toBeNull();
    expect(read.content).not.toContain('kes');
  });

  test('a caller who hangs up while an answer is held ends it, and the books say who went', async () => {
    await policy({ action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    fake.answer(streaming(say(...Array.from({ length: 200 }, () => 'word ')), 10));
    const body = JSON.stringify({ model: 'Line/shared', messages: message('hi'), stream: true });
    const stop = new AbortController();
    const asked = fetch(`${rig.url}/v1/chat/completions`, {
      method: 'POST',
      body,
      signal: stop.signal,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    await until(() => fake.received.length > 0, 'the provider is asked');
    stop.abort();
    await expect(asked.then((answer) => answer.text())).rejects.toThrow(/abort/i);
    await until(() => fake.received[0]!.abortedAtMs !== null, 'the provider is stopped');
    await expect.poll(async () => (await rig.rows()).at(-1)?.reason).toBe('client_closed');
  });

  test('an answer without any end of a sentence comes through while it is written', async () => {
    await policy({ action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    const words = Array.from({ length: 400 }, (_, at) => `word${at} `);
    fake.answer(streaming(say(...words)));
    expect(readStream((await ask({ stream: true })).text).content).toBe(words.join(''));
  });

  test('a very large event is judged like a small one', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email'] } });
    const long = `${'Nothing happens here. '.repeat(8_000)}ann@example.com. `;
    fake.answer(streaming(say(long)));
    const { content } = readStream((await ask({ stream: true })).text);
    expect(content.endsWith('Nothing happens here. [EMAIL]. ')).toBe(true);
    expect(content).toHaveLength(long.length - 'ann@example.com'.length + '[EMAIL]'.length);
  });
});

describe('what is asked otherwise than by conversation', () => {
  const form = (fields: Record<string, string | Blob>): FormData => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    return data;
  };
  const upload = (path: string, body: FormData): Promise<Response> =>
    fetch(`${rig.url}${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${key}` } });
  const sound = new Blob([new Uint8Array(900)], { type: 'audio/wav' });

  test('texts of a form are judged, and its files are attachments', async () => {
    await policy({ action: 'block', rules: { keywords: ['kestrel'], attachmentBytesMax: 1_000 } });
    const spoken = (prompt: string, file = sound): FormData => form({ model: 'Line/shared', prompt, file });
    expect((await upload('/v1/audio/transcriptions', spoken('a kestrel'))).status).toBe(403);
    const large = new Blob([new Uint8Array(2_000)], { type: 'audio/wav' });
    expect((await upload('/v1/audio/transcriptions', spoken('a wren', large))).status).toBe(403);
    expect(fake.received).toHaveLength(0);
  });

  test('a form that cannot be covered is refused instead of sent', async () => {
    const id = await policy({ action: 'redact', rules: { personalData: ['email'] } });
    const answer = await upload('/v1/audio/transcriptions', form({ model: 'Line/shared', prompt: 'ann@example.com', file: sound }));
    expect(answer.status).toBe(403);
    expect(await found(id)).toMatchObject([{ isBlocked: true }]);
  });

  test('embeddings are covered input by input', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email'] } });
    fake.answer(
      whole(
        JSON.stringify({
          object: 'list',
          data: [0, 1].map((index) => ({ object: 'embedding', index, embedding: [0.1] })),
          model: 'shared',
          usage: { prompt_tokens: 2, total_tokens: 2 },
        }),
      ),
    );
    const body = JSON.stringify({ model: 'Line/shared', input: ['ann@example.com', 'clean'] });
    const said = await post(`${rig.url}/v1/embeddings`, body, { authorization: `Bearer ${key}` });
    expect(said.status).toBe(200);
    expect(JSON.parse(sent())).toMatchObject({ input: ['[EMAIL]', 'clean'] });
  });
});

describe('hostile texts', () => {
  test.each([
    ['(a+)+$', `${'a'.repeat(200_000)}!`],
    ['(a|aa)+$', `${'a'.repeat(200_000)}!`],
    ['([a-zA-Z]+)*\\d$', `${'ab'.repeat(100_000)}!`],
  ])('the pattern %s holds nobody up', async (pattern, content) => {
    await policy({ action: 'block', rules: { patterns: [pattern] } });
    const startedMs = performance.now();
    const [slow, quick] = await Promise.all([ask({ messages: message(content) }), rig.ask(key, '{"model":"Line/shared"}')]);
    expect([slow.status, quick.status < 500]).toEqual([200, true]);
    // Whoever tried every way through such a text would not be back within this test's life.
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });

  test('escapes, long runs of blanks and broken characters are read as what they mean', async () => {
    await policy({ action: 'block', rules: { keywords: ['project kestrel'], personalData: ['email'] } });
    const status = async (content: string): Promise<number> =>
      (await rig.ask(key, `{"model":"Line/shared","messages":[{"role":"user","content":"${content}"}]}`)).status;
    expect(await status('project\\u0020kestrel')).toBe(403);
    expect(await status('\\u0061nn\\u0040example.com')).toBe(403);
    expect(await status(`project${' '.repeat(4)}kestrel`)).toBe(403);
    expect(await status('\\ud800 harmless')).toBe(200);
    expect(await status(`${' '.repeat(100_000)}harmless`)).toBe(200);
  });

  test('a body that is no JSON is refused as such', async () => {
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    const said = await rig.ask(key, `{"model":"Line/shared","messages":[${'"x",'.repeat(4_000)}}`);
    expect([said.status, errorOf(said).code]).toEqual([400, 'invalid_json']);
  });

  test('a text that is longer than can be read is not let through by a policy that guards, and told by one that watches', async () => {
    const watching = await policy({ action: 'log', rules: { keywords: ['kestrel'] } });
    const long = JSON.stringify({ model: 'Line/shared', messages: message('word '.repeat(900_000)) });
    expect((await rig.ask(key, long)).status).toBe(200);
    expect(await found(watching)).toMatchObject([{ facts: [{ rule: 'unreadable', name: 'too_long' }] }]);
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    expect((await rig.ask(key, long)).status).toBe(403);
  });
});
