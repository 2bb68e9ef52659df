/** Checks the house rules that no linter knows, in well under a second. Prints `path:line: rule: what to do`; exit code 1 on faults. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { proportionFaults, routeFaults } from './tidy/coverage.ts';
import { barrelFaults, cycleFaults, layerFaults } from './tidy/layers.ts';
import { type Catalogue, catalogueFaults, mentionsIn, readCatalogue, unusedMessageFaults } from './tidy/messages.ts';
import { privilegeFaults } from './tidy/privileges.ts';
import { queryKeyFaults } from './tidy/query-keys.ts';
import {
  anyFaults,
  askedOnceFaults,
  unwaitedFileFaults,
  checkOffFaults,
  fileLengthFaults,
  functionLengthFaults,
  laterFaults,
  openingFaults,
  skippedTestFaults,
} from './tidy/shape.ts';
import { type Fault, type Source, readSource } from './tidy/source.ts';
import { fileNameFaults, vendorFaults, wordFaults } from './tidy/words.ts';

const folders = ['contract', 'client', 'server', 'web', 'tools', 'scripts'];
const left = new Set(['node_modules', 'dist', 'coverage', 'fixtures']);
const isCode = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Rules that look at one file. */
const ofOneFile: readonly ((source: Source) => Fault[])[] = [
  layerFaults,
  barrelFaults,
  privilegeFaults,
  fileLengthFaults,
  functionLengthFaults,
  openingFaults,
  anyFaults,
  checkOffFaults,
  laterFaults,
  skippedTestFaults,
  askedOnceFaults,
  unwaitedFileFaults,
  wordFaults,
  vendorFaults,
];
/** Rules that look at all of them. */
const ofAllFiles: readonly ((sources: readonly Source[]) => Fault[])[] = [cycleFaults, proportionFaults, routeFaults, queryKeyFaults];

function pathsBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return left.has(entry.name) ? [] : pathsBelow(root, path);
    return entry.isFile() ? [path] : [];
  });
}

function messageFaults(root: string, sources: readonly Source[]): Fault[] {
  const allowed = new Set(JSON.parse(readFileSync(join(root, 'tools/tidy/same-in-both.json'), 'utf8')) as string[]);
  const read = (path: string): Catalogue => readCatalogue(path, readFileSync(join(root, path), 'utf8'));
  return [
    { folder: 'contract/src/messages', readers: /^(?:contract|server|web|client)\/src\// },
    { folder: 'web/src/messages', readers: /^(?:contract|web)\/src\// },
  ].flatMap(({ folder, readers }) => {
    const [en, id] = [`${folder}/en.json`, `${folder}/id.json`];
    if (!existsSync(join(root, en)) || !existsSync(join(root, id))) return [];
    const english = read(en);
    const mentions = mentionsIn(sources.filter((source) => readers.test(source.path)));
    return [...catalogueFaults(english, read(id), allowed), ...unusedMessageFaults(english, mentions)];
  });
}

/** Every fault of the tree below `root`, in the order of paths and lines. */
export function tidy(root: string): Fault[] {
  const paths = folders.flatMap((folder) => pathsBelow(root, folder));
  const sources = paths.filter((path) => isCode.test(path)).map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));
  const faults = [
    ...paths.flatMap(fileNameFaults),
    ...sources.flatMap((source) => ofOneFile.flatMap((rule) => rule(source))),
    ...ofAllFiles.flatMap((rule) => rule(sources)),
    ...messageFaults(root, sources),
  ];
  return faults.toSorted((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

if (import.meta.main) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const only = process.argv.slice(2).map((path) => relative(root, join(process.cwd(), path)));
  const faults = tidy(root).filter(({ path }) => only.length === 0 || only.some((prefix) => path.startsWith(prefix)));
  for (const { path, line, rule, todo } of faults) console.log(`${path}:${line}: ${rule}: ${todo}`);
  if (faults.length > 0) {
    console.error(`tidy: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`);
    process.exitCode = 1;
  }
}
