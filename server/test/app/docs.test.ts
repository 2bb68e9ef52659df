/** The documents name what exists: settings, files, functions and each other. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { settingNames } from '../../src/app/setting-names.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pagesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path));
const pages = ['README.md', ...pagesBelow('docs')];

describe('the table of settings in the README', () => {
  const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)`( ✱)? \|/gm)].map(([, name = '', star]) => ({
    name,
    isSecret: star !== undefined,
  }));

  test('has every setting and no other, and marks those that may be files', () => {
    const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);
    expect(rows.toSorted(byName)).toEqual([...settingNames].toSorted(byName));
  });
});

describe('the documents', () => {
  test.each(pages)('%s names no setting that does not exist', (page) => {
    const known = new Set(settingNames.flatMap(({ name, isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name])));
    // A shell variable in an example, and two mistypings that a table shows.
    const others = new Set(['PATCHBAY_KEY', 'PATCHBAY_']);
    const named = [...read(page).matchAll(/\bPATCHBAY_[A-Z_]*/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name) && !others.has(name))).toEqual([]);
  });

  test.each(pages)('%s links to pages that exist', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    const own = links.filter((link) => !/^https?:/.test(link) && !link.startsWith('docs/images/'));
    expect(own.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  test('each guide that exists in Indonesian exists in English too', () => {
    const translated = pages.filter((page) => page.endsWith('.id.md'));
    expect(translated.length).toBeGreaterThanOrEqual(2);
    expect(translated.filter((page) => !pages.includes(page.replace('.id.md', '.md')))).toEqual([]);
  });
});

describe('docs/ways.md', () => {
  const text = read('docs/ways.md');
  const isHere = (path: string): boolean => existsSync(join(root, 'server/src', path)) || existsSync(join(root, path));

  test('names only files and folders that exist', () => {
    const paths = [...text.matchAll(/`([a-z][\w./-]*\.ts|[a-z][\w-]*\/)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => path.includes('/'));
    expect(paths.length).toBeGreaterThan(35);
    expect(paths.filter((path) => !isHere(path))).toEqual([]);
  });

  test('names only functions that the file beside them has', () => {
    const pairs = [...text.matchAll(/`([a-z][\w/-]*\.ts)`\s+`([A-Za-z]\w*)`/g)].map(([, path = '', name = '']) => ({ path, name }));
    expect(pairs.length).toBeGreaterThan(20);
    const missing = pairs.filter(({ path, name }) => !new RegExp(`\\b${name}\\b`).test(read(join('server/src', path))));
    expect(missing).toEqual([]);
  });
});
