/** What `model` may name, and which connections answer to it: first match wins, nearest owner first. */
import { describe, expect, test } from 'vitest';
import { ConnectionIndex } from '../../src/domain/connection-index.ts';
import type { Connection } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { resolveModel, type Resolution, type ResolveInput } from '../../src/domain/resolve.ts';

const own: Owner = { scope: 'user', id: 'ada' };
const workspace: Owner = { scope: 'workspace', id: 'lab' };
const organization: Owner = { scope: 'organization', id: 'house' };

let created = 0;
const connection = (name: string, owner: Owner, part: Partial<Connection> = {}): Connection => ({
  id: `00000000-0000-7000-8000-${String(++created).padStart(12, '0')}`,
  owner,
  createdBy: 'ada',
  name,
  providerId: 'openai',
  baseUrl: null,
  origin: 'https://api.openai.com',
  model: 'gpt-4o',
  settings: {},
  hasSecret: true,
  secretLast4: null,
  secretSetAtMs: null,
  isActive: true,
  isDefault: false,
  trust: 'member',
  createdAtMs: created,
  updatedAtMs: created,
  lastTestedAtMs: null,
  testStatus: null,
  revision: 1,
  ...part,
});

type Asked = Partial<Omit<ResolveInput, 'indexOf' | 'byId'>>;

function resolve(connections: readonly Connection[], asked: Asked): Resolution {
  return resolveModel({
    asked: null,
    pinnedId: null,
    owners: [own, workspace, organization],
    listing: () => [],
    hasList: () => false,
    suggesting: () => [],
    environment: null,
    ...asked,
    indexOf: (owner) => new ConnectionIndex(connections.filter((one) => one.owner.scope === owner.scope && one.owner.id === owner.id)),
    byId: (id) => connections.find((one) => one.id === id),
  });
}

const names = (resolution: Resolution): string[] | string =>
  resolution.kind === 'candidates'
    ? resolution.candidates.map(({ connection: { name }, model }) => `${name} > ${model}`)
    : resolution.kind === 'refused'
      ? resolution.code
      : resolution.kind === 'group'
        ? resolution.members.map(({ connection: { name }, model }) => `${name} > ${model}`)
        : `environment > ${resolution.model}`;

describe("a connection's name", () => {
  test("before a slash names the connection, and what follows is the provider's model byte for byte", () => {
    const all = [connection('Main', own)];
    expect(names(resolve(all, { asked: 'Main/Org/Some-Model:free' }))).toEqual(['Main > Org/Some-Model:free']);
  });

  test('is found in any case', () => {
    expect(names(resolve([connection('Büro Main', own)], { asked: 'BÜRO MAIN/m' }))).toEqual(['Büro Main > m']);
  });

  test.each([
    ['Café', 'Cafe\u0301/m'],
    ['Cafe\u0301', 'café/m'],
    ['モデル', 'ﾓﾃﾞﾙ/m'],
    ['Main １', 'main 1/m'],
  ])('is found in any spelling in which it is taken: %s', (name, asked) => {
    expect(names(resolve([connection(name, own)], { asked }))).toEqual([`${name} > m`]);
  });

  test.each([
    ['İstanbul', 'İstanbul/gpt-4o', 'gpt-4o'],
    ['İİ/İ', 'i̇i̇/İ/Org/gpt-4o', 'Org/gpt-4o'],
    ['ΟΔΟΣ', 'οδος/m', 'm'],
  ])('that is longer in small letters cuts nothing off the model: %s', (name, asked, model) => {
    expect(names(resolve([connection(name, own)], { asked }))).toEqual([`${name} > ${model}`]);
  });

  test('may hold slashes: the longest name that fits wins', () => {
    const all = [connection('a', own), connection('a/b', own), connection('a/b/c/d', own)];
    expect(names(resolve(all, { asked: 'a/b/c' }))).toEqual(['a/b > c']);
    expect(names(resolve(all, { asked: 'a/x' }))).toEqual(['a > x']);
  });

  test('on a clash of names the nearest owner wins', () => {
    const all = [
      connection('Main', organization, { model: 'o' }),
      connection('Main', workspace, { model: 'w' }),
      connection('main', own, { model: 'u' }),
    ];
    expect(names(resolve(all, { asked: 'Main/m' }))).toEqual(['main > m']);
    expect(resolve(all.slice(0, 2), { asked: 'Main/m' })).toMatchObject({ candidates: [{ connection: { owner: workspace } }] });
  });

  test('or its id, before a slash', () => {
    const one = connection('Main', own);
    expect(names(resolve([one], { asked: `${one.id}/m` }))).toEqual(['Main > m']);
  });

  test('with nothing after the slash means its default model', () => {
    expect(names(resolve([connection('Main', own)], { asked: 'Main/' }))).toEqual(['Main > gpt-4o']);
    expect(names(resolve([connection('Main', own, { model: null })], { asked: 'Main/' }))).toBe('model_required');
  });

  test('an inactive one is refused as such, and nobody stands in for it', () => {
    const all = [connection('Main', own, { isActive: false }), connection('Other', own)];
    expect(names(resolve(all, { asked: 'Main/gpt-4o' }))).toBe('connection_inactive');
  });

  test('wins over a provider of the same word', () => {
    const all = [connection('groq', own, { providerId: 'openai' }), connection('Fast', own, { providerId: 'groq' })];
    expect(names(resolve(all, { asked: 'groq/m' }))).toEqual(['groq > m']);
  });
});

describe('a provider before a slash', () => {
  test('offers every active connection of that provider: nearest owner first, defaults first, older first', () => {
    const all = [
      connection('Org', organization),
      connection('Late', own),
      connection('Default', own, { isDefault: true }),
      connection('Asleep', own, { isActive: false }),
      connection('Lab', workspace),
      connection('Elsewhere', own, { providerId: 'groq' }),
    ];
    expect(names(resolve(all, { asked: 'openai/gpt-4o' }))).toEqual(['Default > gpt-4o', 'Late > gpt-4o', 'Lab > gpt-4o', 'Org > gpt-4o']);
  });

  test('without a model names nothing', () => {
    expect(names(resolve([connection('Main', own)], { asked: 'openai/' }))).toBe('model_not_found');
  });

  test('is a plain model where no connection is of that provider', () => {
    const all = [connection('Hub', own, { providerId: 'openrouter', model: 'openai/gpt-4o' })];
    expect(names(resolve(all, { asked: 'openai/gpt-4o' }))).toEqual(['Hub > openai/gpt-4o']);
  });
});

describe('a bare model', () => {
  test('is served by whoever serves it, nearest first', () => {
    const all = [connection('Org', organization), connection('Mine', own), connection('Not', own, { model: 'other' })];
    expect(names(resolve(all, { asked: 'gpt-4o' }))).toEqual(['Mine > gpt-4o', 'Org > gpt-4o']);
  });

  test('served only by inactive connections says so', () => {
    expect(names(resolve([connection('Main', own, { isActive: false })], { asked: 'gpt-4o' }))).toBe('connection_inactive');
  });

  test('that nobody serves is unknown', () => {
    expect(names(resolve([connection('Main', own)], { asked: 'no-such-model' }))).toBe('model_not_found');
  });

  test('is case-sensitive, as providers are (R-015)', () => {
    expect(names(resolve([connection('Main', own)], { asked: 'GPT-4O' }))).toBe('model_not_found');
  });
});

describe('nothing', () => {
  test("means the default: the user's before a workspace's before the organization's (C-14)", () => {
    const all = [
      connection('Org', organization, { isDefault: true }),
      connection('Lab', workspace, { isDefault: true }),
      connection('Mine', own, { isDefault: true }),
    ];
    expect(names(resolve(all, {}))).toEqual(['Mine > gpt-4o']);
    expect(names(resolve(all.slice(0, 2), {}))).toEqual(['Lab > gpt-4o']);
    expect(names(resolve(all.slice(0, 1), {}))).toEqual(['Org > gpt-4o']);
  });

  test('an empty text is nothing', () => {
    expect(names(resolve([connection('Mine', own, { isDefault: true })], { asked: '' }))).toEqual(['Mine > gpt-4o']);
  });

  test('passes over a default that is inactive', () => {
    const all = [connection('Mine', own, { isDefault: true, isActive: false }), connection('Org', organization, { isDefault: true })];
    expect(names(resolve(all, {}))).toEqual(['Org > gpt-4o']);
  });

  test('needs a model where the default connection names none', () => {
    expect(names(resolve([connection('Mine', own, { isDefault: true, model: null })], {}))).toBe('model_required');
  });

  test('is refused where there is neither a default nor an environment (C-02)', () => {
    expect(names(resolve([connection('Mine', own)], {}))).toBe('no_connection');
  });
});

describe("the environment's pseudo-connection (C-02)", () => {
  const environment = { model: 'env-model' };
  test('stands in where nothing is a default', () => {
    expect(names(resolve([], { environment }))).toBe('environment > null');
    expect(names(resolve([connection('Mine', own)], { environment }))).toBe('environment > null');
  });

  test('never stands before a default', () => {
    expect(names(resolve([connection('Mine', own, { isDefault: true })], { environment }))).toEqual(['Mine > gpt-4o']);
  });

  test('takes any model where there is no connection, and its own model otherwise', () => {
    expect(names(resolve([], { environment, asked: 'anything' }))).toBe('environment > anything');
    expect(names(resolve([connection('Mine', own)], { environment, asked: 'env-model' }))).toBe('environment > env-model');
    expect(names(resolve([connection('Mine', own)], { environment, asked: 'anything' }))).toBe('model_not_found');
  });
});

describe('a pinned connection', () => {
  test('is the only one asked, with its default model or the one named', () => {
    const one = connection('Main', organization);
    const all = [one, connection('Mine', own, { isDefault: true })];
    expect(names(resolve(all, { pinnedId: one.id }))).toEqual(['Main > gpt-4o']);
    expect(names(resolve(all, { pinnedId: one.id, asked: 'Mine/other' }))).toEqual(['Main > Mine/other']);
  });

  test('of a stranger looks exactly like one that does not exist', () => {
    const foreign = connection('Secret', { scope: 'user', id: 'eve' });
    expect(resolve([foreign], { pinnedId: foreign.id })).toEqual(resolve([], { pinnedId: foreign.id }));
    expect(names(resolve([foreign], { pinnedId: foreign.id }))).toBe('connection_not_found');
  });

  test('that is inactive, or has no model, says so', () => {
    const asleep = connection('Asleep', own, { isActive: false });
    const blank = connection('Blank', own, { model: null });
    expect(names(resolve([asleep], { pinnedId: asleep.id }))).toBe('connection_inactive');
    expect(names(resolve([blank], { pinnedId: blank.id }))).toBe('model_required');
  });
});

describe('what belongs to others', () => {
  test('is never a candidate, however it is named', () => {
    const foreign = connection('Main', { scope: 'user', id: 'eve' }, { isDefault: true });
    const elsewhere = connection('Lab', { scope: 'workspace', id: 'elsewhere' }, { isDefault: true });
    for (const asked of [null, 'Main/gpt-4o', `${foreign.id}/gpt-4o`, 'openai/gpt-4o', 'gpt-4o', 'Lab/gpt-4o'])
      expect(names(resolve([foreign, elsewhere], { asked }))).toBe(asked === null ? 'no_connection' : 'model_not_found');
  });
});

describe('what a provider is known to list', () => {
  test('is served by the connections that list it, in the order of choice, and not by those that do not', () => {
    const older = connection('older', own, { model: null });
    const chosen = connection('chosen', own, { model: null, isDefault: true });
    const other = connection('other', own, { model: null });
    const listing = (model: string): string[] => (model === 'rare' ? [older.id, chosen.id] : []);
    expect(names(resolve([older, chosen, other], { asked: 'rare', listing }))).toEqual(['chosen > rare', 'older > rare']);
    expect(names(resolve([other], { asked: 'rare', listing }))).toBe('model_not_found');
  });

  test('overrules what the catalogue suggests', () => {
    const listed = connection('listed', own, { model: null });
    const unknown = connection('unknown', own, { model: null });
    const asked = { asked: 'gpt-5', suggesting: () => ['openai'], hasList: (id: string) => id === listed.id };
    expect(names(resolve([listed, unknown], asked))).toEqual(['unknown > gpt-5']);
  });

  test("of a stranger is nobody else's", () => {
    const strange = connection('strange', { scope: 'user', id: 'bob' }, { model: null });
    expect(names(resolve([strange], { asked: 'rare', listing: () => [strange.id] }))).toBe('model_not_found');
  });

  test('ten thousand connections are not looked at one by one', () => {
    const all = Array.from({ length: 10_000 }, (_, at) => connection(`c${at}`, own, { model: `m${at}` }));
    const index = new ConnectionIndex(all);
    let looked = 0;
    const byId = (id: string): Connection | undefined => {
      looked++;
      return all.find((one) => one.id === id);
    };
    const input = {
      pinnedId: null,
      owners: [own],
      indexOf: () => index,
      byId,
      listing: () => [],
      hasList: () => false,
      suggesting: () => [],
      environment: null,
    };
    expect(names(resolveModel({ ...input, asked: 'm9000' }))).toEqual(['c9000 > m9000']);
    expect(names(resolveModel({ ...input, asked: 'C17/x/y' }))).toEqual(['c17 > x/y']);
    expect(looked).toBeLessThan(10);
  });

  test('an owner without connections is passed over', () => {
    const there = connection('there', organization, { model: 'm' });
    const indexOf = (owner: Owner): ConnectionIndex => new ConnectionIndex(owner.scope === 'organization' ? [there] : []);
    const input = {
      pinnedId: null,
      owners: [own, workspace, organization],
      indexOf,
      byId: () => there,
      listing: () => [],
      hasList: () => false,
      suggesting: () => [],
      environment: null,
    };
    expect(names(resolveModel({ ...input, asked: 'm' }))).toEqual(['there > m']);
  });
});

describe('ids in the order of choice', () => {
  const [old, standard, young] = [connection('Old', own), connection('Standard', own, { isDefault: true }), connection('Young', own)];
  const index = new ConnectionIndex([young, old, standard]);

  test('are those of the owner alone, each once', () => {
    expect(index.ordered([])).toEqual([]);
    expect(index.ordered(['of somebody else'])).toEqual([]);
    expect(index.ordered(['of somebody else', old.id, old.id])).toEqual([old.id]);
    expect(index.ordered([young.id, old.id, young.id, 'of somebody else', standard.id, old.id])).toEqual([standard.id, old.id, young.id]);
  });
});
