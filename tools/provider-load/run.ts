/** Drives one provider's integration against its fake: from the house's request to its answer, over the real way out, many at a time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ChatRequest } from '../../server/src/domain/chat.ts';
import { explicitPolicy } from '../../server/src/egress/allow.ts';
import { createEgress, type Egress } from '../../server/src/egress/egress.ts';
import { systemClock } from '../../server/src/lib/clock.ts';
import { scanObject, type Scan } from '../../server/src/lib/json-scan.ts';
import { createSseReader } from '../../server/src/lib/sse.ts';
import { callProvider } from '../../server/src/providers/call.ts';
import type { AnswerFacts, CallRequest } from '../../server/src/providers/calling.ts';
import type { Destination } from '../../server/src/providers/protocol.ts';
import { destination } from '../../server/test/providers/kit.ts';
import { expected } from './expected.ts';

export interface Integration {
  name: string;
  provider: string;
  model: string;
  /** Below the vendor's origin. */
  path: string;
  settings: Record<string, unknown>;
  secret: string;
}

const integration = (name: string, provider: string, model: string, path: string, more: Partial<Integration> = {}): Integration => ({
  name,
  provider,
  model,
  path,
  settings: {},
  secret: 'sk-0123456789abcdef',
  ...more,
});

/** One for each wire, and for each way of addressing and proving a request. */
export const integrations: readonly Integration[] = [
  integration('openai', 'openai', 'gpt-4o', '/v1'),
  integration('responses', 'openai', 'gpt-5-pro', '/v1'),
  integration('anthropic', 'anthropic', 'claude-sonnet-5', '/v1'),
  integration('gemini', 'gemini', 'gemini-2.5-flash', ''),
  integration('ollama', 'ollama', 'llama3', '', { secret: '' }),
  integration('bedrock', 'bedrock', 'amazon.nova-pro-v1:0', '', { secret: 'AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY' }),
  integration('azure', 'azure-openai', 'my-deployment', ''),
  integration('mistral', 'mistral', 'mistral-small-latest', '/v1'),
];

export interface Outcome {
  name: string;
  kind: 'whole' | 'stream';
  requests: number;
  errors: number;
  /** What the first error was. */
  firstError: string | null;
  p50Ms: number;
  p99Ms: number;
  /** Of this process alone: user and system time. */
  cpuUsPerRequest: number;
  perSecond: number;
}

const question: ChatRequest = {
  messages: [
    { role: 'system', content: 'Answer briefly.' },
    { role: 'user', content: 'Tell me forty words about a fox. '.repeat(20) },
  ],
  temperature: 0.5,
  max_tokens: 200,
};
const timeouts = { headersMs: 10_000, firstEventMs: 10_000, idleMs: 10_000, totalMs: 30_000 };

function requestOf(isStream: boolean): CallRequest {
  const bytes = Buffer.from(JSON.stringify({ model: 'asked', ...question, ...(isStream && { stream: true }) }));
  return {
    bytes,
    scan: scanObject(bytes) as Scan,
    parsed: () => JSON.parse(bytes.toString('utf8')) as ChatRequest,
    isStream,
    wantsUsage: true,
    outputTokensMax: null,
  };
}

const spoken = (body: unknown, key: 'message' | 'delta'): string =>
  (body as { choices?: { message?: { content?: string }; delta?: { content?: string } }[] }).choices?.[0]?.[key]?.content ?? '';

const streamText = (text: string): string =>
  createSseReader()
    .push(Buffer.from(text))
    .filter(({ data }) => data.startsWith('{'))
    .map(({ data }) => spoken(JSON.parse(data), 'delta'))
    .join('');

/** Null for an answer that came through as the vendor gave it; else what is wrong with it. */
function faultOf(said: string, facts: AnswerFacts): string | null {
  if (said !== expected.text) return `another text: ${said.slice(0, 60)}`;
  if (facts.finishReason !== 'stop') return `another end: ${facts.finishReason}`;
  if (facts.usage?.tokensIn !== expected.tokensIn || facts.usage.tokensOut !== expected.tokensOut)
    return `other tokens: ${JSON.stringify(facts.usage)}`;
  return null;
}

function ask(egress: Egress, to: Destination, secret: string, isStream: boolean): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  let text = '';
  callProvider(
    { egress, clock: systemClock },
    {
      to,
      origin: new URL(to.baseUrl).origin,
      trust: 'administrator',
      secret,
      customHeaders: {},
      request: requestOf(isStream),
      timeouts,
      moment: { createdS: 1, id: 'chatcmpl-load' },
    },
    {
      onWhole: (said, facts) => resolve(faultOf(spoken(JSON.parse(String(said)), 'message'), facts)),
      onPiece(piece) {
        text += String(piece);
        return true;
      },
      onStreamEnd: (facts) => resolve(faultOf(streamText(text), facts)),
      onFailure: (failure) => resolve(`${failure.fault}: ${failure.message}`),
    },
  );
  return promise;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

export interface Load {
  requests: number;
  concurrency: number;
}

/** Asks `requests` times, `concurrency` at a time; the first few are not measured. */
export async function loadOf(one: Integration, origin: string, kind: Outcome['kind'], { requests, concurrency }: Load): Promise<Outcome> {
  const egress = createEgress({ policy: explicitPolicy('127.0.0.1:*'), clock: systemClock });
  const to = destination(one.provider, one.model, one.settings, `${origin}${one.path}`);
  const isStream = kind === 'stream';
  for (let warm = 0; warm < Math.min(20, requests); warm += 1) await ask(egress, to, one.secret, isStream);
  const tookMs: number[] = [];
  const errors: string[] = [];
  let begun = 0;
  const startMs = systemClock.monotonicMs();
  const cpu = process.cpuUsage();
  const worker = async (): Promise<void> => {
    while (begun < requests) {
      begun += 1;
      const fromMs = systemClock.monotonicMs();
      const fault = await ask(egress, to, one.secret, isStream);
      tookMs.push(systemClock.monotonicMs() - fromMs);
      if (fault !== null) errors.push(fault);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(cpu);
  const allMs = systemClock.monotonicMs() - startMs;
  await egress.close();
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    name: one.name,
    kind,
    requests: tookMs.length,
    errors: errors.length,
    firstError: errors[0] ?? null,
    p50Ms: at(sorted, 0.5),
    p99Ms: at(sorted, 0.99),
    cpuUsPerRequest: (user + system) / tookMs.length,
    perSecond: (tookMs.length * 1000) / allMs,
  };
}

export interface VendorProcess {
  origin: string;
  close(): Promise<void>;
}

/** Starts the fakes in a process of their own. */
export async function startVendors(): Promise<VendorProcess> {
  const child = spawn(process.execPath, [new URL('./vendor.ts', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    gone.then(([code]) => {
      throw new Error(`the vendors ended with ${String(code)}`);
    }),
  ])) as [string];
  return {
    origin: `http://127.0.0.1:${line}`,
    async close() {
      child.stdin.end();
      await gone;
    },
  };
}
