/** What is measured: each phase is one kind of request, sent in one way, for one time. */

export interface Phase {
  name: PhaseName;
  /** What the CPU time is divided by; null where the phase is about memory. */
  unit: 'request' | 'chunk' | null;
  /** The model asked for, which tells the fake provider how to answer; see upstream.c. */
  model: string;
  bodyBytes: number;
  connections: number;
  warmMs: number;
  /** Requests per second; without it each connection sends as soon as it has its answer. */
  rate?: number;
  /** Content chunks of each answer, where it is a stream. */
  chunks?: number;
  /** Chunks per second that the fake provider sends over all streams; who passes on much fewer is saturated, not paced. */
  chunksPerSecond?: number;
}

export const phaseNames = ['slow', 'json1k', 'json20k', 'json200k', 'rate', 'sse'] as const;
export type PhaseName = (typeof phaseNames)[number];

export const slowStreams = 1_000;

/** In the order of a run. Open streams come first: only a fresh process shows what they add to its memory. */
export const phases: readonly Phase[] = [
  // See `timed` for how long its streams are.
  {
    name: 'slow',
    unit: null,
    model: 'bench-sse',
    bodyBytes: 1_024,
    connections: slowStreams,
    warmMs: 2_000,
    chunksPerSecond: 1_000,
  },
  { name: 'json1k', unit: 'request', model: 'bench-json', bodyBytes: 1_024, connections: 64, warmMs: 4_000 },
  { name: 'json20k', unit: 'request', model: 'bench-json', bodyBytes: 20_480, connections: 32, warmMs: 1_500 },
  { name: 'json200k', unit: 'request', model: 'bench-json', bodyBytes: 204_800, connections: 16, warmMs: 1_500 },
  { name: 'rate', unit: 'request', model: 'bench-json-50', bodyBytes: 1_024, connections: 512, warmMs: 1_000, rate: 1_000 },
  {
    name: 'sse',
    unit: 'chunk',
    model: 'bench-sse-200-5',
    bodyBytes: 1_024,
    connections: 50,
    warmMs: 1_500,
    chunks: 200,
    chunksPerSecond: 10_000,
  },
];

/** What a slow stream has left when its phase is over. */
const slowSpareChunks = 8;

/**
 * A phase as it is run for some time. Slow streams bring one chunk a second and are open at the end of their phase, but end soon after it:
 * a gateway that goes on reading what nobody wants any more would otherwise be at work while the others are measured.
 */
export function timed(phase: Phase, warmMsMin: number, measureMs: number): Phase {
  const warmMs = Math.max(phase.warmMs, warmMsMin);
  if (phase.name !== 'slow') return { ...phase, warmMs };
  const chunks = Math.ceil((warmMs + measureMs) / 1_000) + slowSpareChunks;
  return { ...phase, warmMs, chunks, model: `${phase.model}-${chunks}-1000` };
}

const sentence = 'Why does a patch panel have two rows of sockets, and who decides which cord goes where? "Nobody," said the engineer.\n';
const messageBytes = 1_000;

/** A chat completion request of about `bytes` bytes: a system message and as many turns as it takes. */
export function bodyOf(model: string, bytes: number, isStream: boolean): string {
  const build = (turns: readonly string[]): string =>
    JSON.stringify({
      model,
      messages: [
        { role: 'system', content: 'You are a patient assistant. Answer briefly, and say so when you do not know.' },
        ...turns.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })),
      ],
      temperature: 0.7,
      ...(isStream ? { stream: true } : {}),
    });
  const overhead = 45;
  const room = bytes - build([]).length;
  const count = Math.max(1, Math.floor(room / messageBytes));
  const each = Math.floor(room / count) - overhead;
  // Line breaks and quotation marks take two bytes on the wire, as in real prompts.
  const escaped = JSON.stringify(sentence).length - 2;
  const text = sentence.repeat(Math.ceil(each / escaped)).slice(0, Math.floor((each * sentence.length) / escaped));
  return build(Array.from({ length: count }, () => text));
}

/** The whole request as it goes over the wire. */
export function requestOf(phase: Phase, port: number, model: string, headers: Readonly<Record<string, string>>): string {
  const body = bodyOf(model, phase.bodyBytes, phase.chunks !== undefined);
  const head = {
    Host: `127.0.0.1:${port}`,
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'User-Agent': 'patchbay-bench',
    ...headers,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  return `POST /v1/chat/completions HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
