/** Uploads on the disk: whole, nameless, bounded, and gone when they are given back. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { afterAll, describe, expect, test } from 'vitest';
import { writeForm, type Form } from '../../src/lib/form.ts';
import { bytesInSpools, openSpool, SpoolFull, type Extent, type Spool } from '../../src/lib/spool.ts';
import { freshDir } from '../support/throwaway.ts';

const dir = freshDir('spool');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function textOf(spool: Spool, extent: Extent): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read(extent)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

describe('a spool', () => {
  test('gives back what was written, wherever it lies and in whichever order it was written', async () => {
    const spool = await openSpool(dir, 'order');
    const texts = ['first', 'x'.repeat(200_000), 'third'];
    const writes = texts.map((text) => spool.write(Buffer.from(text)));
    await Promise.all(writes.map(({ written }) => written));
    for (const [at, text] of texts.entries()) expect(await textOf(spool, writes[at]!.extent)).toBe(text);
    expect(await textOf(spool, { start: 3, length: 4 })).toBe('stxx');
    await spool.close();
  });

  test('has no name on the disk, in a folder that is nobody else’s', async () => {
    const folder = join(dir, 'made', 'here');
    const spool = await openSpool(folder, 'nameless');
    await spool.write(Buffer.from('secret sound')).written;
    expect(readdirSync(folder)).toEqual([]);
    expect(statSync(folder).mode & 0o077).toBe(0);
    await spool.close();
    expect(existsSync(join(folder, 'nameless'))).toBe(false);
  });

  test('counts what all of them hold, and gives it back once', async () => {
    const before = bytesInSpools();
    const spool = await openSpool(dir, 'counted');
    await spool.write(Buffer.alloc(1000)).written;
    expect(bytesInSpools()).toBe(before + 1000);
    await spool.close();
    await spool.close();
    expect(bytesInSpools()).toBe(before);
  });

  test('takes and gives nothing after it was closed', async () => {
    const spool = await openSpool(dir, 'closed');
    const { extent, written } = spool.write(Buffer.from('abc'));
    await written;
    await spool.close();
    await expect(spool.write(Buffer.from('x')).written).rejects.toThrow(SpoolFull);
    await expect(textOf(spool, extent)).rejects.toThrow('closed');
  });

  test('says so where its file is shorter than its bytes', async () => {
    const spool = await openSpool(dir, 'short');
    await expect(textOf(spool, { start: 0, length: 1 })).rejects.toThrow('ended');
    await spool.close();
  });
});

describe('a form that is written anew', () => {
  const read = (written: ReturnType<typeof writeForm>): Promise<FormData> =>
    new Response(Readable.toWeb(written.open()) as ReadableStream<Uint8Array>, {
      headers: { 'content-type': written.contentType },
    }).formData();

  async function formOf(spool: Spool, bytes: string): Promise<Form> {
    const half = Math.ceil(bytes.length / 2);
    const writes = [bytes.slice(0, half), 'of another file', bytes.slice(half)].map((piece) => spool.write(Buffer.from(piece)));
    await Promise.all(writes.map(({ written }) => written));
    const extents = [writes[0]!.extent, writes[2]!.extent];
    return {
      spool,
      parts: [
        { name: 'file', fileName: 'a.wav', mediaType: 'audio/wav', extents },
        { name: 'model', value: 'asked' },
        { name: 'prompt', value: 'a\r\n--b\r\nb' },
      ],
    };
  }

  test('has its parts in their order, the new texts, and exactly the length that it names', async () => {
    const spool = await openSpool(dir, 'form');
    const written = writeForm(await formOf(spool, 'sound '.repeat(30_000)), 'unguessable', { model: 'theirs' });
    const form = await read(written);
    expect([...form.keys()]).toEqual(['file', 'model', 'prompt']);
    expect([form.get('model'), form.get('prompt')]).toEqual(['theirs', 'a\r\n--b\r\nb']);
    expect(await (form.get('file') as File).text()).toBe('sound '.repeat(30_000));
    let length = 0;
    for await (const piece of written.open()) length += (piece as Buffer).length;
    expect(length).toBe(written.length);
    await spool.close();
  });

  test('puts a missing text in front', async () => {
    const spool = await openSpool(dir, 'front');
    const form = await read(writeForm({ spool, parts: [{ name: 'prompt', value: 'x' }] }, 'b', { model: 'theirs' }));
    expect([...form.entries()]).toEqual([
      ['model', 'theirs'],
      ['prompt', 'x'],
    ]);
    await spool.close();
  });

  test('names and types of a client cannot add a part or a header', async () => {
    const spool = await openSpool(dir, 'hostile');
    const { extent, written } = spool.write(Buffer.from('x'));
    await written;
    const name = 'file"\r\nx-evil: 1\r\n\r\n--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nother';
    const parts = [{ name, fileName: name, mediaType: 'audio/wav\r\nx-evil: 1', extents: [extent] }];
    const form = writeForm({ spool, parts }, 'b', { model: 'theirs' });
    const pieces: Buffer[] = [];
    for await (const piece of form.open()) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString('utf8');
    expect(text).not.toContain('\r\nx-evil');
    expect(text).toContain('content-type: application/octet-stream');
    expect((await read(form)).getAll('model')).toEqual(['theirs']);
    await spool.close();
  });

  test('a body whose spool was closed fails by itself, and not the process', async () => {
    const spool = await openSpool(dir, 'gone');
    const written = writeForm(await formOf(spool, 'sound'), 'b', {});
    await spool.close();
    const ended = new Promise((resolve) =>
      written
        .open()
        .on('close', () => resolve('closed'))
        .resume(),
    );
    expect(await ended).toBe('closed');
  });
});
