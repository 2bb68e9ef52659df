/** Reads a form with files: texts into memory, files into a spool, so that an upload costs disk and time but no memory. */
import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { refuse, type GatewayRefusal } from '../../gateway/errors.ts';
import { isFile, type Form, type FormFile, type FormPart } from '../../lib/form.ts';
import { SpoolFull, type Spool } from '../../lib/spool.ts';

/** One upload. OpenAI takes 25 MB of sound and 50 MB of one picture; others take more. */
export const uploadBytesMax = 100 * 1024 * 1024;
const textBytesMax = 256 * 1024;
const partsMax = 64;
const nameCharsMax = 200;
const headerBytesMax = 8 * 1024;

const tooLarge = (bytesMax: number): GatewayRefusal =>
  refuse('body_too_large', { message: `The upload is larger than ${Math.floor(bytesMax / 1024 / 1024)} MiB.` });

export const isFormType = (request: IncomingMessage): boolean =>
  /^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '') &&
  (request.headers['content-encoding'] ?? 'identity') === 'identity';

/**
 * Rejects with a GatewayRefusal (400, 413, 503), or with `gone` when the caller hung up before the end. The spool stays the
 * caller's to close.
 */
export function readForm(request: IncomingMessage, spool: Spool, bytesMax = uploadBytesMax): Promise<Form> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) return reject(tooLarge(bytesMax));
    if (request.destroyed) return reject(new Error('the caller hung up'));
    const parts: FormPart[] = [];
    const writes: Promise<void>[] = [];
    let isOver = false;
    const fail = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      request.unpipe();
      // What still comes is thrown away, so that its sender can read the answer.
      request.resume();
      reject(error);
    };
    const reader = readerOf(request, fail);
    if (!reader) return;
    reader.on('field', (name, value, isNameCut, isValueCut) => {
      if (isNameCut || isValueCut) return fail(refuse('body_too_large', { message: 'A text of the form is too long.' }));
      if (name.length > nameCharsMax || isRepeated(parts, name))
        return fail(refuse(name.length > nameCharsMax ? 'invalid_form' : 'duplicate_key'));
      parts.push({ name, value });
    });
    reader.on('file', (name, stream, fileName, _encoding, mediaType) => {
      stream.on('error', () => fail(refuse('invalid_form')));
      const file: FormFile = { name, fileName: fileName ?? 'file', mediaType, extents: [] };
      if (name.length > nameCharsMax || file.fileName.length > nameCharsMax || name === 'model') fail(refuse('invalid_form'));
      parts.push(file);
      stream.on('data', (bytes: Buffer) => {
        if (isOver) return;
        stream.pause();
        const { extent, written } = spool.write(bytes);
        file.extents.push(extent);
        writes.push(written);
        written.then(
          () => stream.resume(),
          (error: unknown) => fail(error instanceof SpoolFull ? refuse('overloaded', { retryAfterS: 5 }) : (error as Error)),
        );
      });
    });
    reader.on('finish', () => {
      void Promise.all(writes).then(
        () => {
          if (isOver) return;
          isOver = true;
          if (parts.length === 0) return reject(refuse('invalid_form'));
          resolve({ parts, spool });
        },
        () => undefined,
      );
    });
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) fail(tooLarge(bytesMax));
    });
    request.on('error', fail);
    request.on('close', () => {
      if (!request.complete) fail(new Error('the caller hung up'));
    });
    request.pipe(reader);
  });
}

function readerOf(request: IncomingMessage, fail: (error: Error) => void): BusboyInstance | null {
  const limits = {
    fieldNameSize: nameCharsMax,
    fieldSize: textBytesMax,
    fields: partsMax,
    files: partsMax,
    parts: partsMax,
    headerPairs: 20,
    headerSize: headerBytesMax,
  };
  try {
    const reader = new Busboy({ headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' }, limits });
    for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) reader.on(event, () => fail(refuse('invalid_form')));
    reader.on('error', () => fail(refuse('invalid_form')));
    return reader;
  } catch {
    // A type without a boundary.
    fail(refuse('invalid_form'));
    return null;
  }
}

/** Two readers could take different ones. Lists say so by their name, and files may come in any number. */
const isRepeated = (parts: readonly FormPart[], name: string): boolean =>
  !name.endsWith('[]') && parts.some((part) => !isFile(part) && part.name === name);

/** The texts as the object that they would be in JSON, for whoever decides by them. */
export function textsAsJson({ parts }: Form): Buffer {
  const texts = parts.flatMap((part): [string, unknown][] => (isFile(part) || part.name.endsWith('[]') ? [] : [[part.name, part.value]]));
  const said = Object.fromEntries(texts);
  return Buffer.from(JSON.stringify({ ...said, ...(said['stream'] !== undefined && { stream: said['stream'] === 'true' }) }));
}
