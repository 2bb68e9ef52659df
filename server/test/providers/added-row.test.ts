/** A provider that nobody has heard of: from its row alone come its form, its address, its list, its call and its errors. */
import { expect, onTestFinished, test } from 'vitest';
import type { UpstreamFailure } from '../../src/domain/errors.ts';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { callProvider } from '../../src/providers/call.ts';
import type { AnswerFacts } from '../../src/providers/calling.ts';
import { catalog, rowAt } from '../../src/providers/catalog.ts';
import { catalogModels, replacementOf } from '../../src/providers/model-lists.ts';
import { normaliseBase } from '../../src/providers/normalise.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { hosted, type ProviderRow } from '../../src/providers/row.ts';
import { configurationFaults, schemaOf, settingsFaults } from '../../src/providers/schemas.ts';
import { newEgress } from '../egress/wire.ts';
import { requestOf, timeouts } from './call-kit.ts';
import { plain, refusing, startFakeProvider, words, type Answer, type FakeProvider } from '../support/fake-provider.ts';

/** All that somebody who adds a provider writes: every way in which a vendor may differ is a field. */
const newcomer: ProviderRow = hosted({
  id: 'newcomer',
  name: 'Newcomer AI',
  baseUrl: 'https://api.newcomer.example/v7',
  paths: { '': '/v7' },
  auth: { kind: 'header', header: 'x-newcomer-key' },
  rename: { max_completion_tokens: 'max_tokens' },
  drop: ['logit_bias'],
  limits: { temperature: { max: 1 } },
  developerRole: 'system',
  models: { default: 'newcomer-large', suggested: ['newcomer-large', 'newcomer-old'] },
  retired: { 'newcomer-old': 'newcomer-large' },
});

interface Heard {
  text: string;
  facts: AnswerFacts | null;
  failure: UpstreamFailure | null;
  fake: FakeProvider;
}

/** One call with the row, over the real way out, to an address that somebody typed. */
async function call(body: ChatRequest, answer: Answer): Promise<Heard> {
  const fake = await startFakeProvider();
  onTestFinished(() => fake.close());
  fake.answer(answer);
  const base = normaliseBase(newcomer, fake.origin);
  const heard: Heard = { text: '', facts: null, failure: null, fake };
  await new Promise<void>((resolve) => {
    const end = (facts: AnswerFacts): void => {
      heard.facts = facts;
      resolve();
    };
    callProvider(
      { egress: newEgress(), clock: systemClock },
      {
        to: { row: rowAt(newcomer, base.baseUrl), baseUrl: base.baseUrl, settings: {}, model: 'newcomer-large' },
        origin: base.origin,
        trust: 'administrator',
        secret: 'nk-0123456789',
        customHeaders: {},
        request: { ...requestOf(body), wantsUsage: false },
        timeouts,
        moment: { createdS: 1, id: 'chatcmpl-1' },
      },
      {
        onWhole(said, facts) {
          heard.text += said.toString();
          end(facts);
        },
        onPiece(piece) {
          heard.text += piece.toString();
          return true;
        },
        onStreamEnd: end,
        onFailure(failure, facts) {
          heard.failure = failure;
          end(facts);
        },
      },
    );
  });
  return heard;
}

test('it is not in the catalogue, so that nothing else in the house can know it', () => {
  expect(catalog.map((row) => row.id)).not.toContain(newcomer.id);
});

test('the form, its rules and its suggestions follow from the row', () => {
  const names = schemaOf(newcomer).fields.map((field) => field.name);
  expect(names).toEqual(expect.arrayContaining(['apiKey', 'model', 'temperature']));
  expect(
    configurationFaults(newcomer, {})
      .map((fault) => fault.path)
      .toSorted(),
  ).toEqual(['apiKey', 'model']);
  expect(configurationFaults(newcomer, { apiKey: 'nk-1', model: 'any-model' })).toEqual([]);
  expect(settingsFaults(newcomer, null, { nonsense: 1 }).map((fault) => fault.path)).toEqual(['nonsense']);
  expect(catalogModels(newcomer).map((model) => model.id)).toEqual(['newcomer-large', 'newcomer-old']);
  expect(replacementOf(newcomer, 'newcomer-old')).toBe('newcomer-large');
});

test('the address is completed and the list asked for as the row says', () => {
  expect(normaliseBase(newcomer, null).baseUrl).toBe('https://api.newcomer.example/v7');
  const { baseUrl } = normaliseBase(newcomer, 'https://eu.newcomer.example/');
  expect(baseUrl).toBe('https://eu.newcomer.example/v7');
  expect(protocolOf(newcomer).modelsPath({ row: newcomer, baseUrl, settings: {}, model: '' })).toBe('/v7/models');
});

test('a completion goes out with the key, the names and the limits of the row, and every change is told', async () => {
  const asked = {
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ],
    max_completion_tokens: 5,
    temperature: 1.7,
    logit_bias: { 1: 2 },
  };
  const { fake, text, facts } = await call(asked, plain);
  expect(fake.received).toHaveLength(1);
  expect(fake.received[0]!.path).toBe('/v7/chat/completions');
  expect([fake.received[0]!.headers['x-newcomer-key'], fake.received[0]!.headers['authorization']]).toEqual(['nk-0123456789', undefined]);
  const { json } = fake.received[0]!;
  expect(json).toMatchObject({ model: 'newcomer-large', max_tokens: 5, temperature: 1, messages: [{ role: 'system' }, { role: 'user' }] });
  expect(Object.keys(json)).not.toEqual(expect.arrayContaining(['logit_bias']));
  expect(facts!.changed.map(({ parameter }) => parameter)).toEqual(expect.arrayContaining(['logit_bias', 'temperature']));
  expect(JSON.parse(text)).toMatchObject({ choices: [{ message: { content: words.join('') } }] });
});

test('a stream comes through to its end', async () => {
  const { text, failure, facts } = await call({ messages: [], stream: true }, plain);
  expect(failure).toBeNull();
  for (const word of words) expect(text).toContain(JSON.stringify(word));
  expect(facts!.usage).toMatchObject({ tokensIn: 11, tokensOut: 7 });
});

test('its errors are understood', async () => {
  const { failure } = await call({ messages: [] }, refusing(401, { error: { message: 'who are you', code: 'invalid_api_key' } }));
  expect([failure?.fault, failure?.vendorStatus]).toEqual(['auth', 401]);
});
