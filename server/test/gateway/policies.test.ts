/** Policies on the way of a completion: what is refused, covered and let through, on every wire, and what the books and lists say of it. */
import { describe, expect, test } from 'vitest';
import { deletePolicy } from '../../src/control/policies.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import { chunk, doneEvent, finishEvent, roleEvent, sse, streaming, usageEvent, whole, wholeBody } from '../support/fake-provider.ts';
import { connectionId, fake, found, key, policy, policyScene, rig } from './policy-kit.ts';
import { errorOf, message, post, readStream, type Said } from './rig.ts';

policyScene();

const sent = (): string => fake.received.map(({ text }) => text).join('\n');
const contentOf = ({ text }: Said): string =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
const at = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Said> =>
  post(`${rig.url}${path}`, JSON.stringify(body), { authorization: `Bearer ${key}`, ...headers });

describe('prompts', () => {
  test('a blocked prompt never leaves, and the refusal names the policy and nothing of the text', async () => {
    const id = await policy({ action: 'block', rules: { keywords: ['project kestrel'] } });
    const said = await rig.ask(key, { model: 'gpt-4o', messages: message('What about Project Kestrel?') });
    expect([said.status, errorOf(said).code]).toEqual([403, 'policy_violation']);
    expect(errorOf(said).message).toContain('House rule');
    expect(said.text).not.toMatch(/kestrel/i);
    expect(fake.received).toHaveLength(0);
    const requestId = String(said.headers['x-request-id']);
    expect(await rig.rowsOf(requestId)).toMatchObject([{ state: 'refused', reason: 'policy_violation', status: 403 }]);
    expect(await found(id)).toMatchObject([
      {
        requestId,
        isBlocked: true,
        stage: 'prompt',
        severity: 'HIGH',
        action: 'block',
        connectionId,
        model: 'gpt-4o',
        facts: [{ rule: 'keyword', name: 'project kestrel', count: 1 }],
      },
    ]);
  });

  test.each(['log', 'alert'] as const)('%s lets the prompt through as it came and writes down what was found', async (action) => {
    const id = await policy({ action, rules: { personalData: ['email'] } });
    const said = await rig.ask(key, { model: 'gpt-4o', messages: message('Write to ann@example.com') });
    expect(said.status).toBe(200);
    expect(sent()).toContain('ann@example.com');
    const [row] = await found(id);
    expect(row).toMatchObject({
      action,
      isBlocked: false,
      connectionId,
      provider: 'openai',
      facts: [{ rule: 'personal', name: 'email', excerpt: 'an***om' }],
    });
    expect(JSON.stringify(row)).not.toContain('ann@example.com');
  });

  test('a covering policy sends masks in the place of what it finds, also within arguments of calls', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email', 'nik'] } });
    const call = { id: 'c1', type: 'function', function: { name: 'find', arguments: '{"nik":"3174051209900001","n":3}' } };
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'Mail ann@example.com' }] },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'found ann@example.com' },
    ];
    const said = await rig.ask(key, { model: 'gpt-4o', messages, seed: 9_007_199_254_740_993n.toString() });
    expect(said.status).toBe(200);
    expect(sent()).not.toMatch(/ann@example|3174051209900001/);
    const body = JSON.parse(sent()) as { messages: { content: unknown; tool_calls?: { function: { arguments: string } }[] }[] };
    expect(body.messages[0]!.content).toEqual([{ type: 'text', text: 'Mail [EMAIL]' }]);
    expect(JSON.parse(body.messages[1]!.tool_calls![0]!.function.arguments)).toEqual({ nik: '[NIK]', n: 3 });
    expect(body.messages[2]!.content).toBe('found [EMAIL]');
  });

  test('what was judged is what is sent: a second member of the same name does not slip by', async () => {
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    const body = '{"model":"gpt-4o","messages":[{"role":"user","content":"kestrel","content":"harmless"}]}';
    expect((await rig.ask(key, body)).status).toBe(200);
    expect(sent()).not.toContain('kestrel');
  });

  test('numbers of the top level keep their digits', async () => {
    await policy({ action: 'log', rules: { keywords: ['kestrel'] } });
    await rig.ask(key, '{"model":"gpt-4o","seed":12345678901234567890,"messages":[{"role":"user","content":"hi"}]}');
    expect(sent()).toContain('12345678901234567890');
  });

  test.each([
    [
      '/v1/messages',
      { model: 'gpt-4o', max_tokens: 9, system: 'kestrel', messages: [{ role: 'user', content: 'hi' }] },
      { 'anthropic-version': '2023-06-01' },
    ],
    ['/v1/responses', { model: 'gpt-4o', input: [{ role: 'user', content: [{ type: 'input_text', text: 'a kestrel' }] }] }, {}],
    ['/v1/responses', { model: 'gpt-4o', input: 'a kestrel' }, {}],
    ['/v1/completions', { model: 'gpt-4o', prompt: 'a kestrel' }, {}],
    ['/v1/embeddings', { model: 'gpt-4o', input: ['one', 'a kestrel'] }, {}],
    ['/v1/embeddings', { model: 'gpt-4o', input: [[1, 2, 3]] }, {}],
  ])('%s is judged too, and says no in its own words', async (path, body, headers) => {
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    const said = await at(path, body, headers);
    expect(said.status).toBe(403);
    expect(said.text).toContain('House rule');
    expect(fake.received).toHaveLength(0);
  });

  test('/v1/messages is covered in its own wire before it is translated', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email'] } });
    const said = await at('/v1/messages', { model: 'gpt-4o', max_tokens: 9, messages: [{ role: 'user', content: 'ann@example.com' }] });
    expect(said.status).toBe(200);
    expect(sent()).toContain('[EMAIL]');
    expect(sent()).not.toContain('ann@example.com');
  });
});

describe('rules beside the texts', () => {
  const ask = (more: object): Promise<Said> => rig.ask(key, { model: 'gpt-4o', messages: message('hello'), ...more });
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(400)}` } };

  test.each([
    ['models that are not on the list', { models: ['gpt-5*'] }, {}],
    ['a longer answer than allowed', { outputTokensMax: 10 }, { max_tokens: 11 }],
    ['a longer prompt than allowed', { promptTokensMax: 1 }, {}],
    ['more attachments than allowed', { attachmentsMax: 0 }, { messages: [{ role: 'user', content: [image] }] }],
    ['larger attachments than allowed', { attachmentBytesMax: 100 }, { messages: [{ role: 'user', content: [image] }] }],
    ['other attachments than allowed', { attachmentKinds: ['file' as const] }, { messages: [{ role: 'user', content: [image] }] }],
    [
      'tools that are not on the list',
      { tools: ['search*'] },
      { tools: [{ type: 'function', function: { name: 'delete_all', parameters: {} } }] },
    ],
    [
      'tools without a closed schema',
      { isToolSchemaRequired: true },
      { tools: [{ type: 'function', function: { name: 'x', parameters: { type: 'object' } } }] },
    ],
    ['more tools than allowed', { toolsMax: 0 }, { tools: [{ type: 'function', function: { name: 'x' } }] }],
  ])('%s are refused', async (_name, rules, more) => {
    await policy({ action: 'block', rules });
    const said = await ask(more);
    expect([said.status, errorOf(said).code]).toEqual([403, 'policy_violation']);
    expect(fake.received).toHaveLength(0);
  });

  test('where nothing is said of its length, an answer is bounded by what the policy allows', async () => {
    await policy({ action: 'block', rules: { outputTokensMax: 77 } });
    expect((await ask({})).status).toBe(200);
    expect(JSON.parse(sent())).toMatchObject({ max_completion_tokens: 77 });
  });

  test('what keeps to all of them goes its way', async () => {
    await policy({
      action: 'block',
      rules: { models: ['gpt-4*'], outputTokensMax: 100, attachmentsMax: 1, tools: ['search*'], toolsMax: 1 },
    });
    const closed = { type: 'object', properties: {}, additionalProperties: false };
    expect(
      (await ask({ max_tokens: 100, tools: [{ type: 'function', function: { name: 'search_web', parameters: closed } }] })).status,
    ).toBe(200);
  });
});

describe('whole answers', () => {
  test('a blocked answer is not shown, and its attempt is booked with what it used', async () => {
    const id = await policy({ action: 'block', rules: { keywords: ['kestrel'] }, side: 'answer' });
    fake.answer(whole(wholeBody('The kestrel flies.')));
    const said = await rig.ask(key, { model: 'gpt-4o', messages: message('kestrel?') });
    expect([said.status, errorOf(said).code]).toEqual([403, 'policy_violation']);
    expect(said.text).not.toContain('flies');
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ reason: 'policy_blocked', status: 403, isLast: true, isEstimated: false });
    expect(row!.tokensOut).toBeGreaterThan(0);
    expect(await found(id)).toMatchObject([{ stage: 'answer', isBlocked: true, connectionId }]);
    expect(fake.received).toHaveLength(1);
  });

  test('a covered answer is covered, and a clean one keeps its bytes', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email'] } });
    fake.answer(whole(wholeBody('Ask ann@example.com.')));
    expect(contentOf(await rig.ask(key, { model: 'gpt-4o', messages: message('hi') }))).toBe('Ask [EMAIL].');
    fake.answer(whole(wholeBody('Ask nobody.')));
    expect(contentOf(await rig.ask(key, { model: 'gpt-4o', messages: message('hi') }))).toBe('Ask nobody.');
  });

  test('an answer that calls a tool off the list is blocked', async () => {
    await policy({ action: 'block', side: 'answer', rules: { tools: ['search*'] } });
    fake.answer(
      streaming([
        roleEvent,
        sse(chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'delete_all', arguments: '' } }] })),
        finishEvent,
        doneEvent,
      ]),
    );
    const said = await rig.ask(key, { model: 'gpt-4o', messages: message('hi'), stream: true });
    expect(said.text).not.toContain('delete_all');
  });
});

describe('streamed answers', () => {
  const stream = { model: 'gpt-4o', messages: message('hi'), stream: true };
  const say = (...texts: string[]): string[] => [
    roleEvent,
    ...texts.map((content) => sse(chunk({ content }))),
    finishEvent,
    usageEvent,
    doneEvent,
  ];

  test('a blocked stream shows no blocked byte, ends with the error of the wire, and is booked', async () => {
    const id = await policy({ action: 'block', side: 'answer', rules: { keywords: ['secret kestrel'] } });
    const first = 'A harmless sentence comes first, so that something may be shown. '.repeat(3);
    fake.answer(streaming(say(first, 'Then the sec', 'ret kes', 'trel is named. ', 'And so on. '.repeat(30)), 20));
    const said = await rig.ask(key, stream);
    const read = readStream(said.text);
    expect(read.isDone).toBe(false);
    expect(read.error?.code).toBe('policy_violation');
    expect(read.content).not.toMatch(/sec|kes/);
    expect(first.startsWith(read.content)).toBe(true);
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ state: 'partial', reason: 'policy_blocked', status: 403, isLast: true });
    expect(row!.tokensOut).toBeGreaterThan(0);
    expect(await found(id)).toMatchObject([{ stage: 'answer', isBlocked: true }]);
  });

  test('a stream that is blocked in its first sentence is a plain refusal', async () => {
    await policy({ action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    fake.answer(streaming(say('The kestrel.')));
    const said = await rig.ask(key, stream);
    expect([said.status, errorOf(said).code]).toEqual([403, 'policy_violation']);
  });

  test('a blocked answer does not count against the health of its connection', async () => {
    await policy({ action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    fake.answer(streaming(say('The kestrel.')));
    for (let time = 0; time < 6; time++) await rig.ask(key, stream);
    expect(rig.deps.health.rank(connectionId)).toBe(0);
  });

  test('a covered stream is covered in its words, and everything else stays', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email'] } });
    fake.answer(streaming(say('Ask ann', '@exam', 'ple.com or ', 'bob@example.net. Good', ' bye.')));
    const read = readStream((await rig.ask(key, { ...stream, stream_options: { include_usage: true } })).text);
    expect(read.content).toBe('Ask [EMAIL] or [EMAIL]. Good bye.');
    expect([read.isDone, read.finishReason]).toEqual([true, 'stop']);
    expect(read.usage).not.toBeNull();
  });

  test('reasoning and arguments of calls are judged as well', async () => {
    await policy({ action: 'redact', rules: { personalData: ['email'] } });
    const call = (text: string): string => sse(chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] }));
    fake.answer(
      streaming([
        roleEvent,
        sse(chunk({ reasoning_content: 'They are ann@exa' })),
        sse(chunk({ reasoning_content: 'mple.com.' })),
        call('{"to":"ann'),
        call('\\u0040example.com"}'),
        finishEvent,
        doneEvent,
      ]),
    );
    const { text } = await rig.ask(key, stream);
    expect(text).not.toMatch(/ann(?!otations)/);
    expect(text).toContain('They are [EMAIL]');
    const args = readStream(text)
      .events.filter((event) => event.startsWith('{'))
      .map(
        (event) =>
          (JSON.parse(event) as { choices: { delta: { tool_calls?: { function: { arguments: string } }[] } }[] }).choices[0]?.delta
            .tool_calls?.[0]?.function.arguments ?? '',
      )
      .join('');
    expect(JSON.parse(args)).toEqual({ to: '[EMAIL]' });
  });

  test.each([
    ['/v1/messages', { model: 'gpt-4o', max_tokens: 99, messages: [{ role: 'user', content: 'hi' }], stream: true }],
    ['/v1/responses', { model: 'gpt-4o', input: 'hi', stream: true }],
    ['/v1/completions', { model: 'gpt-4o', prompt: 'hi', stream: true }],
  ])('%s: nothing blocked is shown, and covers hold in every event that repeats the text', async (path, body) => {
    fake.answer(streaming(say('Ask ann', '@example.com. ', 'That is all. ')));
    const covering = await policy({ action: 'redact', rules: { personalData: ['email'] } });
    const said = await at(path, body);
    expect(said.text).toContain('[EMAIL]');
    expect(said.text).not.toMatch(/ann(?!otations)/);
    await deletePolicy(rig.deps, rig.caller, covering);
    await policy({ action: 'block', rules: { personalData: ['email'] } });
    const blocked = await at(path, body);
    expect(blocked.text).toContain('policy');
    expect(blocked.text).not.toMatch(/ann(?!otations)|example\.com/);
  });

  test('a kept response holds what its caller was shown', async () => {
    await policy({ action: 'redact', side: 'answer', rules: { personalData: ['email'] } });
    fake.answer(streaming(say('Ask ann@example.com. Good bye.')));
    const said = await at('/v1/responses', { model: 'gpt-4o', input: 'hi', stream: true });
    const id = /"id":"(resp_[^"]+|[0-9a-f]{32})"/.exec(said.text)?.[1];
    const kept = await fetch(`${rig.url}/v1/responses/${id}`, { headers: { authorization: `Bearer ${key}` } });
    const text = await kept.text();
    expect([kept.status, text.includes('[EMAIL]'), text.includes('ann@')]).toEqual([200, true, false]);
  });
});

describe('who is bound', () => {
  test('a policy of a workspace binds its keys and nobody else; a lower level adds and takes nothing away', async () => {
    const { id: workspaceId } = await createWorkspace(rig.deps, rig.caller, 'Bound');
    const inside = (await rig.issueKey({}, workspaceId)).text;
    await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    await policy({ action: 'block', rules: { keywords: ['osprey'] } }, { workspaceId, repositoryId: null });
    await policy({ action: 'log', rules: { keywords: ['kestrel'] } }, { workspaceId, repositoryId: null });
    const status = async (by: string, text: string) => (await rig.ask(by, { model: 'gpt-4o', messages: message(text) })).status;
    expect([
      await status(key, 'kestrel'),
      await status(key, 'osprey'),
      await status(inside, 'kestrel'),
      await status(inside, 'osprey'),
      await status(inside, 'wren'),
    ]).toEqual([403, 200, 403, 403, 200]);
  });

  test('a policy that is switched off or deleted binds nobody, from the next request on', async () => {
    const id = await policy({ action: 'block', rules: { keywords: ['kestrel'] } });
    const status = async () => (await rig.ask(key, { model: 'gpt-4o', messages: message('kestrel') })).status;
    expect(await status()).toBe(403);
    await deletePolicy(rig.deps, rig.caller, id);
    expect(await status()).toBe(200);
    expect(rig.deps.keeper.snapshot.policies.isUsed).toBe(false);
  });
});
