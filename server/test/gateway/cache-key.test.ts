/** What parts kept answers: where limits end them, the region of a group, and what the installation says where nobody else does. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { changeAiSettings } from '../../src/control/ai-settings.ts';
import { plain, startFakeProvider, whole, wholeBody, type Answer, type FakeProvider } from '../support/fake-provider.ts';
import { groupOf, limitFor } from './together-kit.ts';
import { message, openRig, type Rig, type Said } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
let connectionId = '';
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  connectionId = (await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, settings: { wire: 'chat' } })).id;
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.answer(plain);
  fake.received.length = 0;
  rig.deps.health.forget(connectionId);
});

let question = 0;
/** A question that nobody asked before, and that says nothing of the length of its answer. */
const open = (extra: Record<string, unknown> = {}) => ({ model: 'gpt-4o', messages: message(`Question ${++question}`), ...extra });
const minute = { 'x-patchbay-cache': '60' };
const wordOf = ({ headers }: Said): unknown => headers['x-patchbay-cache'];
const contentOf = ({ text }: Said): string =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;

/** A number that a request holds, `any` where it holds none. */
const wordFor = (value: unknown): string => (typeof value === 'number' ? String(value) : 'any');

describe('an answer that a limit ended', () => {
  /** As long as it may be: what is said tells how much that was. */
  const byLength: Answer = (turn) => whole(wholeBody(`At most ${wordFor(turn.call.json['max_completion_tokens'])}.`))(turn);

  test('is not given to a key that has none: a limit of tokens', async () => {
    fake.answer(byLength);
    const narrow = (await rig.issueKey({ tpm: 60 })).text;
    const wide = (await rig.issueKey()).text;
    const body = open();
    const cut = await rig.ask(narrow, body, minute);
    expect([cut.status, wordOf(cut), cut.headers['x-patchbay-changed']], cut.text).toEqual([
      200,
      'miss',
      expect.stringMatching(/^max_completion_tokens;added;\d\d$/),
    ]);
    const said = await rig.ask(wide, body, minute);
    expect([wordOf(said), contentOf(said), said.headers['x-patchbay-changed']]).toEqual(['miss', 'At most any.', undefined]);
    expect(contentOf(await rig.ask(wide, body, minute))).toBe('At most any.');
  });

  test('is given again under the same limits, and whoever has others is answered anew', async () => {
    fake.answer(byLength);
    const body = open();
    const twins = [(await rig.issueKey({ budgetUsd: '1' })).text, (await rig.issueKey({ budgetUsd: '2' })).text];
    const first = await rig.ask(twins[0]!, body, minute);
    expect([wordOf(first), contentOf(first)]).toEqual(['miss', 'At most 16384.']);
    const again = await rig.ask(twins[1]!, body, minute);
    expect([wordOf(again), contentOf(again)]).toEqual(['hit', 'At most 16384.']);
    expect(contentOf(await rig.ask((await rig.issueKey()).text, body, minute))).toBe('At most any.');
  });

  test('a limit of the connection parts the answers from before it from those under it', async () => {
    fake.answer(byLength);
    const key = (await rig.issueKey()).text;
    const body = open();
    expect(contentOf(await rig.ask(key, body, minute))).toBe('At most any.');
    await limitFor(rig, { kind: 'connection', id: connectionId }, { kind: 'tokens', value: 1_000 });
    const said = await rig.ask(key, body, minute);
    expect([wordOf(said), contentOf(said)]).toEqual(['miss', expect.stringMatching(/^At most 9\d\d\.$/)]);
  });

  test('one who may fall back on a limited connection is not given what a limit of somebody else ended at the first', async () => {
    fake.answer(byLength);
    const spare = await startFakeProvider();
    onTestFinished(() => spare.close());
    spare.answer(byLength);
    const { id: spareId } = await rig.connect({ name: 'Spare', baseUrl: spare.baseUrl, settings: { wire: 'chat' } });
    const targets = [connectionId, spareId].map((id) => ({ connectionId: id, weight: 1, isEnabled: true }));
    await groupOf(rig, 'with a spare', [], { strategy: 'ordered', targets });
    await limitFor(rig, { kind: 'connection', id: spareId }, { kind: 'tokens', value: 1_000 });
    const body = open({ model: 'with a spare' });
    const narrow = await rig.ask((await rig.issueKey({ tpm: 1_000 })).text, body, minute);
    expect([wordOf(narrow), contentOf(narrow)]).toEqual(['miss', expect.stringMatching(/^At most 9\d\d\.$/)]);
    const wide = await rig.ask((await rig.issueKey()).text, body, minute);
    expect([wordOf(wide), contentOf(wide)]).toEqual(['miss', 'At most any.']);
  });

  test('what a request itself says of its length is the same for everybody; two different lengths are what a limit makes of them', async () => {
    const rich = (await rig.issueKey()).text;
    const poor = (await rig.issueKey({ budgetUsd: '1' })).text;
    const body = open({ max_completion_tokens: 30 });
    expect(wordOf(await rig.ask(poor, body, minute))).toBe('miss');
    expect(wordOf(await rig.ask(rich, body, minute))).toBe('hit');
    const both = open({ max_completion_tokens: 30, max_tokens: 3_000 });
    expect(wordOf(await rig.ask(poor, both, minute))).toBe('miss');
    expect(wordOf(await rig.ask(rich, both, minute))).toBe('miss');
  });
});

describe('an answer of a routing group', () => {
  test('is given to nobody who asks for another region than the one that it came from', async () => {
    const key = (await rig.issueKey()).text;
    const away = await startFakeProvider();
    onTestFinished(() => away.close());
    away.answer(whole(wholeBody('From far away.')));
    fake.answer(whole(wholeBody('From here.')));
    const { id } = await rig.connect({ name: 'Away', baseUrl: away.baseUrl, settings: { wire: 'chat' } });
    const targets = [
      { connectionId: id, weight: 1, isEnabled: true, region: 'us' },
      { connectionId, weight: 1, isEnabled: true, region: 'id' },
    ];
    await groupOf(rig, 'regions', [], { strategy: 'ordered', targets });
    const body = open({ model: 'regions' });
    const ask = async (region?: string): Promise<[unknown, string]> => {
      const said = await rig.ask(key, body, { ...minute, ...(region && { 'x-patchbay-region': region }) });
      return [wordOf(said), contentOf(said)];
    };
    expect(await ask()).toEqual(['miss', 'From far away.']);
    expect(await ask('id')).toEqual(['miss', 'From here.']);
    expect([await ask(), await ask('id')]).toEqual([
      ['hit', 'From far away.'],
      ['hit', 'From here.'],
    ]);
  });
});

describe('what the installation says of requests that name no model', () => {
  test('parts the answers from before a change from those after it', async () => {
    const key = (await rig.issueKey()).text;
    const { id } = await rig.connect({
      name: 'Standard',
      baseUrl: fake.baseUrl,
      model: 'gpt-4o',
      isDefault: true,
      settings: { wire: 'chat' },
    });
    fake.answer((turn) => whole(wholeBody(`At ${wordFor(turn.call.json['temperature'])} degrees.`))(turn));
    const body = { max_tokens: 10, messages: message(`Question ${++question}`) };
    const ask = async (): Promise<[unknown, string]> => {
      const said = await rig.ask(key, body, minute);
      expect(said.headers['x-patchbay-connection']).toBe(id);
      return [wordOf(said), contentOf(said)];
    };
    expect(await ask()).toEqual(['miss', 'At any degrees.']);
    await changeAiSettings(rig.deps, rig.caller, { temperature: 0.7 });
    expect([await ask(), await ask()]).toEqual([
      ['miss', 'At 0.7 degrees.'],
      ['hit', 'At 0.7 degrees.'],
    ]);
    await changeAiSettings(rig.deps, rig.caller, { temperature: 0.2 });
    expect(await ask()).toEqual(['miss', 'At 0.2 degrees.']);
  });
});
