/** What `model` may name, through the front door, and what a connection's state and settings do to a request. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, openRig, type Rig, type Said } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
let other: FakeProvider;
let key = '';
beforeAll(async () => {
  [rig, fake, other] = await Promise.all([openRig(), startFakeProvider(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
});
afterAll(async () => {
  await rig.close();
  await fake.close();
  await other.close();
});
beforeEach(() => {
  for (const one of [fake, other]) {
    one.answer(plain);
    one.received.length = 0;
  }
});

const ask = (model: string | undefined, headers: Record<string, string> = {}): Promise<Said> =>
  rig.ask(key, { model, messages: message() }, headers);
const codeOf = async (asking: Promise<Said>): Promise<string> => errorOf(await asking).code;

describe('where nothing is configured', () => {
  test('400 with a word on what to do', async () => {
    expect(await codeOf(ask(undefined))).toBe('no_connection');
    expect(await codeOf(ask('gpt-4o'))).toBe('model_not_found');
  });
});

describe('names', () => {
  let mainId = '';
  beforeAll(async () => {
    mainId = (await rig.connect({ name: 'Büro/Main', baseUrl: fake.baseUrl, model: 'gpt-4o' })).id;
    await rig.connect({ name: 'Groq line', providerId: 'groq', baseUrl: other.baseUrl, model: 'llama-3' });
  });

  test.each([
    ['a connection and a model', 'Büro/Main/o1-mini', 'o1-mini'],
    ['a connection in another case', 'büro/main/Some/Model:free', 'Some/Model:free'],
    ['a connection alone', 'Büro/Main/', 'gpt-4o'],
    ['a provider and a model', 'openai/gpt-4.1', 'gpt-4.1'],
    ['a model that it has as its default', 'gpt-4o', 'gpt-4o'],
    ['a model that the catalogue knows of its provider', 'gpt-4o-mini', 'gpt-4o-mini'],
  ])('%s: %s', async (_name, asked, model) => {
    const said = await ask(asked);
    expect(said.headers['x-patchbay-connection']).toBe(mainId);
    expect(fake.received.at(-1)!.json['model']).toBe(model);
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ modelAsked: asked, model });
  });

  test('its id and a model', async () => {
    expect((await ask(`${mainId}/gpt-4o`)).headers['x-patchbay-connection']).toBe(mainId);
  });

  test('another provider is reached by its own name', async () => {
    expect((await ask('groq/whatever')).status).toBe(200);
    expect(other.received.at(-1)!.json['model']).toBe('whatever');
    expect(fake.received).toEqual([]);
  });

  test('a pinned connection takes the model as it stands', async () => {
    await ask('openai/gpt-4o', { 'x-patchbay-connection': mainId });
    expect(fake.received.at(-1)!.json['model']).toBe('openai/gpt-4o');
  });

  test("404 for what nobody serves, and the caller's words are not repeated", async () => {
    const said = await ask('<script>no-such</script>');
    expect(said.status).toBe(404);
    expect(said.text).not.toContain('<script>');
  });

  test('404 for a model longer than the books can keep', async () => {
    expect(await codeOf(ask(`Büro/Main/${'m'.repeat(300)}`))).toBe('model_not_found');
  });
});

describe('a connection that is switched off', () => {
  test('409 by its name, nobody instead of it, and 200 at once when it is back', async () => {
    const { id } = await rig.connect({ name: 'Switch', baseUrl: fake.baseUrl, model: 'switch-model' });
    await rig.change(id, { isActive: false });
    for (const asked of ['Switch/switch-model', 'switch-model']) {
      const said = await ask(asked);
      expect(said.status).toBe(409);
      expect(errorOf(said).code).toBe('connection_inactive');
    }
    expect(await codeOf(ask('x', { 'x-patchbay-connection': id }))).toBe('connection_inactive');
    await rig.change(id, { isActive: true });
    expect((await ask('switch-model')).status).toBe(200);
  });
});

describe("a connection's own settings", () => {
  test('are sent where the caller said nothing, and never over what the caller said', async () => {
    await rig.connect({ name: 'Warm', baseUrl: fake.baseUrl, model: 'gpt-4o', settings: { temperature: 0.25 } });
    await rig.ask(key, { model: 'Warm/gpt-4o', messages: message() });
    expect(fake.received.at(-1)!.json['temperature']).toBe(0.25);
    await rig.ask(key, { model: 'Warm/gpt-4o', messages: message(), temperature: 1 });
    expect(fake.received.at(-1)!.json['temperature']).toBe(1);
  });

  test('a change is what the next request meets', async () => {
    const { id } = await rig.connect({ name: 'Moves', baseUrl: fake.baseUrl, model: 'gpt-4o', secret: 'sk-first-0123456789' });
    await ask('Moves/gpt-4o');
    expect(fake.received.at(-1)!.headers['authorization']).toBe('Bearer sk-first-0123456789');
    await rig.change(id, { baseUrl: other.baseUrl, secret: 'sk-second-0123456789' });
    const said = await ask('Moves/gpt-4o');
    expect(other.received.at(-1)!.headers['authorization']).toBe('Bearer sk-second-0123456789');
    expect(said.headers['x-patchbay-config-rev']).toBe(String(rig.deps.keeper.snapshot.revision));
  });
});

describe('a secret that does not open', () => {
  test('502 credential_unreadable, without a byte to the provider; another connection may be asked', async () => {
    const { id } = await rig.connect({ name: 'Torn', baseUrl: fake.baseUrl, model: 'torn-model' });
    const { sealed } = rig.deps.keeper.snapshot;
    sealed.set(id, { ...sealed.get(id)!, secret: `${sealed.get(id)!.secret!.slice(0, -4)}AAAA` });
    const said = await ask('torn-model');
    expect(said.status).toBe(502);
    expect(errorOf(said).code).toBe('credential_unreadable');
    expect(fake.received).toEqual([]);
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({ state: 'settled', reason: 'secret_unreadable', tokensIn: 0, cost: 0 }),
    ]);
    await rig.connect({ name: 'Whole', baseUrl: other.baseUrl, model: 'torn-model' });
    expect((await ask('torn-model')).status).toBe(200);
  });

  test('a row whose address was changed behind our back opens nothing: the key stays at home', async () => {
    const connection = await rig.connect({ name: 'Kidnapped', baseUrl: fake.baseUrl, model: 'kidnapped-model' });
    const { snapshot } = rig.deps.keeper;
    const altered = { ...connection, baseUrl: other.baseUrl };
    snapshot.connections.set(connection.id, altered);
    for (const siblings of snapshot.byOwner.values()) if (siblings.has(connection.id)) siblings.set(connection.id, altered);
    expect(await codeOf(ask('kidnapped-model'))).toBe('credential_unreadable');
    snapshot.connections.set(connection.id, { ...altered, origin: other.origin });
    for (const siblings of snapshot.byOwner.values())
      if (siblings.has(connection.id)) siblings.set(connection.id, { ...altered, origin: other.origin });
    expect(await codeOf(ask('kidnapped-model'))).toBe('credential_unreadable');
    expect(other.received).toEqual([]);
  });
});

describe("the environment's pseudo-connection (C-02)", () => {
  test('answers where nothing else is configured, is named in no header, and is booked', async () => {
    const alone = await openRig({
      environment: { LLM_BASE_URL: fake.baseUrl, LLM_API_KEY: 'sk-of-the-environment-01', LLM_MODEL: 'env-model' },
    });
    try {
      const envKey = (await alone.issueKey()).text;
      const said = await alone.ask(envKey, { messages: message() });
      expect(said.status).toBe(200);
      expect(said.headers['x-patchbay-connection']).toBeUndefined();
      expect(fake.received.at(-1)!.json['model']).toBe('env-model');
      expect(fake.received.at(-1)!.headers['authorization']).toBe('Bearer sk-of-the-environment-01');
      expect(await alone.rowsOf(String(said.headers['x-request-id']))).toEqual([
        expect.objectContaining({ connectionId: null, model: 'env-model', state: 'settled', tokensIn: 11 }),
      ]);
      await alone.connect({ name: 'Real', baseUrl: other.baseUrl, model: 'real-model', isDefault: true });
      expect((await alone.ask(envKey, { messages: message() })).headers['x-patchbay-connection']).toBeDefined();
      expect(other.received.at(-1)!.json['model']).toBe('real-model');
    } finally {
      await alone.close();
    }
  });
});

describe('an address that the rules of the way out forbid', () => {
  test('502 egress_blocked, no connection made, and no address told', async () => {
    const closed = await openRig({ environment: { PATCHBAY_EGRESS_ALLOW: `127.0.0.1:${new URL(fake.baseUrl).port}` } });
    try {
      const closedKey = (await closed.issueKey()).text;
      const { id } = await closed.connect({ name: 'Elsewhere', baseUrl: fake.baseUrl, model: 'm' });
      const before = other.connections();
      const { snapshot } = closed.deps.keeper;
      const moved = { ...snapshot.connections.get(id)!, baseUrl: other.baseUrl, origin: other.origin };
      snapshot.connections.set(id, moved);
      snapshot.sealed.delete(id);
      const said = await closed.ask(closedKey, { messages: message() }, { 'x-patchbay-connection': id });
      expect(errorOf(said).code).toBe('egress_blocked');
      expect(other.connections()).toBe(before);
    } finally {
      await closed.close();
    }
  });
});
