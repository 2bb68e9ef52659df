/** Every deed that the server writes into the audit log has its sentence, in both languages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { revisionTypes } from '@patchbay/contract/revision-types';
import { expect, test } from 'vitest';

const server = join(import.meta.dirname, '../../server/src');
const messages = (language: 'en' | 'id'): Record<string, string> =>
  (
    JSON.parse(readFileSync(join(import.meta.dirname, `../src/messages/${language}.json`), 'utf8')) as {
      audit: { did: Record<string, string> };
    }
  ).audit.did;

/** Looks that are only ever noted where they are refused: the sentence for anything else serves them. */
const refusedLooks = /\.(?:show|history|access|usage|models|health|failures|access|attach|connection|read|limits)$/;

function deedsOfServer(): string[] {
  const found = new Set<string>();
  for (const folder of ['control', 'control/people', 'jobs'])
    for (const file of readdirSync(join(server, folder)).filter((name) => name.endsWith('.ts'))) {
      const text = readFileSync(join(server, folder, file), 'utf8');
      for (const [, deed] of text.matchAll(/(?:\bdeedO[nf]\((?:deps, )?|\baction: )'([a-z][a-z_-]*\.[a-z][a-z.-]+)'/g)) found.add(deed!);
      for (const [, deed] of text.matchAll(/\bnote\([^']*'([a-z][a-z_-]*\.[a-z][a-z.-]+)'/g)) found.add(deed!);
    }
  return [...found];
}

test('every deed of the server has a sentence in both languages that says who, and of what', () => {
  const deeds = deedsOfServer().filter((deed) => !refusedLooks.test(deed));
  expect(deeds.length).toBeGreaterThan(60);
  for (const language of ['en', 'id'] as const) {
    const did = messages(language);
    const keyOf = (deed: string): string => deed.replaceAll('.', '__').replaceAll('-', '_');
    expect(deeds.filter((deed) => did[keyOf(deed)] === undefined)).toEqual([]);
    for (const [key, text] of Object.entries(did)) expect(text, `${language} ${key}`).toContain('{who}');
  }
});

test('whatever has a history has a sentence for the way back', () => {
  const did = messages('en');
  for (const type of revisionTypes) {
    const key = type.replaceAll('-', '_');
    expect(did[`${key}__rollback`], type).toMatch(/rolled back/);
  }
});
