/** Reads docs/requirements.md and docs/acceptance.md and says how much of them tests prove. With --check it fails when a test that is named there is missing. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testCasesOf } from './tidy/coverage.ts';
import { readSource } from './tidy/source.ts';

export interface Requirement {
  id: string;
  promise: string;
  /** Empty while the requirement is open. */
  provenBy: { file: string; title: string }[];
  table: (typeof tables)[number];
  line: number;
}

/** The tables that are held to their tests. */
export const tables = ['docs/requirements.md', 'docs/acceptance.md'] as const;

const row = /^\|\s*([ACDR]-\d+)\s*\|\s*((?:\\\||[^|])*?)\s*\|\s*((?:\\\||[^|])*?)\s*\|/;

/** The rows of the table. A row whose coverage is neither `open` nor `file · title` throws. */
export function readRequirements(markdown: string, table: (typeof tables)[number] = 'docs/requirements.md'): Requirement[] {
  return markdown.split('\n').flatMap((text, index) => {
    const found = row.exec(text);
    if (!found) return [];
    const [, id = '', promise = '', covered = ''] = found;
    const pieces = covered === 'open' ? [] : covered.split('<br>').map((piece) => piece.replaceAll('`', '').trim());
    const provenBy = pieces.map((piece) => {
      const [file = '', title = ''] = piece.split('·').map((part) => part.trim());
      if (file === '' || title === '') throw new Error(`${table}:${index + 1}: ${id} needs "open" or "test file · title"`);
      return { file, title };
    });
    return [{ id, promise, provenBy, table, line: index + 1 }];
  });
}

/** What is wrong with the table: ids that come twice, files that do not exist, titles that no test of the file has. */
export function requirementFaults(requirements: readonly Requirement[], readText: (path: string) => string | undefined): string[] {
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const { id, provenBy, table, line } of requirements) {
    const at = `${table}:${line}: ${id}`;
    if (seen.has(id)) faults.push(`${at} comes twice`);
    seen.add(id);
    for (const { file, title } of provenBy) {
      const text = readText(file);
      const cases = text === undefined ? [] : testCasesOf(readSource(file, text));
      if (text === undefined) faults.push(`${at}: there is no ${file}`);
      else if (!cases.some((test) => [...test.groups, test.title].some((name) => name.includes(title)))) {
        faults.push(`${at}: ${file} has no test "${title}"`);
      }
    }
  }
  return faults;
}

/** One line per kind of requirement, and one for all. */
export function summaryOf(requirements: readonly Requirement[]): string[] {
  const kinds = [...new Set(requirements.map(({ id }) => id.slice(0, 2)))];
  const count = (name: string, rows: readonly Requirement[]): string =>
    `${name}: ${rows.filter((entry) => entry.provenBy.length > 0).length} of ${rows.length} proven`;
  return [
    ...kinds.map((kind) =>
      count(
        kind,
        requirements.filter(({ id }) => id.startsWith(kind)),
      ),
    ),
    count('all', requirements),
  ];
}

if (import.meta.main) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const readText = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  const requirements = tables.flatMap((table) => readRequirements(readText(table) ?? '', table));
  for (const line of summaryOf(requirements)) console.log(line);
  const faults = requirementFaults(requirements, readText);
  for (const fault of faults) console.error(fault);
  if (process.argv.includes('--check') && faults.length > 0) process.exitCode = 1;
}
