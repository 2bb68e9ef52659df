/** Weighs the built page as a first visit loads it, gzip, and fails over the budget: `node tools/web-size.ts` after the web build. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Kilobytes of 1000 bytes, as browsers' tools count them; and files, of which a browser takes six at a time. */
const budgets = { script: 220, style: 45, files: 18 };

interface Chunk {
  file: string;
  isEntry?: boolean;
  isDynamicEntry?: boolean;
  imports?: string[];
  css?: string[];
}
export type Manifest = Record<string, Chunk>;

/** The files that a chunk needs, with those of everything it imports at once. */
export function filesOf(manifest: Manifest, name: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (!chunk || seen.has(name)) return new Set();
  seen.add(name);
  const own = [chunk.file, ...(chunk.css ?? [])];
  return new Set([...own, ...(chunk.imports ?? []).flatMap((other) => [...filesOf(manifest, other, seen)])]);
}

export interface Weight {
  page: string;
  scriptKb: number;
  styleKb: number;
  files: number;
}

/** For each page: the entry, the page and whatever both of them need, in kilobytes of gzip. The texts of a language are data, and no script. */
export function weigh(dist: string): Weight[] {
  const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8')) as Manifest;
  const names = Object.keys(manifest);
  const entry = names.find((name) => manifest[name]?.isEntry) ?? '';
  const kilobytes = (file: string): number => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1000;
  const sum = (files: Iterable<string>, ending: string): number =>
    [...files].filter((file) => file.endsWith(ending)).reduce((total, file) => total + kilobytes(file), 0);
  // What a page loads when it is wanted, such as a grammar of code, is no page.
  const isPage = (name: string): boolean => manifest[name]?.isDynamicEntry === true && name.startsWith('src/app/');
  return names.filter(isPage).map((page) => {
    const files = new Set([...filesOf(manifest, entry), ...filesOf(manifest, page)]);
    return { page, scriptKb: sum(files, '.js'), styleKb: sum(files, '.css'), files: files.size };
  });
}

export const isOver = ({ scriptKb, styleKb, files }: Weight): boolean =>
  scriptKb > budgets.script || styleKb > budgets.style || files > budgets.files;

if (import.meta.main) {
  const dist = join(dirname(fileURLToPath(import.meta.url)), '../web/dist');
  if (!existsSync(join(dist, '.vite/manifest.json'))) {
    console.error('web/dist holds no build: run `npx vite build -c web/vite.config.ts` first');
    process.exit(1);
  }
  const weights = weigh(dist);
  for (const weight of weights) {
    const { page, scriptKb, styleKb, files } = weight;
    console.log(
      `${isOver(weight) ? 'OVER' : 'ok  '} ${page}: script ${scriptKb.toFixed(1)} of ${budgets.script} KB, style ${styleKb.toFixed(1)} of ${budgets.style} KB, ${files} of ${budgets.files} files`,
    );
  }
  process.exit(weights.some(isOver) ? 1 : 0);
}
