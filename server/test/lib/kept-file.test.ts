/** Files that are taken in piece by piece: whole and known by their hash, or not there at all. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dropFile, FileTooLarge, hasFile, keepFile, readKept } from '../../src/lib/kept-file.ts';
import { freshDir } from '../support/throwaway.ts';

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const textOf = async (dir: string, name: string): Promise<string> => {
  let text = '';
  for await (const piece of readKept(dir, name)) text += piece.toString('utf8');
  return text;
};

test('what was brought in pieces is one file, with its size and hash, and nobody else may read it', async () => {
  const dir = join(freshDir('kept'), 'made-when-needed');
  const kept = await keepFile(dir, 'a', pieces('one ', '', 'two'), 100);
  expect(kept).toEqual({ bytes: 7, hash: createHash('sha256').update('one two').digest('hex') });
  expect(await textOf(dir, 'a')).toBe('one two');
  expect(statSync(join(dir, 'a')).mode & 0o777).toBe(0o600);
  expect(hasFile(dir, 'a')).toBe(true);
});

test('one byte too many leaves nothing behind; exactly as many as may be are taken', async () => {
  const dir = freshDir('kept');
  await expect(keepFile(dir, 'a', pieces('1234', '5'), 4)).rejects.toThrow(FileTooLarge);
  expect(readdirSync(dir)).toEqual([]);
  expect((await keepFile(dir, 'a', pieces('1234'), 4)).bytes).toBe(4);
});

test('a line that breaks leaves nothing behind, and says why', async () => {
  const dir = freshDir('kept');
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('the line broke');
  }
  await expect(keepFile(dir, 'a', broken(), 100)).rejects.toThrow('the line broke');
  expect(readdirSync(dir)).toEqual([]);
});

test('what the disk takes a part of is refused and leaves nothing behind, a spool as well', () => {
  const dir = freshDir('kept');
  const [kept, spool] = ['kept-file', 'spool'].map((name) => JSON.stringify(new URL(`../../src/lib/${name}.ts`, import.meta.url).href));
  const program = `import { keepFile } from ${kept}; import { openSpool } from ${spool};
    process.on('SIGXFSZ', () => undefined);
    const bytes = Buffer.alloc(50_000, 97);
    const told = (work) => work.then(() => 'taken', ({ code }) => code);
    const dir = ${JSON.stringify(dir)};
    const spool = await openSpool(dir, 'spool');
    console.log(await told(keepFile(dir, 'a', (async function* () { yield bytes; })(), 1e6)), await told(spool.write(bytes).written));`;
  // A limit of the system stands for a disk that has room for 20 KiB.
  const script = 'ulimit -f 20 && exec "$0" --input-type=module -e "$1"';
  const { stdout } = spawnSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
  expect([stdout.trim(), readdirSync(dir)]).toEqual(['EFBIG EFBIG', []]);
});

test('a file that is there is never written over', async () => {
  const dir = freshDir('kept');
  await keepFile(dir, 'a', pieces('first'), 100);
  await expect(keepFile(dir, 'a', pieces('second'), 100)).rejects.toThrow(/EEXIST/);
  expect(await textOf(dir, 'a')).toBe('first');
});

test('removing one that is not there is no fault', async () => {
  const dir = freshDir('kept');
  await dropFile(dir, 'a');
  await keepFile(dir, 'a', pieces('x'), 100);
  await dropFile(dir, 'a');
  expect(hasFile(dir, 'a')).toBe(false);
});
