/**
 * Builds the client for people who do not have this repository: plain JavaScript for `import` and for `require`, types that need no
 * other package, and a package.json. `node tools/client-build.ts [folder]`, `client/dist` without it; pack it with `npm pack`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { z } from 'zod';
import { typeText, type SchemaNode } from './client/type-text.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const fromContract = /@patchbay\/contract\/([\w-]+)/g;

/** JavaScript without a dependency, in both forms of module. */
async function writeCode(outDir: string): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      outDir,
      emptyOutDir: false,
      minify: false,
      target: 'es2022',
      lib: {
        entry: join(root, 'client/src/core.ts'),
        formats: ['es', 'cjs'],
        fileName: (format) => (format === 'es' ? 'esm/index.js' : 'cjs/index.js'),
      },
    },
  });
}

/** The declarations of the client and of what it names of the contract, as the compiler writes them. */
function declare(folder: string): void {
  const options = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: folder,
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const config = join(folder, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: options,
      include: ['client/src', 'contract/src'].map((part) => join(root, part)),
    }),
  );
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

const schemaText = (schema: z.ZodType, io: 'input' | 'output'): string =>
  typeText(z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as SchemaNode);

/** One module of the contract without zod: its schemas say what goes in and what comes out, and nothing else. */
async function withoutZod(name: string): Promise<string> {
  const source = readFileSync(join(root, `contract/src/${name}.ts`), 'utf8');
  const exported = (await import(new URL(`../contract/src/${name}.ts`, import.meta.url).href)) as Record<string, unknown>;
  const schemas = Object.entries(exported).filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType);
  const lines = schemas.map(
    ([schemaName, schema]) =>
      `export declare const ${schemaName}: { _zod: { input: ${schemaText(schema, 'input')}; output: ${schemaText(schema, 'output')} } };`,
  );
  // Lists of words and the types that are made of them.
  for (const [constName, value] of Object.entries(exported).filter(([, one]) => !(one instanceof z.ZodType) && typeof one !== 'function'))
    lines.push(`export declare const ${constName}: ${Array.isArray(value) ? 'readonly ' : ''}${JSON.stringify(value)};`);
  for (const [line, of] of source.matchAll(/^export type \w+ = (?:keyof )?\(?typeof (\w+)\)?(?:\[number\])?;/gm))
    if (of !== undefined && of in exported) lines.push(line);
  for (const [, alias, type] of source.matchAll(/^export type (\w+) =\s*([^;]*\bz\.(?:output|infer|input)<[^;]*);/gm)) {
    const own = type!.replaceAll(/z\.(output|infer|input)<typeof (\w+)>/g, (_all, io: string, schemaName: string) => {
      if (!(schemaName in exported)) throw new Error(`contract/${name}: export ${schemaName}, the type ${alias} is made of it`);
      return `(typeof ${schemaName})['_zod']['${io === 'input' ? 'input' : 'output'}']`;
    });
    lines.push(`export type ${alias} = ${own};`);
  }
  return `${lines.join('\n')}\n`;
}

/** The declarations with nothing in them that the reader would have to install. */
async function writeTypes(outDir: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'patchbay-client-'));
  try {
    declare(folder);
    const used = new Set<string>();
    for (const file of readdirSync(join(folder, 'client/src'))) {
      const text = readFileSync(join(folder, 'client/src', file), 'utf8');
      for (const [, name] of text.matchAll(fromContract)) used.add(name!);
      const own = text.replaceAll(fromContract, './contract/$1.js').replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'");
      writeBoth(outDir, file, own);
    }
    for (const name of used) {
      const declared = readFileSync(join(folder, `contract/src/${name}.d.ts`), 'utf8');
      writeBoth(outDir, `contract/${name}.d.ts`, declared.includes("from 'zod'") ? await withoutZod(name) : declared);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeBoth(outDir: string, file: string, text: string): void {
  for (const form of ['esm', 'cjs']) {
    mkdirSync(join(outDir, form, 'types/contract'), { recursive: true });
    writeFileSync(join(outDir, form, 'types', file), text);
  }
}

function writePackage(outDir: string): void {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8')) as Record<string, string>;
  const entry = (form: string): object => ({ types: `./${form}/types/core.d.ts`, default: `./${form}/index.js` });
  const description = {
    name,
    version,
    license,
    description: 'The TypeScript client of Patchbay',
    type: 'module',
    main: './cjs/index.js',
    types: './esm/types/core.d.ts',
    exports: { '.': { import: entry('esm'), require: entry('cjs') } },
    engines: { node: '>=20' },
    sideEffects: false,
  };
  writeFileSync(join(outDir, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  for (const [form, type] of [
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ] as const)
    writeFileSync(join(outDir, form, 'package.json'), `${JSON.stringify({ type })}\n`);
  cpSync(join(root, 'client/README.md'), join(outDir, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(outDir, 'LICENSE'));
}

/** Writes the whole package into `outDir`, in place of what was there. */
export async function buildClient(outDir: string): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  await writeCode(outDir);
  await writeTypes(outDir);
  writePackage(outDir);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outDir = resolve(process.argv[2] ?? join(root, 'client/dist'));
  await buildClient(outDir);
  console.log(outDir);
}
