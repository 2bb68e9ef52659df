/** A form of several parts (RFC 7578) once it was read, and how it is written anew: what was judged is what is sent. */
import { Readable } from 'node:stream';
import type { Extent, Spool } from './spool.ts';

export interface FormText {
  name: string;
  value: string;
}

export interface FormFile {
  name: string;
  fileName: string;
  mediaType: string;
  /** Where its bytes lie, in their order. */
  extents: Extent[];
}

export type FormPart = FormText | FormFile;

export interface Form {
  parts: readonly FormPart[];
  spool: Spool;
}

export interface WrittenForm {
  contentType: string;
  /** Bytes of the body. */
  length: number;
  /** A stream of the body; a fresh one for each call. */
  open(): Readable;
}

export const isFile = (part: FormPart): part is FormFile => 'extents' in part;

/** Names are quoted as browsers quote them (WHATWG HTML, multipart/form-data encoding algorithm). */
const quoted = (text: string): string => `"${text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')}"`;

const plainType = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/;

function headOf(part: FormPart, boundary: string): string {
  const name = `--${boundary}\r\ncontent-disposition: form-data; name=${quoted(part.name)}`;
  if (!isFile(part)) return `${name}\r\n\r\n${part.value}`;
  const mediaType = plainType.test(part.mediaType) ? part.mediaType : 'application/octet-stream';
  return `${name}; filename=${quoted(part.fileName)}\r\ncontent-type: ${mediaType}\r\n\r\n`;
}

/**
 * The form with some texts replaced, or put in front where they were missing. `boundary` must stand in none of the parts: an
 * unguessable one is needed.
 */
export function writeForm({ parts, spool }: Form, boundary: string, texts: Readonly<Record<string, string>>): WrittenForm {
  const missing = Object.keys(texts).filter((name) => !parts.some((part) => part.name === name && !isFile(part)));
  const written: FormPart[] = [
    ...missing.map((name) => ({ name, value: texts[name]! })),
    ...parts.map((part) => (!isFile(part) && Object.hasOwn(texts, part.name) ? { name: part.name, value: texts[part.name]! } : part)),
  ];
  const pieces: (Buffer | Extent)[] = [];
  for (const part of written) {
    pieces.push(Buffer.from(headOf(part, boundary), 'utf8'));
    if (isFile(part)) pieces.push(...part.extents);
    pieces.push(Buffer.from('\r\n'));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  async function* bytes(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      if (Buffer.isBuffer(piece)) yield piece;
      else yield* spool.read(piece);
    }
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: pieces.reduce((sum, piece) => sum + piece.length, 0),
    open() {
      const stream = Readable.from(bytes(), { objectMode: false });
      // A body that nobody reads to its end any more fails in silence: whoever sent it has been told already.
      stream.on('error', () => undefined);
      return stream;
    },
  };
}
