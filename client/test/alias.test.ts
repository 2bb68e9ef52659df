/** The import line of the documents, `@flashback/client`, under the tsconfig path that client/README.md gives (R-247, C-52). */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const limitMs = 180_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchbay-alias-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The alias as the document gives it, with the place of this repository for the place of the reader's copy. */
function documentedPaths(): Record<string, string[]> {
  const readme = readFileSync(`${root}client/README.md`, 'utf8');
  const block = /```json\n([\s\S]*?)```/.exec(readme)?.[1];
  const { compilerOptions } = JSON.parse(block ?? '{}') as { compilerOptions: { paths: Record<string, string[]> } };
  return Object.fromEntries(
    Object.entries(compilerOptions.paths).map(([name, places]) => [name, places.map((place) => place.replace('./patchbay/', root))]),
  );
}

/** What the compiler says of one file in a project of its own; empty for nothing. */
function compile(source: string, paths: Record<string, string[]>): Promise<string> {
  const options = { noEmit: true, rootDir: '/', typeRoots: [`${root}node_modules/@types`], paths };
  writeFileSync(join(folder, 'main.ts'), source);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: `${root}tsconfig.json`, compilerOptions: options, include: ['main.ts'] }),
  );
  const args = [`${root}node_modules/typescript/bin/tsc`, '-p', folder];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: limitMs }, (error, out, err) =>
      resolve(error === null ? '' : `${out}${err}${error.message}`),
    );
  });
}

const line = "import { FlashbackClient } from '@flashback/client';\n";
const use = `
const client = new FlashbackClient({ apiKey: 'pb-token', baseUrl: 'https://patchbay.example.org' });
const { aiLlms } = await client.getAiLlms('workspace');
export const names: string[] = aiLlms.map(({ name }) => name);
`;

describe('@flashback/client', { timeout: limitMs }, () => {
  test('the documented path makes the import line of the documents compile', async () => {
    expect(Object.keys(documentedPaths())).toContain('@flashback/client');
    expect(await compile(line + use, documentedPaths())).toBe('');
  });

  test('and it is typed: what the client does not have does not compile', async () => {
    expect(await compile(`${line}new FlashbackClient({ apiKey: 'a', baseUrl: 'b' }).nothing();`, documentedPaths())).toContain("'nothing'");
  });

  test("without the path the name is nobody's: it is never taken from elsewhere", async () => {
    expect(await compile(line + use, {})).toContain("'@flashback/client'");
  });
});
