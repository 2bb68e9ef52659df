/** The caller's side of Ollama's wire: what the house says event by event goes out as a line of JSON for each. */
import type { Reply } from '../../gateway/order.ts';
import { createSseReader } from '../../lib/sse.ts';
import { ollamaVoice } from './voice.ts';

/** Events that hold a whole answer again, as a cache gives it, may be long; their lines were bounded when they were made. */
const eventCharsMax = 64 * 1024 * 1024;

export function linesReply(inner: Reply): Reply {
  const events = createSseReader(eventCharsMax);
  return {
    heartbeat: inner.heartbeat,
    isGone: () => inner.isGone(),
    onGone: (run) => inner.onGone(run),
    beginStream: (headers) => inner.beginStream(headers),
    write(piece) {
      if (piece === ollamaVoice.heartbeat) return inner.write(piece);
      const lines = events.push(typeof piece === 'string' ? Buffer.from(piece) : piece).map(({ data }) => `${data}\n`);
      return inner.write(lines.join(''));
    },
    onDrain: (run) => inner.onDrain(run),
    drop: () => inner.drop(),
    endStream: (isComplete) => inner.endStream(isComplete),
    whole: (headers, body) => inner.whole(headers, body),
    fail: (error, headers) => inner.fail(error, headers),
  };
}
