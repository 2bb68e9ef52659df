/** Providers with a wire of their own, from a stored connection through the gateway to the books: what leaves, what comes back, what is kept. */
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testSaved, testUnsaved } from '../../src/control/connection-test.ts';
import type { FieldWords } from '../../src/control/connection-input.ts';
import { installedModels, removeModel } from '../../src/control/local-models.ts';
import { jsonAnswer, playVendor, type Seen } from '../providers/call-kit.ts';
import { openRig, type Rig, type Said } from './rig.ts';

const accessKeyId = 'AKIDCANARY0123456789';
const secretAccessKey = 'CANARYwJalrXUtnFEMI/K7MDENG+bPxRfiCY';
const messages = [{ role: 'user', content: 'hi' }];
const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'baseUrl',
  secret: 'secret',
  accessKeyId: 'key',
  model: 'model',
  settings: 'configuration',
  needsModel: false,
};

let rig: Rig;
let key: string;

beforeAll(async () => {
  rig = await openRig();
  key = (await rig.issueKey()).text;
});
afterAll(() => rig.close());

const textOf = ({ text }: Said): unknown =>
  (JSON.parse(text) as { choices: { message: { content: unknown } }[] }).choices[0]?.message.content;
const bodyOf = ({ text }: Said): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
const piecesOf = ({ text }: Said): string =>
  text
    .split('\n\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => (JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '')
    .join('');
const signatureOf = (seen: Seen | undefined): string => String(seen?.headers['authorization']);

describe('a secret of two parts (C-21)', () => {
  const converse = {
    output: { message: { role: 'assistant', content: [{ text: 'Hello.' }] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 5, outputTokens: 2, cacheReadInputTokens: 3 },
  };

  test('is opened for the call, signs it, and travels in no part of it', async () => {
    const vendor = await playVendor(() => jsonAnswer(converse));
    const connection = await rig.connect({
      name: 'Two parts',
      providerId: 'bedrock',
      baseUrl: vendor.origin,
      model: 'amazon.nova-pro-v1:0',
      accessKeyId,
      secret: secretAccessKey,
      settings: { region: 'eu-west-3' },
    });
    const said = await rig.ask(key, { model: `${connection.id}/amazon.nova-pro-v1:0`, messages, max_tokens: 20, seed: 4 });
    expect([said.status, textOf(said)]).toEqual([200, 'Hello.']);
    expect(signatureOf(vendor.seen[0])).toMatch(
      new RegExp(
        `^AWS4-HMAC-SHA256 Credential=${accessKeyId}/\\d{8}/eu-west-3/bedrock/aws4_request, SignedHeaders=.*, Signature=[0-9a-f]{64}$`,
      ),
    );
    expect(JSON.stringify(vendor.seen)).not.toContain('CANARYwJalr');
    expect(vendor.seen[0]?.json).toEqual({ messages: [{ role: 'user', content: [{ text: 'hi' }] }], inferenceConfig: { maxTokens: 20 } });
    const row = (await rig.rows()).find((one) => one.connectionId === connection.id);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 8, tokensOut: 2, isEstimated: false, finishReason: 'stop' });
    expect(row?.changed).toContain('seed');
    expect(said.headers['x-patchbay-changed']).toContain('seed');
  });

  test('a stream of binary messages reaches the client as its own wire', async () => {
    const codec = new EventStreamCodec(toUtf8, fromUtf8);
    const event = (name: string, body: unknown): Uint8Array =>
      codec.encode({
        headers: { ':message-type': { type: 'string', value: 'event' }, ':event-type': { type: 'string', value: name } },
        body: fromUtf8(JSON.stringify(body)),
      });
    const bytes = Buffer.concat([
      event('messageStart', { role: 'assistant' }),
      event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Sela' } }),
      event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'mat.' } }),
      event('messageStop', { stopReason: 'end_turn' }),
      event('metadata', { usage: { inputTokens: 4, outputTokens: 2 } }),
    ]);
    const pieces = [bytes.subarray(0, 7), bytes.subarray(7, 150), bytes.subarray(150)];
    const vendor = await playVendor(() => ({ headers: { 'content-type': 'application/vnd.amazon.eventstream' }, pieces }));
    const connection = await rig.connect({ name: 'Binary', providerId: 'bedrock', baseUrl: vendor.origin, secret: 'ABSKbearer0123456789' });
    const said = await rig.ask(key, { model: `${connection.id}/m`, messages, stream: true });
    expect([said.status, piecesOf(said), said.text.endsWith('data: [DONE]\n\n')]).toEqual([200, 'Selamat.', true]);
    expect(signatureOf(vendor.seen[0])).toBe('Bearer ABSKbearer0123456789');
  });

  test('is tested with both parts, stored ones and typed ones in any mixture', async () => {
    const vendor = await playVendor(() => jsonAnswer(converse));
    const other = 'AKIDOTHER00123456789';
    const connection = await rig.connect({
      name: 'Tested',
      providerId: 'bedrock',
      baseUrl: vendor.origin,
      model: 'amazon.nova-pro-v1:0',
      accessKeyId,
      secret: secretAccessKey,
    });
    const saved = await testSaved(rig.deps, rig.caller, connection.id, { maxAgeS: null });
    expect(saved.test).toMatchObject({ isSuccess: true, modelsFound: null });
    expect(saved.test.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'reach ok',
      'tls skipped',
      'authenticate skipped',
      'models skipped',
      'completion ok',
    ]);
    expect(signatureOf(vendor.seen.at(-1))).toContain(`Credential=${accessKeyId}/`);
    await testUnsaved(rig.deps, rig.caller, connection.id, { accessKeyId: other }, words);
    expect(signatureOf(vendor.seen.at(-1))).toContain(`Credential=${other}/`);
    const typed = { providerId: 'bedrock', baseUrl: vendor.origin, model: 'm', accessKeyId: other, secret: 'anothersecret0123456789' };
    await testUnsaved(rig.deps, rig.caller, null, typed, words);
    expect(signatureOf(vendor.seen.at(-1))).toContain(`Credential=${other}/`);
    expect(vendor.seen.every(({ path }) => path.endsWith('/converse'))).toBe(true);
  });

  test('means nothing to a provider that has no such thing', async () => {
    const answer = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
    };
    const vendor = await playVendor(() => jsonAnswer(answer));
    const connection = await rig.connect({
      name: 'One part',
      baseUrl: `${vendor.origin}/v1`,
      accessKeyId,
      secret: 'sk-one-part-0123456789',
    });
    await rig.ask(key, { model: `${connection.id}/m`, messages });
    expect(signatureOf(vendor.seen[0])).toBe('Bearer sk-one-part-0123456789');
  });

  test('nothing of it is in the log', () => {
    expect(rig.logged.join('\n')).not.toContain('CANARY');
  });
});

describe('a key file', () => {
  const file = JSON.stringify(
    {
      type: 'service_account',
      client_email: 'a@b.iam.gserviceaccount.com',
      private_key: '-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n',
    },
    null,
    2,
  );

  test('of several lines is a secret like any other, and one that is useless is told as such', async () => {
    const vendor = await playVendor(() => jsonAnswer({}));
    const connection = await rig.connect({
      name: 'Key file',
      providerId: 'vertex',
      baseUrl: vendor.origin,
      model: 'gemini-3.5-flash',
      secret: file,
      settings: { project: 'house' },
    });
    expect(connection.hasSecret).toBe(true);
    const { test: tested } = await testSaved(rig.deps, rig.caller, connection.id, { maxAgeS: null });
    expect([tested.isSuccess, tested.fault, vendor.seen.length]).toEqual([false, 'auth', 0]);
    expect(rig.logged.join('\n')).not.toContain('BEGIN PRIVATE KEY');
  });

  test('with characters that no key has is refused', async () => {
    await expect(rig.connect({ name: 'Odd', providerId: 'vertex', secret: '{"a":"é"}' })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await expect(rig.connect({ name: 'Odd', providerId: 'vertex', secret: '{not json at all' })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  });
});

describe('a local server in its own wire', () => {
  const done = { model: 'llama3', done: true, done_reason: 'stop', prompt_eval_count: 6, eval_count: 2 };
  const line = (body: unknown): string => `${JSON.stringify(body)}\n`;

  test('answers a stream of lines, and the options of the connection are sent', async () => {
    const pieces = [
      line({ model: 'llama3', message: { role: 'assistant', content: 'Sela' }, done: false }),
      line({ ...done, message: { role: 'assistant', content: 'mat.' } }),
    ];
    const vendor = await playVendor(() => ({ headers: { 'content-type': 'application/x-ndjson' }, pieces }));
    const connection = await rig.connect({
      name: 'Lines',
      providerId: 'ollama',
      baseUrl: vendor.origin,
      secret: null,
      settings: { numCtx: 8192, keepAlive: '5m' },
    });
    const said = await rig.ask(key, { model: `${connection.id}/llama3`, messages, stream: true, stream_options: { include_usage: true } });
    expect(piecesOf({ ...said, text: said.text.replace(/data: \{[^\n]*"choices":\[\][^\n]*\n\n/, '') })).toBe('Selamat.');
    expect(said.text).toContain('"total_tokens":8');
    expect(vendor.seen[0]).toMatchObject({ path: '/api/chat', json: { keep_alive: '5m', options: { num_ctx: 8192 } } });
    const row = (await rig.rows()).find((one) => one.connectionId === connection.id);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 6, tokensOut: 2, isStream: true, cost: 0 });
  });

  test('what it is asked about its models is booked, and costs nothing, also where it fails', async () => {
    const vendor = await playVendor(({ path }) =>
      path === '/api/delete' ? jsonAnswer({ error: 'disk is gone' }, 500) : jsonAnswer({ models: [] }),
    );
    const connection = await rig.connect({ name: 'Machine', providerId: 'ollama', baseUrl: vendor.origin, secret: 'sk-proxy-0123456789' });
    expect(await installedModels(rig.deps, rig.caller, connection.id)).toEqual([]);
    await expect(removeModel(rig.deps, rig.caller, connection.id, 'llama3')).rejects.toMatchObject({ code: 'PROVIDER_ERROR' });
    expect(signatureOf(vendor.seen[0])).toBe('Bearer sk-proxy-0123456789');
    const rows = (await rig.rows()).filter((one) => one.connectionId === connection.id);
    expect(rows.map(({ state, reason, cost, tokensIn }) => [state, reason, cost, tokensIn])).toEqual([
      ['settled', null, 0, 0],
      ['settled', 'server_error', 0, 0],
    ]);
  });
});

describe('a model that answers by Responses alone', () => {
  test('is asked there by a client of the other wire, and comes back in it', async () => {
    const output = [
      { id: 'rs', type: 'reasoning', summary: [], encrypted_content: 'Z2VoZWlt' },
      {
        id: 'msg',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello.', annotations: [] }],
      },
    ];
    const usage = { input_tokens: 9, output_tokens: 5, output_tokens_details: { reasoning_tokens: 3 } };
    const vendor = await playVendor(() =>
      jsonAnswer({ id: 'resp_1', created_at: 5, model: 'gpt-5-pro', status: 'completed', output, usage }),
    );
    const connection = await rig.connect({ name: 'Pro', baseUrl: `${vendor.origin}/v1` });
    const said = await rig.ask(key, { model: `${connection.id}/gpt-5-pro`, messages });
    expect([textOf(said), bodyOf(said)['object'], vendor.seen[0]?.path]).toEqual(['Hello.', 'chat.completion', '/v1/responses']);
    const { choices } = bodyOf(said) as { choices: { message: Record<string, unknown> }[] };
    await rig.ask(key, {
      model: `${connection.id}/gpt-5-pro`,
      messages: [...messages, choices[0]!.message, { role: 'user', content: 'go on' }],
    });
    expect(vendor.seen[1]?.json['input']).toEqual([...messages, ...output, { role: 'user', content: 'go on' }]);
  });

  test('the same connection asks its other models in the plain wire', async () => {
    const answer = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
    };
    const vendor = await playVendor(() => jsonAnswer(answer));
    const connection = await rig.connect({ name: 'Both', baseUrl: `${vendor.origin}/v1` });
    await rig.ask(key, { model: `${connection.id}/gpt-4o`, messages });
    expect(vendor.seen[0]?.path).toBe('/v1/chat/completions');
  });
});
