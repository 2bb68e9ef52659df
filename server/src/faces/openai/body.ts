/** Reads a request body into bytes, bounded before it is buffered. */
import type { IncomingMessage } from 'node:http';
import { refuse } from '../../gateway/errors.ts';

/** Largest request of the data plane (Anthropic's own limit is the same). */
export const bodyBytesMax = 32 * 1024 * 1024;

/** Rejects with a GatewayRefusal (413, 415), or with `gone` when the caller hung up before the end. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const encoding = request.headers['content-encoding'];
    if ((encoding !== undefined && encoding !== 'identity') || !isJson(request.headers['content-type'] ?? ''))
      return reject(refuse('unsupported_media_type'));
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return reject(refuse('body_too_large'));
    // A caller that went while its session was looked up says nothing any more, not even that it has gone.
    if (request.destroyed) return reject(new Error('the caller hung up'));
    let first: Buffer | null = null;
    let parts: Buffer[] | null = null;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) {
        first = parts = null;
        return reject(refuse('body_too_large'));
      }
      if (first === null) first = chunk;
      else (parts ??= [first]).push(chunk);
    });
    let isWhole = false;
    request.on('end', () => {
      isWhole = true;
      resolve(parts ? Buffer.concat(parts) : (first ?? Buffer.alloc(0)));
    });
    request.on('error', reject);
    // Requests that came whole close too: an error made for each of them costs more than reading it did.
    request.on('close', () => {
      if (!isWhole) reject(new Error('the caller hung up'));
    });
  });
}

/** Most say it in these very words; nothing said is taken for it, too. */
function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  return type === '' || type === 'application/json';
}
