/** Feeds the rules about words, messages and coverage a tree that breaks them, and one that does not. */
import { describe, expect, test } from 'vitest';
import { proportionFaults, routeFaults, testCasesOf } from '../tidy/coverage.ts';
import { catalogueFaults, isMentioned, mentionsIn, placeholdersOf, readCatalogue, unusedMessageFaults } from '../tidy/messages.ts';
import { type Fault, type Source, readSource } from '../tidy/source.ts';
import { fileNameFaults, vendorFaults, wordFaults } from '../tidy/words.ts';

const faultsIn = (rule: (source: Source) => Fault[], path: string, text: string): string[] =>
  rule(readSource(path, text)).map((fault) => fault.rule);

describe('words', () => {
  test.each([
    ['server/src/storage/a.ts', 'const virtualKey = 1;'],
    ['server/src/domain/a.ts', 'interface A { apiKey: string }'],
    ['server/src/gateway/a.ts', 'open(encryptedApiKey);'],
    ['server/src/control/a.ts', 'const tenantId = 1;'],
    ['server/src/gateway/a.ts', 'pick(channel);'],
    ['server/src/storage/a.ts', 'type ProviderCredentials = 1;'],
    ['server/src/vault/a.ts', 'const encryptionKey = 1;'],
  ])('%s does not say %s', (path, text) => expect(faultsIn(wordFaults, path, text)).toEqual(['word']));

  test('faces translate, facades keep their names, strings and comments are free', () => {
    expect(faultsIn(wordFaults, 'server/src/faces/configurations/dialect.ts', 'const tenantId = 1;')).toEqual([]);
    expect(faultsIn(wordFaults, 'server/src/control/configuration-service.ts', 'const apiKey = 1;')).toEqual([]);
    expect(faultsIn(wordFaults, 'server/src/domain/a.ts', "const a = 'apiKey'; // apiKey")).toEqual([]);
    expect(faultsIn(wordFaults, 'server/src/faces/configurations/routes.ts', 'body.apiKey')).toEqual([]);
  });

  test('empty names of files and folders', () => {
    for (const path of ['server/src/lib/utils.ts', 'web/src/helpers/a.ts', 'server/src/control/key-manager.ts', 'server/src/common/a.ts']) {
      expect(fileNameFaults(path).map((fault) => fault.rule)).toEqual(['file-name']);
    }
    expect(fileNameFaults('server/src/control/configuration-service.ts')).toEqual([]);
    expect(fileNameFaults('server/src/lib/servicemen.ts')).toEqual([]);
  });

  test('a vendor is named below providers and on its own face alone', () => {
    const text = "const a = b === 'anthropic' ? 1 : 2;";
    expect(faultsIn(vendorFaults, 'server/src/gateway/a.ts', text)).toEqual(['vendor']);
    expect(faultsIn(vendorFaults, 'server/src/control/a.ts', 'say(`Ask OpenAI for ${a}`);')).toEqual(['vendor']);
    for (const path of [
      'server/src/providers/anthropic/a.ts',
      'server/src/faces/anthropic/a.ts',
      'server/src/faces/ai-llm/dialect.ts',
      'web/src/ui/a.ts',
    ]) {
      expect(faultsIn(vendorFaults, path, text)).toEqual([]);
    }
    expect(faultsIn(vendorFaults, 'server/src/gateway/a.ts', "import { b } from '../providers/gemini/wire.ts';")).toEqual([]);
  });
});

describe('messages', () => {
  const compare = (en: unknown, id: unknown): string[] =>
    catalogueFaults(
      readCatalogue('en.json', JSON.stringify(en, null, 1)),
      readCatalogue('id.json', JSON.stringify(id, null, 1)),
      new Set(['Model']),
    ).map((fault) => fault.rule);

  test('both languages have the same keys, and nothing is empty', () => {
    expect(compare({ a: 'Save', b: { c: 'Close' } }, { a: 'Simpan', b: { d: 'Tutup' } })).toEqual(['message-key', 'message-key']);
    expect(compare({ a: 'Save' }, { a: ' ' })).toEqual(['message-empty']);
  });

  test('both languages have the same placeholders and tags', () => {
    expect(compare({ a: 'Hello {name}' }, { a: 'Halo {nama}' })).toEqual(['message-placeholders']);
    expect(compare({ a: 'See <link>here</link>' }, { a: 'Lihat di sini' })).toEqual(['message-placeholders']);
    expect(compare({ a: '{count, plural, one {# file} other {# files}} by {name}' }, { a: '{count} berkas' })).toEqual([
      'message-placeholders',
    ]);
    expect(compare({ a: '{count, plural, one {# file} other {# files}}' }, { a: '{count, plural, other {# berkas}}' })).toEqual([]);
  });

  test('placeholders are found in branches, and not in quoted text', () => {
    expect([...placeholdersOf("{n, plural, one {one of {total}} other {many}} '{literal}' it''s {x, number}")].toSorted()).toEqual([
      '{n}',
      '{total}',
      '{x}',
    ]);
    expect([...placeholdersOf('{kind, select, user {you} other {{name}}}')].toSorted()).toEqual(['{kind}', '{name}']);
  });

  test('an untranslated text must be listed', () => {
    expect(compare({ a: 'Save' }, { a: 'Save' })).toEqual(['message-untranslated']);
    expect(compare({ a: 'Model' }, { a: 'Model' })).toEqual([]);
  });

  test('Indonesian is written, not machine-translated', () => {
    for (const text of ['Silakan coba lagi', 'Batang', '12 md', 'Rekening Anda', 'Menyimpan', 'Menghapus kunci'])
      expect(compare({ a: 'x' }, { a: text })).toEqual(['message-word']);
    for (const text of ['Menghubungkan…', 'Menu', 'Simpan', 'Nomor rekening bank', 'Mengubah kunci akses tidak memutus koneksi.'])
      expect(compare({ a: 'x' }, { a: text })).toEqual([]);
    expect(compare({ a: 'Ask Ollama' }, { a: 'Tanya Olama' })).toEqual(['message-brand']);
  });

  test('a message that nothing shows is a fault, told at its line', () => {
    const english = readCatalogue(
      'en.json',
      JSON.stringify({ models: { title: 'x', gone: 'y', state: { ok: 'z' } }, errors: { NOT_FOUND: 'n' } }, null, 1),
    );
    const mentions = mentionsIn([
      readSource(
        'a.tsx',
        "const t = useTranslations('models'); t('title'); t(`state.${s}`); u('errors', c); const d = { NOT_FOUND: 404 };",
      ),
    ]);
    expect(unusedMessageFaults(english, mentions).map((fault) => [fault.line, fault.todo.split(':')[0]])).toEqual([[4, 'models.gone']]);
    expect(isMentioned('other.title', mentions)).toBe(false);
  });
});

describe('coverage', () => {
  const rows = (path: string, count: number): Source => readSource(path, 'a();\n'.repeat(count));

  test('a folder needs as many lines of tests as of code, the vault twice as many', () => {
    expect(proportionFaults([rows('server/src/lib/a.ts', 10), rows('server/test/lib/a.test.ts', 9)]).map((fault) => fault.rule)).toEqual([
      'test-length',
    ]);
    expect(proportionFaults([rows('server/src/lib/a.ts', 10), rows('server/test/lib/a.test.ts', 10)])).toEqual([]);
    expect(proportionFaults([rows('server/src/vault/a.ts', 10), rows('server/test/vault/a.test.ts', 19)])).toHaveLength(1);
    expect(
      proportionFaults([
        rows('server/src/gateway/a.ts', 10),
        rows('server/test/gateway/a.test.ts', 10),
        rows('server/test/chaos/a.test.ts', 10),
      ]),
    ).toEqual([]);
  });

  const routes = readSource(
    'server/src/faces/keys/routes.ts',
    "export const all = [route({ method: 'GET', path: '/api/keys', summary: 'x', statuses: [200, 401], handle }), route<Deps>({ method: 'POST', path: '/api/keys', answers: { 201: a }, handle })];",
  );

  test('each status of a route has its test, and each route its statuses', () => {
    const tests = readSource(
      'server/test/faces/keys.test.ts',
      "describe('GET /api/keys', () => {\n  test('200 lists keys', () => {});\n});\ntest('401 outside', () => {});",
    );
    expect(routeFaults([routes, tests]).map((fault) => [fault.rule, fault.todo])).toEqual([
      ['route-test', expect.stringContaining("describe('GET /api/keys') with test('401 ...')")],
      ['route-statuses', expect.stringContaining('POST /api/keys')],
    ]);
    expect(routeFaults([routes])).toHaveLength(3);
  });

  test('titles are read in their groups, also of tables of tests', () => {
    const text =
      "describe('A', () => {\n  test.each([1])('200 %s', () => {});\n  describe('B', () => { test(`404 c`, () => {}); });\n});\nneeds('redis')('C', () => { it('d', f); });";
    expect(testCasesOf(readSource('a.test.ts', text))).toEqual([
      { groups: ['A'], title: '200 %s' },
      { groups: ['A', 'B'], title: '404 c' },
      { groups: ['C'], title: 'd' },
    ]);
  });

  test.each([
    ['type arguments', "test.each<[string, number]>([['a', 1]])('200 %s', () => {});"],
    ['type arguments with an arrow and a list inside', "test.each<Map<string, (a: number) => Array<string>>>([new Map()])('200 %s', f);"],
    ['brackets in brackets', "test.each(rows.map((row) => [row.id, size(row)]))('200 %s', f);"],
    ['texts that look like brackets', "test.each([')', '(', '>'])('200 %s', f);"],
    ['a condition', "test.skipIf(!available('redis'))('200 %s', f);"],
    ['a title on the next line', "test.each([1])(\n  '200 %s',\n  f,\n);"],
    ['a template', 'test.each([one(1)])(`200 %s`, f);'],
  ])('a title is found after %s', (_, text) => {
    expect(testCasesOf(readSource('a.test.ts', text))).toEqual([{ groups: [], title: '200 %s' }]);
  });

  test('groups are found on both engines, in tables and behind a part of the machine', () => {
    const text =
      "onBothEngines('A', (bench) => {\n  test('a', f);\n});\ndescribe.each<[string]>([['x']])('B %s', (x) => {\n  test.each<(a: 1) => 2>([g(1)])('b', f);\n});\nneeds('postgres')('C', () => { test('c', f); });\ntest('d', f);";
    expect(testCasesOf(readSource('a.test.ts', text))).toEqual([
      { groups: ['A'], title: 'a' },
      { groups: ['B %s'], title: 'b' },
      { groups: ['C'], title: 'c' },
      { groups: [], title: 'd' },
    ]);
  });

  test.each([
    ['a regular expression that is asked', "/a/.test('200 b');"],
    ['a declaration', "export function onBothEngines(title: string): void { run('x'); }"],
    ['an import', "import { describe, test } from 'vitest';"],
    ['a comparison', "if (it < 3) run('x');"],
    ['a part without a group', "const redis = needs('redis');"],
  ])('%s is no test', (_, text) => expect(testCasesOf(readSource('a.test.ts', text))).toEqual([]));
});
