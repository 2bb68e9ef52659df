/** Feeds each house rule a tree that breaks it, and expects the fault; and one that does not, and expects silence. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { barrelFaults, cycleFaults, layerFaults, targetOf } from '../tidy/layers.ts';
import { privilegeFaults } from '../tidy/privileges.ts';
import { queryKeyFaults } from '../tidy/query-keys.ts';
import * as shape from '../tidy/shape.ts';
import { type Fault, type Source, readSource } from '../tidy/source.ts';
import { tidy } from '../tidy.ts';

type Rule = (source: Source) => Fault[];

const faultsIn = (rule: Rule, path: string, text: string): string[] => rule(readSource(path, text)).map((fault) => fault.rule);
const linesIn = (rule: Rule, path: string, text: string): number[] => rule(readSource(path, text)).map((fault) => fault.line);

describe('reading a source', () => {
  test('comments, strings, templates and regular expressions are blanked, code inside templates is not', () => {
    const { code, literals, comments } = readSource(
      'a.ts',
      "const a = 'x{'; // {\nconst b = `p${q({ r: '}' })}s`; const c = /[/{]'/g; const d = e / f / g; /* { */",
    );
    expect(code).toMatch(/^const a = ' {2}'; +\nconst b = ` \$\{q\(\{ r: ' ' \}\)\} `; const c = \/ +\/; const d = e \/ f \/ g; +$/);
    expect(literals.map((literal) => [literal.value, literal.isOpen])).toEqual([
      ['x{', false],
      ['p', true],
      ['}', false],
      ['s', false],
    ]);
    expect(comments.map((comment) => comment.text)).toEqual(['// {', '/* { */']);
  });

  test('offsets and lines stay those of the text', () => {
    const text = "/* one\n two */ const a = `x\n${1}\n`; 'b';\nthird";
    const source = readSource('a.ts', text);
    expect(source.code).toHaveLength(text.length);
    expect(source.lineOf(text.indexOf('third'))).toBe(5);
    expect(source.lineOf(0)).toBe(1);
  });

  test('an apostrophe in the text of an element opens nothing', () => {
    expect(readSource('a.tsx', "<p>don't</p>;\nconst a = { b: 1 };").code).toContain('{ b: 1 }');
  });

  test('imports are found with their kind, calls named from are not', () => {
    const text =
      "import type { A } from './a.ts';\nimport { b } from './b.ts';\nexport { c } from './c.ts';\nconst d = await import('./d.ts');\nBuffer.from('e');\nimport './f.ts';";
    expect(readSource('x.ts', text).imports.map(({ specifier, isType, isReexport }) => [specifier, isType, isReexport])).toEqual([
      ['./a.ts', true, false],
      ['./b.ts', false, false],
      ['./c.ts', false, true],
      ['./d.ts', false, false],
      ['./f.ts', false, false],
    ]);
  });
});

describe('keys of what the pages remember', () => {
  const metIn = (texts: Record<string, string>): string[] =>
    queryKeyFaults(Object.entries(texts).map(([path, text]) => readSource(path, text))).map(
      ({ path, line, rule }) => `${path}:${line} ${rule}`,
    );
  const limits =
    "const all = ['limits'] as const;\nexport const limitsQuery = (of: Subject) => queryOptions({ queryKey: [...all, of.kind, of.id], queryFn });";

  test('two questions under one key are a fault, however the key is written and in whatever file', () => {
    for (const other of [
      "queryOptions({ queryKey: ['limits', kind, id], queryFn });",
      "useQuery({\n  // As it is.\n  queryKey: ['limits', 'user', id], queryFn });",
      "const keyOf = (id: string, kind: string) => ['limits', kind, id] as const;\ninfiniteQueryOptions({ queryKey: keyOf(id, 'user'), queryFn });",
      "import { all } from '../a/limits.ts';\nuseInfiniteQuery({ queryKey: [...all, kind, of(a, b)] });",
    ])
      expect(metIn({ 'web/src/a/limits.ts': limits, 'web/src/b/usage.ts': other }).map((fault) => fault.split(/[: ]/)[0])).toEqual([
        'web/src/b/usage.ts',
      ]);
  });

  test('keys that never meet, keys that are only named to make answers old, and other files are none', () => {
    for (const fine of [
      "queryOptions({ queryKey: ['limits', 'settings'], queryFn }); invalidateQueries({ queryKey: ['limits', kind, id] });",
      "queryOptions({ ...limitsQuery(of), select }); queryOptions({ queryKey: ['usage', kind, id] });",
      "const keyOf = (id: string, part: string) => ['one', id, part];\nuseQuery({ queryKey: keyOf(id, 'a') }); useQuery({ queryKey: [...keyOf(id, 'b')] });",
    ])
      expect(metIn({ 'web/src/a/limits.ts': limits, 'web/src/b/usage.ts': fine })).toEqual([]);
    expect(metIn({ 'web/src/a/limits.ts': limits, 'web/test/b.ts': "useQuery({ queryKey: ['limits', kind, id] })" })).toEqual([]);
  });

  test('a key that cannot be read is a fault of its own, and keys in a circle end', () => {
    expect(metIn({ 'web/src/a.ts': 'useQuery({ queryKey: made() });' })).toEqual(['web/src/a.ts:1 query-key']);
    expect(metIn({ 'web/src/a.ts': 'const a = [...b];\nconst b = [...a];\nuseQuery({ queryKey: a });' })).toEqual([
      'web/src/a.ts:3 query-key',
    ]);
  });
});

describe('layers', () => {
  const at = (path: string, specifier: string, keyword = 'import'): number =>
    layerFaults(readSource(path, `${keyword} { a } from '${specifier}';`)).length;

  test.each([
    ['server/src/domain/a.ts', '../storage/b.ts'],
    ['server/src/vault/a.ts', '../domain/b.ts'],
    ['server/src/storage/a.ts', '../vault/b.ts'],
    ['server/src/journal/a.ts', '../storage/b.ts'],
    ['server/src/control/a.ts', '../gateway/b.ts'],
    ['server/src/gateway/a.ts', '../control/b.ts'],
    ['server/src/jobs/a.ts', '../faces/b.ts'],
    ['server/src/faces/admin/a.ts', '../../app/b.ts'],
    ['server/src/main.ts', './lib/a.ts'],
    ['server/src/providers/anthropic/a.ts', '../gemini/b.ts'],
    ['server/src/lib/a.ts', '@patchbay/client'],
    ['contract/src/a.ts', '../../server/src/lib/a.ts'],
    ['contract/src/a.ts', 'kysely'],
    ['client/src/core.ts', 'zod'],
    ['client/src/core.ts', '@patchbay/contract/errors'],
    ['web/src/app/a.tsx', '../../../server/src/domain/a.ts'],
    ['web/src/features/keys/a.tsx', '../models/b.tsx'],
    ['web/src/features/keys/a.tsx', '../../app/routes.tsx'],
    ['web/src/ui/a.tsx', '../features/keys/a.tsx'],
  ])('%s may not import %s, nor its types', (path, specifier) => {
    expect(at(path, specifier)).toBe(1);
    if (!path.startsWith('client/') || specifier === 'zod') expect(at(path, specifier, 'import type')).toBe(1);
  });

  test.each([
    ['server/src/domain/a.ts', '../lib/b.ts'],
    ['server/src/faces/admin/a.ts', '../../gateway/b.ts'],
    ['server/src/providers/anthropic/a.ts', '../protocol.ts'],
    ['server/src/lib/a.ts', '@patchbay/contract/errors'],
    ['contract/src/a.ts', 'zod'],
    ['contract/src/a.ts', './b.ts'],
    ['web/src/app/routes.tsx', '../features/keys/a.tsx'],
    ['web/src/features/keys/a.tsx', '../../ui/button.tsx'],
    ['web/src/features/keys/a.tsx', '@patchbay/client'],
    ['server/test/gateway/a.test.ts', '../../src/control/a.ts'],
  ])('%s may import %s', (path, specifier) => expect(at(path, specifier)).toBe(0));

  test('the client may import types of the contract', () => {
    expect(at('client/src/core.ts', '@patchbay/contract/errors', 'import type')).toBe(0);
  });

  test('a package of ours is resolved to its source', () => {
    expect(targetOf('a/b.ts', '@patchbay/client')).toBe('client/src/core.ts');
    expect(targetOf('a/b.ts', '@patchbay/contract/messages/en.json')).toBe('contract/src/messages/en.json');
    expect(targetOf('a/b.ts', 'zod')).toBeUndefined();
  });

  test('a circle of imports is a fault, once, also through types', () => {
    const sources = [
      readSource('server/src/lib/a.ts', "import type { B } from './b.ts';"),
      readSource('server/src/lib/b.ts', "import { c } from './c.ts';"),
      readSource('server/src/lib/c.ts', "import { a } from './a.ts';"),
      readSource('server/src/lib/d.ts', "import { a } from './a.ts';"),
    ];
    expect(cycleFaults(sources).map((fault) => fault.todo)).toEqual([
      expect.stringContaining('lib/a.ts -> server/src/lib/b.ts -> server/src/lib/c.ts -> server/src/lib/a.ts'),
    ]);
    expect(cycleFaults(sources.slice(1))).toEqual([]);
  });

  test('a file with nothing but re-exports is a barrel', () => {
    expect(faultsIn(barrelFaults, 'a.ts', "/** All. */\nexport * from './b.ts';\nexport type { C } from './c.ts';")).toEqual(['barrel']);
    expect(faultsIn(barrelFaults, 'a.ts', "export * from './b.ts';\nexport const own = 1;")).toEqual([]);
  });
});

describe('privileges', () => {
  const inServer = (folder: string, text: string): string[] => faultsIn(privilegeFaults, `server/src/${folder}/a.ts`, text);

  test.each([
    ['sql-import', 'control', "import { Pool } from 'pg';"],
    ['sql-import', 'gateway', "import type { Kysely } from 'kysely';"],
    ['sql-import', 'control/people', "import { sql } from 'kysely';"],
    ['people-import', 'gateway', "import { betterAuth } from 'better-auth';"],
    ['egress-import', 'gateway', "import { Agent } from 'undici';"],
    ['socket-import', 'gateway', "import type { ServerResponse } from 'node:http';"],
    ['socket-import', 'lib', "import { isIP } from 'node:net';"],
    ['time', 'gateway', "import { scheduler } from 'node:timers/promises';"],
    ['environment', 'gateway', 'const a = process.env.A;'],
    ['time', 'domain', 'const a = Date.now();'],
    ['time', 'domain', 'const a = new Date();'],
    ['time', 'domain', 'const a = performance.now();'],
    ['time', 'jobs', 'setTimeout(run, 5);'],
    ['time', 'jobs', 'setInterval(run, 5);'],
    ['time', 'egress', 'const signal = AbortSignal.timeout(5);'],
    ['randomness', 'domain', 'const a = Math.random();'],
    ['randomness', 'vault', "import { randomBytes } from 'node:crypto';"],
    ['randomness', 'control', 'const a = crypto.randomUUID();'],
    ['decryption', 'storage', "import { createDecipheriv } from 'node:crypto';"],
    ['fetch', 'egress', 'await fetch(url);'],
    ['sql', 'control', "run('select id from users where id = $1');"],
    ['sql', 'app', 'run(`INSERT INTO users VALUES ($1)`);'],
    ['sql', 'jobs', "run('delete from users where id = 1');"],
    ['sql', 'app', "run('pragma journal_mode = wal');"],
  ])('%s is a fault in %s', (rule, folder, text) => expect(inServer(folder, text)).toEqual([rule]));

  test.each([
    ['storage', "import { Pool } from 'pg'; run('select 1 from users');"],
    ['control/people', "import type { Kysely } from 'kysely'; import { betterAuth } from 'better-auth';"],
    ['egress', "import { Agent } from 'undici'; import { connect } from 'node:tls';"],
    ['faces/ops', "import type { Server } from 'node:http';"],
    ['domain', 'const a = new Date(atMs); const b = deps.fetch(c); // Date.now()'],
    ['domain', "const a = 'Math.random() and process.env'; say('Select a model from the list');"],
    ['cli', 'const a = process.env.A;'],
  ])('in %s this is fine: %s', (folder, text) => expect(inServer(folder, text)).toEqual([]));

  test('the homes of time and randomness are one file each', () => {
    expect(faultsIn(privilegeFaults, 'server/src/lib/clock.ts', 'const a = Date.now(); setTimeout(b, 1);')).toEqual([]);
    expect(faultsIn(privilegeFaults, 'server/src/lib/ids.ts', "import { randomBytes } from 'node:crypto'; const a = Date.now();")).toEqual([
      'time',
    ]);
    expect(faultsIn(privilegeFaults, 'server/src/app/settings.ts', 'const a = process.env;')).toEqual([]);
    expect(faultsIn(privilegeFaults, 'server/test/a.test.ts', 'const a = Date.now(); await fetch(b);')).toEqual([]);
  });
});

describe('shape', () => {
  const lines = (count: number): string => 'a();\n'.repeat(count);

  test('a file of 401 lines is too long, one of 400 is not', () => {
    expect(faultsIn(shape.fileLengthFaults, 'a.ts', lines(401))).toEqual(['file-length']);
    expect(faultsIn(shape.fileLengthFaults, 'a.ts', lines(400))).toEqual([]);
  });

  test.each([
    ['a function', 'export async function f<T>(a: T): Promise<{ b: number } | { c: (d: T) => void }> {\n', '}'],
    ['a generator', 'function* f() {\n', '}'],
    ['an arrow function', 'const f = async (a: { b: number } = {}): Promise<void> => {\n', '};'],
    ['a method', 'class A {\n  async b(c: () => void): Promise<Map<string, { d: 1 }>> {\n', '} }'],
    ['a method of an object', 'const a = {\n  get b() {\n', '} };'],
    ['a private method', 'class A {\n  #b(c = "{") {\n', '} }'],
    ['a callback of a test', "test('a', async () => {\n", '});'],
  ])('%s of more than 70 lines is too long', (_, head, tail) => {
    expect(faultsIn(shape.functionLengthFaults, 'a.ts', `${head}${lines(70)}${tail}`)).toEqual(['function-length']);
    expect(faultsIn(shape.functionLengthFaults, 'a.ts', `${head}${lines(68)}${tail}`)).toEqual([]);
  });

  test.each([
    ['a group of tests', "describe('a', () => {\ntest('b', () => {});\n"],
    ['a group of our own', "onBothEngines('a', (bench) => {\ntest.each(rows)('b', () => {});\n"],
    ['a branch', 'if (a) {\n'],
    ['a type', 'interface A {\n'],
    ['a table', 'const a = {\n'],
  ])('%s may be longer', (_, head) => {
    expect(faultsIn(shape.functionLengthFaults, 'server/test/a.test.ts', `${head}${lines(80)}}`)).toEqual([]);
  });

  test('a test inside a group is still too long', () => {
    const text = `describe('a', () => {\ntest('b', () => {\n${lines(80)}});\n});`;
    expect(linesIn(shape.functionLengthFaults, 'server/test/a.test.ts', text)).toEqual([2]);
  });

  test('the fault is told where the function begins', () => {
    expect(linesIn(shape.functionLengthFaults, 'a.ts', `\n\nfunction f() {\n${lines(90)}}`)).toEqual([3]);
  });

  test('a file opens with a comment that says something', () => {
    expect(faultsIn(shape.openingFaults, 'a.ts', 'const a = 1;')).toEqual(['opening']);
    expect(faultsIn(shape.openingFaults, 'a.ts', '/** Things. */\nconst a = 1;')).toEqual(['opening']);
    expect(faultsIn(shape.openingFaults, 'a.ts', '#!/usr/bin/env node\n// What the program does, in a word.\na();')).toEqual([]);
    expect(faultsIn(shape.openingFaults, 'a.ts', '/**\n * What this file is for.\n */\na();')).toEqual([]);
  });

  test.each([
    'const a: any = 1;',
    'f(a as any);',
    'type A = any[];',
    'type A = Map<string, any>;',
    'type A = B | any;',
    'type F = () => any;',
  ])('%s', (text) => {
    expect(faultsIn(shape.anyFaults, 'a.ts', text)).toEqual(['any']);
  });

  test('the word any elsewhere is no type', () => {
    expect(
      faultsIn(shape.anyFaults, 'a.ts', "await Promise.any(a); const b = { any: 1 }; // any\nconst c = 'any'; const company: string = d;"),
    ).toEqual([]);
  });

  test('checks are not switched off', () => {
    for (const word of ['ignore', 'nocheck', 'expect-error'])
      expect(faultsIn(shape.checkOffFaults, 'a.ts', `// @ts-${word}`)).toEqual(['type-check-off']);
    for (const tool of ['eslint', 'oxlint'])
      expect(faultsIn(shape.checkOffFaults, 'a.ts', `/* ${tool}-disable-next-line a */`)).toEqual(['lint-off']);
    expect(faultsIn(shape.checkOffFaults, 'a.ts', "const a = '@ts-ignore';")).toEqual([]);
  });

  test('nothing is left for later', () => {
    for (const word of ['TODO', 'FIXME', 'XXX']) expect(faultsIn(shape.laterFaults, 'a.ts', `a(); // ${word} more`)).toEqual(['later']);
    expect(faultsIn(shape.laterFaults, 'a.ts', "const todo = 'TODO';")).toEqual([]);
  });

  test('tests are not left out, but by the support files', () => {
    for (const call of [
      "test.skip('a')",
      "describe.only('a')",
      "test.concurrent.only('a')",
      "it.todo('a')",
      "test.skipIf(b)('a')",
      'ctx.skip()',
    ]) {
      expect(faultsIn(shape.skippedTestFaults, 'server/test/a.test.ts', call)).toEqual(['skipped-test']);
    }
    expect(faultsIn(shape.skippedTestFaults, 'server/test/support/parts.ts', 'describe.skip')).toEqual([]);
    expect(faultsIn(shape.skippedTestFaults, 'server/test/a.test.ts', "needs('redis')('a', () => {}); rows.skip(1);")).toEqual([]);
  });

  test('what a page shows is asked for until it is so', () => {
    const inPage = (text: string): string[] => faultsIn(shape.askedOnceFaults, 'web/test/a.test.ts', text);
    for (const once of [
      "expect(await page.getByRole('row').count()).toBe(1);",
      "expect((await panel.innerText()).split('\\n')[0]).toBe('Name');",
      "expect([await field.inputValue(), 1]).toEqual(['a', 1]);",
      'expect(await page.evaluate(() => document.title)).toBe(say.title);',
      "expect(page.url()).toContain('/members');",
      "expect(new URL(page.url()).pathname).toBe('/');",
    ])
      expect(inPage(once)).toEqual(['asked-once']);
    for (const fine of [
      "await expect.poll(() => page.getByRole('row').count()).toBe(1);",
      'expect(await page.content()).not.toContain(key);',
      'expect(await visitor.axe()).toEqual([]); const n = await rows.count();',
      "expect(page.url()).not.toContain('token');",
    ])
      expect(inPage(fine)).toEqual([]);
    expect(faultsIn(shape.askedOnceFaults, 'server/test/a.test.ts', 'expect(await rows.count()).toBe(1);')).toEqual([]);
  });

  test('a file of the page that comes when it is wanted is waited for', () => {
    const inPage = (text: string): string[] => faultsIn(shape.unwaitedFileFaults, 'web/src/a.ts', text);
    for (const bare of ["const load = () => import('./A.tsx');", "(await import('../B.ts')).B", "loaded(() => import('./A.tsx'))"])
      expect(inPage(bare)).toEqual(['unwaited-file']);
    for (const fine of [
      "wanted(() => import('./A.tsx'))",
      "whenIdle(() => void import('./A.tsx').catch(ignored))",
      "type A = typeof import('./A.tsx');",
      "() => import('shiki/langs/c.mjs')",
    ])
      expect(inPage(fine)).toEqual([]);
    expect(faultsIn(shape.unwaitedFileFaults, 'tools/a.ts', "await import('./b.ts')")).toEqual([]);
  });
});

test('the whole tree is judged, and each fault says where it is and what to do', () => {
  const faults = tidy(fileURLToPath(new URL('../..', import.meta.url)));
  expect(faults.every((fault) => fault.path !== '' && fault.line > 0 && fault.todo !== '')).toBe(true);
});
