/** An answer that may be given again, and as bytes, for the instances of one installation, which may be of different releases. */

/** An answer as its caller was given it. */
export interface KeptAnswer {
  isStream: boolean;
  body: Buffer;
  /** Headers that tell of the answer: its connection, what was changed, its media type. */
  headers: Readonly<Record<string, string>>;
  provider: string;
  model: string;
  connectionId: string | null;
  /** What the answer cost when it was made; null where no price was known. */
  costNanoUsd: number | null;
  keptAtMs: number;
}

/** Goes up when the meaning of a member changes: whoever does not know it has no answer. */
const format = 1;
const lineEnd = 10;

interface Head extends Omit<KeptAnswer, 'body'> {
  format: number;
}

/** One line of JSON, and the body as it is. */
export function packedAnswer({ body, ...rest }: KeptAnswer): Buffer {
  const head: Head = { format, ...rest };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

/** Null for what is not of this format. */
export function unpackedAnswer(bytes: Buffer): KeptAnswer | null {
  const end = bytes.indexOf(lineEnd);
  if (end < 0) return null;
  const head = headIn(bytes.toString('utf8', 0, end));
  if (head === null) return null;
  const { format: _, ...rest } = head;
  return { ...rest, body: bytes.subarray(end + 1) };
}

function headIn(text: string): Head | null {
  try {
    const head = JSON.parse(text) as Head | null;
    return head?.format === format ? head : null;
  } catch {
    return null;
  }
}
