/** The weighing of the built page: what counts as a first load. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesOf, isOver, weigh, type Manifest } from '../web-size.ts';

const manifest: Manifest = {
  'index.html': { file: 'assets/index.js', isEntry: true, css: ['assets/index.css'] },
  'src/app/page.tsx': { file: 'assets/page.js', isDynamicEntry: true, imports: ['index.html', '_shared.js'], css: ['assets/page.css'] },
  '_shared.js': { file: 'assets/shared.js', imports: ['src/app/page.tsx'] },
  'src/app/other.tsx': { file: 'assets/other.js', isDynamicEntry: true },
  'node_modules/grammar.js': { file: 'assets/grammar.js', isDynamicEntry: true },
};

test('a page weighs its own chunk, the entry and everything either imports, each once', () => {
  expect([...filesOf(manifest, 'src/app/page.tsx')].toSorted()).toEqual([
    'assets/index.css',
    'assets/index.js',
    'assets/page.css',
    'assets/page.js',
    'assets/shared.js',
  ]);
});

test('each page is weighed in kilobytes of gzip, and what is over its budget is told', () => {
  const dist = mkdtempSync(join(tmpdir(), 'patchbay-dist-'));
  mkdirSync(join(dist, '.vite'));
  mkdirSync(join(dist, 'assets'));
  writeFileSync(join(dist, '.vite/manifest.json'), JSON.stringify(manifest));
  for (const name of ['index.js', 'index.css', 'page.js', 'page.css', 'shared.js', 'other.js', 'grammar.js'])
    writeFileSync(join(dist, 'assets', name), 'a'.repeat(100_000));
  const weights = weigh(dist);
  rmSync(dist, { recursive: true });
  expect(weights.map(({ page }) => page)).toEqual(['src/app/page.tsx', 'src/app/other.tsx']);
  // 100 kB of one letter compress to about 0.1 kB.
  expect(weights[0]!.scriptKb).toBeGreaterThan(weights[1]!.scriptKb);
  expect(weights[0]!.scriptKb).toBeLessThan(2);
  expect(isOver(weights[0]!)).toBe(false);
  expect(isOver({ page: 'x', scriptKb: 220.1, styleKb: 1, files: 2 })).toBe(true);
  expect(isOver({ page: 'x', scriptKb: 1, styleKb: 45.1, files: 2 })).toBe(true);
  expect(isOver({ page: 'x', scriptKb: 1, styleKb: 1, files: 19 })).toBe(true);
});
