/** The client as strangers get it: built, put into an empty project with nothing else in it, compiled against, and run. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeProvider, type FakeProvider } from '../../server/test/support/fake-provider.ts';
import { openHouse, type House } from '../../server/test/support/house.ts';
import { buildClient } from '../../tools/client-build.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const limitMs = 180_000;

let folder = '';
let house: House;
let provider: FakeProvider;
let environment: Record<string, string> = {};

function run(args: readonly string[]): Promise<{ code: number; out: string }> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env, timeout: limitMs }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: `${out}${err}` }),
    );
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'patchbay-package-'));
  const place = join(folder, 'node_modules/@patchbay/client');
  mkdirSync(place, { recursive: true });
  await buildClient(place);
  cpSync(join(root, 'client/examples'), join(folder, 'examples'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  provider = await startFakeProvider();
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  const sari = await house.createResident('Sari');
  const post = async (path: string, body: object): Promise<string> =>
    (await house.request('POST', path, { token: sari.token, body })).at('data.key');
  const connection = { provider: 'custom', baseUrl: provider.baseUrl, apiKey: 'sk-test-0123456789ab', model: 'gpt-4o' };
  await house.request('POST', '/api/configurations', { token: sari.token, body: { name: 'Chat', ...connection } });
  const keys = [];
  for (const name of ['one', 'two', 'three']) keys.push(await post('/api/access-keys', { name }));
  environment = {
    PATCHBAY_URL: house.url,
    PATCHBAY_TOKEN: sari.token,
    PATCHBAY_KEY: keys[0]!,
    PATCHBAY_MODEL: 'Chat/gpt-4o',
    PROVIDER_URL: provider.baseUrl,
    PROVIDER_KEY: 'sk-test-0123456789ab',
  };
}, limitMs);

afterAll(async () => {
  await house?.close();
  await provider?.close();
  rmSync(folder, { recursive: true, force: true });
});

const told: Readonly<Record<string, readonly RegExp[]>> = {
  'chat.ts': [/fox.*\n.*fox/, /^gpt-4o: \d+ tokens in, \d+ out, /m],
  'connection.ts': [/made Example, its key is shown as \*\*\*89ab/, /^ok reach$/m, /removed/],
  'errors.ts': [/^refused: name$/m, /^refused: 404 NOT_FOUND$/m, /^no answer: unreachable$/m],
  'lists.ts': [/^one$/m, /^3 keys$/m, /^0 requests above a cent$/m],
};

describe('the built package', { timeout: limitMs }, () => {
  test('has no dependency, and its types name none', () => {
    const place = join(folder, 'node_modules/@patchbay/client');
    expect(JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies');
    for (const file of readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:js|d\.ts)$/.test(name)))
      for (const [, from] of readFileSync(join(place, file), 'utf8').matchAll(
        /(?:\bfrom\s+|\bimport\(\s*|\brequire\(\s*)['"]([^'"]+)['"]/g,
      ))
        expect(from, file).toMatch(/^\.\.?\//);
  });

  test('gives the same class to import and to require', async () => {
    const wanted = '["FlashbackClient","HttpError","NetworkError","PatchbayClient","StreamError","eachRow"]';
    const printed = 'console.log(JSON.stringify(Object.keys(client).filter((name) => name !== "default").toSorted()))';
    const imported = `import * as client from '@patchbay/client'; ${printed}`;
    expect((await run(['--input-type=module', '-e', imported])).out.trim()).toBe(wanted);
    expect((await run(['--input-type=commonjs', '-e', `const client = require('@patchbay/client'); ${printed}`])).out.trim()).toBe(wanted);
  });

  test('types answers for both kinds of module, checked strictly with no other package there', async () => {
    const use = `
      const client = new PatchbayClient({ baseUrl: 'https://patchbay.example.org' });
      export async function names(): Promise<string[]> {
        const made = await client.configurations.create({ name: 'a', provider: 'openai', apiKey: 'sk-a' });
        const name: string = made.name;
        // @ts-expect-error a name is a text, also after the schemas were written out as types
        const wrong: number = made.name;
        for await (const key of eachRow((cursor) => client.accessKeys.list({ cursor }))) console.log(key.name satisfies string, wrong);
        return [name];
      }`;
    writeFileSync(join(folder, 'use.mts'), `import { eachRow, PatchbayClient } from '@patchbay/client';${use}`);
    writeFileSync(join(folder, 'use.cts'), `import { eachRow, PatchbayClient } from '@patchbay/client';${use}`);
    const options = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      skipLibCheck: false,
      types: ['node'],
      lib: ['esnext'],
    };
    const own = { typeRoots: [join(root, 'node_modules/@types')], allowImportingTsExtensions: true };
    const include = ['use.mts', 'use.cts', 'examples'];
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, ...own }, include }));
    expect(await run([join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])).toEqual({ code: 0, out: '' });
  });

  test('every example has its expectation here', () => {
    const files = readdirSync(join(root, 'client/examples')).filter((file) => file !== 'settings.ts');
    expect(files.toSorted()).toEqual(Object.keys(told).toSorted());
  });

  test.each(Object.keys(told))('examples/%s runs against a server and does what it says', async (file) => {
    const { code, out } = await run([join('examples', file)]);
    expect(out).not.toContain('Error');
    for (const line of told[file]!) expect(out).toMatch(line);
    expect(code).toBe(0);
  });
});
