/** Embeddings on Ollama's wire, in its newer form and in the older one: asked and answered as the house's own operation. */
import { refuse } from '../../gateway/errors.ts';
import { readRequest, type AskedRequest } from '../../gateway/request.ts';
import type { Reply } from '../../gateway/order.ts';
import type { Clock } from '../../lib/clock.ts';
import { faceOf, operations } from '../../providers/operations/operations.ts';
import { finite, isRecord, list, member, parseJson, type Json } from '../../providers/shape.ts';
import { bearerOf, type ClientWire } from '../openai/wire.ts';
import { ollamaVoice } from './voice.ts';

/** Members that a server which runs the model itself understands, and nobody else. */
const ownMembers = ['truncate', 'keep_alive', 'options'] as const;

/** The same question in the house's words; members that nobody knows go along. Throws GatewayRefusal. */
function readEmbed(bytes: Buffer, isOlder: boolean): AskedRequest {
  const body = parseJson(bytes.toString('utf8'));
  // Scanned as it came, so that what is no object or names a member twice is refused in the usual words.
  readRequest(bytes);
  if (!isRecord(body)) throw refuse('invalid_json');
  const { prompt, ...rest } = body;
  const asked: Json = isOlder ? { ...rest, input: prompt } : body;
  const read = readRequest(Buffer.from(JSON.stringify(asked)));
  return { ...read, operation: operations.embeddings, isStream: false, ownMembers };
}

/** Vectors in the order of their inputs. */
function vectorsOf(answer: unknown): unknown[] {
  const index = (one: unknown): number => finite(member(one, 'index')) ?? 0;
  return list(member(answer, 'data'))
    .toSorted((a, b) => index(a) - index(b))
    .map((one) => member(one, 'embedding'));
}

/** The house's answer in the words of this wire. */
function embedded(body: Buffer | string, isOlder: boolean, clock: Pick<Clock, 'monotonicMs'>, startedMs: number): string {
  const answer = parseJson(body.toString());
  const embeddings = vectorsOf(answer);
  if (isOlder) return JSON.stringify({ embedding: embeddings[0] ?? [] });
  return JSON.stringify({
    model: member(answer, 'model'),
    embeddings,
    total_duration: Math.round((clock.monotonicMs() - startedMs) * 1_000_000),
    load_duration: 0,
    prompt_eval_count: finite(member(member(answer, 'usage'), 'prompt_tokens')) ?? 0,
  });
}

/** One request's wire; `isOlder` for `/api/embeddings` with its one prompt. */
export function embedWire(clock: Pick<Clock, 'monotonicMs'>, isOlder: boolean): ClientWire {
  const startedMs = clock.monotonicMs();
  return {
    face: faceOf('embeddings').replace('openai', 'ollama'),
    voice: ollamaVoice,
    isRepeatable: true,
    authorization: bearerOf,
    read: (bytes) => readEmbed(bytes, isOlder),
    reply: (inner): Reply => ({
      isGone: () => inner.isGone(),
      onGone: (run) => inner.onGone(run),
      beginStream: (headers) => inner.beginStream(headers),
      write: (piece) => inner.write(piece),
      onDrain: (run) => inner.onDrain(run),
      drop: () => inner.drop(),
      endStream: (isComplete) => inner.endStream(isComplete),
      whole: (headers, body) => inner.whole(headers, embedded(body, isOlder, clock, startedMs)),
      fail: (error, headers) => inner.fail(error, headers),
    }),
  };
}
