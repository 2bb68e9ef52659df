/** Reading a form: bounded while it comes, whatever it says of itself, and read to its end only where it is good. */
import { rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { readForm, textsAsJson, uploadBytesMax } from '../../src/faces/openai/form.ts';
import { GatewayRefusal } from '../../src/gateway/errors.ts';
import { isFile, type Form } from '../../src/lib/form.ts';
import { bytesInSpools, openSpool } from '../../src/lib/spool.ts';
import { freshDir } from '../support/throwaway.ts';

const dir = freshDir('uploads');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const part = (name: string, value: string, more = ''): string =>
  `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

interface Outcome {
  form: Form | null;
  error: unknown;
  /** Bytes that reached the spool. */
  spooled: number;
  /** The text of each file, read back. */
  files: string[];
}

let names = 0;

/** Sends these pieces, chunked, to a server that reads them as a form of at most so many bytes. */
async function read(pieces: readonly string[], bytesMax = uploadBytesMax, isCut = false): Promise<Outcome> {
  const outcome = Promise.withResolvers<Outcome>();
  const server = createServer((request, response) => {
    void (async () => {
      const spool = await openSpool(dir, `upload-${names++}`);
      const before = bytesInSpools();
      const said: Outcome = { form: null, error: null, spooled: 0, files: [] };
      try {
        said.form = await readForm(request, spool, bytesMax);
        for (const file of said.form.parts.filter(isFile)) {
          const found: Buffer[] = [];
          for (const extent of file.extents) for await (const piece of spool.read(extent)) found.push(piece);
          said.files.push(Buffer.concat(found).toString('utf8'));
        }
      } catch (error) {
        said.error = error;
      }
      said.spooled = bytesInSpools() - before;
      await spool.close();
      response.end('ok');
      outcome.resolve(said);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const sent = httpRequest({
    port: (server.address() as AddressInfo).port,
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'multipart/form-data; boundary=b', 'transfer-encoding': 'chunked' },
  });
  sent.on('error', () => undefined);
  sent.on('response', (response) => response.resume());
  for (const piece of pieces) {
    sent.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (isCut) {
    await expect.poll(bytesInSpools).toBeGreaterThan(0);
    sent.destroy();
  } else sent.end();
  return outcome.promise;
}

const codeOf = ({ error }: Outcome): string | null => (error instanceof GatewayRefusal ? error.error.code : null);

describe('a form that comes in pieces', () => {
  test.each([1, 2, 7, 64, 1000])('of %i characters is the same form', async (size) => {
    const text = [
      part('file', 'first sound', '; filename="a.wav"\r\ncontent-type: audio/wav'),
      part('model', 'whisper-1'),
      part('include[]', 'logprobs'),
      part('include[]', 'words'),
      part('file', 'second', '; filename="b.wav"'),
      part('stream', 'true'),
      '--b--\r\n',
    ].join('');
    const { form, files, error } = await read(text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []);
    expect(error).toBeNull();
    expect(files).toEqual(['first sound', 'second']);
    expect(form?.parts.map(({ name }) => name).toSorted()).toEqual(['file', 'file', 'include[]', 'include[]', 'model', 'stream']);
    expect(JSON.parse(textsAsJson(form!).toString('utf8'))).toEqual({ model: 'whisper-1', stream: true });
  });

  test('keeps files apart that stand in one piece', async () => {
    const files = Array.from({ length: 12 }, (_, at) => String(at).repeat(20_000));
    const text = [...files.map((file, at) => part('image[]', file, `; filename="${at}"`)), '--b--\r\n'].join('');
    const said = await read([text]);
    expect(said.files).toEqual(files);
  });
});

describe('bounds', () => {
  test('an upload that grows past its limit is refused while it comes, whatever it said of itself', async () => {
    const said = await read(
      [part('file', '', '; filename="a"').slice(0, -2), ...Array.from({ length: 40 }, () => 'x'.repeat(1000))],
      10_000,
    );
    expect(codeOf(said)).toBe('body_too_large');
    expect(said.spooled).toBeLessThan(12_000);
  });

  test('a text that is no text but a file’s worth is refused', async () => {
    expect(codeOf(await read([part('prompt', 'x'.repeat(300_000)), '--b--\r\n']))).toBe('body_too_large');
  });

  test('a name that is a text’s worth is refused', async () => {
    expect(codeOf(await read([part('n'.repeat(300), 'x'), '--b--\r\n']))).toMatch(/^(invalid_form|body_too_large)$/);
  });

  test('what a part’s headers hold past their bound is not kept', async () => {
    const said = await read([`--b\r\ncontent-disposition: form-data; name="a"\r\nx: ${'y'.repeat(100_000)}`, '\r\n\r\nz\r\n--b--\r\n']);
    expect(said.form?.parts).toEqual([{ name: 'a', value: 'z' }]);
  });

  test('a caller that goes in the middle is no refusal: nobody is there to read one', async () => {
    const said = await read(
      [part('model', 'm'), '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n', 'x'.repeat(5_000)],
      undefined,
      true,
    );
    expect(said.form).toBeNull();
    expect(said.error).toBeInstanceOf(Error);
    expect(codeOf(said)).toBeNull();
  });
});
