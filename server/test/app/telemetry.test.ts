/** OpenTelemetry against a real collector's wire: OTLP in JSON over HTTP, as the library sends it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House } from '../support/house.ts';
import { startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';

interface Value {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values: Value[] };
}
interface Attribute {
  key: string;
  value: Value;
}
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  status: { code?: number; message?: string };
}
interface Metric {
  name: string;
  unit: string;
  histogram?: { dataPoints: { count: number | string; sum: number; attributes: Attribute[] }[] };
  sum?: { dataPoints: { asDouble: number; attributes: Attribute[] }[] };
}

const providerKey = 'sk-telemetry-canary-0123456789';
const inputText = 'a prompt that no collector may see';

let collector: Server;
let collected: { path: string; headers: Record<string, unknown>; text: string }[] = [];
let provider: FakeProvider;
let house: House;
let key = '';
let connectionId = '';
const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
let spans: Span[] = [];
let metrics: Metric[] = [];
let refusedId = '';
let statuses: number[] = [];

const factsOf = ({ attributes }: { attributes: Attribute[] }): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key: name, value }) => [
      name,
      value.arrayValue?.values.map((one) => one.stringValue) ??
        value.stringValue ??
        value.boolValue ??
        Number(value.intValue ?? value.doubleValue),
    ]),
  );

async function complete(body: object, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content: inputText }], ...body }),
  });
  await answer.arrayBuffer();
  return answer;
}

beforeAll(async () => {
  collector = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      collected.push({ path: request.url ?? '', headers: request.headers, text: Buffer.concat(pieces).toString('utf8') });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  provider = await startFakeProvider();
  house = await openHouse({
    egressAllow: '127.0.0.1:*',
    telemetry: {
      endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      headers: { 'x-collector-key': 'the key of the collector' },
      serviceName: 'patchbay-test',
      sampledShare: 1,
      metricPeriodMs: 3_600_000,
    },
  });
  const sari = await house.createResident('Sari');
  const connection = { provider: 'custom', baseUrl: provider.baseUrl, apiKey: providerKey, model: 'gpt-4o' };
  const made = await house.request('POST', '/api/configurations', { token: sari.token, body: { name: 'Traced', ...connection } });
  connectionId = made.at('data.id');
  key = (await house.request('POST', '/api/access-keys', { token: sari.token, body: { name: 'traced' } })).at('data.key');
  const whole = await complete({ model: 'Traced/gpt-4o' }, { traceparent: `00-${caller.traceId}-${caller.spanId}-01` });
  const streamed = await complete({ model: 'Traced/gpt-4o', stream: true }, { traceparent: 'of nobody' });
  const refused = await complete({ model: 'nowhere/none' });
  statuses = [whole, streamed, refused].map(({ status }) => status);
  refusedId = refused.headers.get('x-request-id')!;
  // What is left is sent with the end.
  await house.close();
  const bodies = (path: string): unknown[] => collected.filter((one) => one.path === path).map(({ text }) => JSON.parse(text) as unknown);
  spans = (bodies('/v1/traces') as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }[]).flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
  metrics = (bodies('/v1/metrics') as { resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[] }[]).flatMap(({ resourceMetrics }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics)),
  );
});

afterAll(async () => {
  await provider?.close();
  collector?.closeAllConnections();
  collector?.close();
  collected = [];
});

test('callers are answered as without it', () => {
  expect(statuses).toEqual([200, 200, 404]);
});

describe('traces', () => {
  test('a request is a server span below that of its caller, and each attempt a client span below it', () => {
    const root = spans.find(({ parentSpanId }) => parentSpanId === caller.spanId)!;
    expect(root).toMatchObject({ traceId: caller.traceId, name: 'chat Traced/gpt-4o', kind: 2 });
    const [attempt, ...more] = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
    expect(more).toEqual([]);
    expect(attempt).toMatchObject({ traceId: caller.traceId, name: 'chat gpt-4o', kind: 3 });
    expect(BigInt(attempt!.endTimeUnixNano) >= BigInt(attempt!.startTimeUnixNano)).toBe(true);
    expect(factsOf(attempt!)).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'custom',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.finish_reasons': ['stop'],
      'http.response.status_code': 200,
      'patchbay.connection.id': connectionId,
      'patchbay.attempt': 1,
      'gen_ai.request.stream': false,
    });
    expect(factsOf(attempt!)['gen_ai.usage.input_tokens']).toBeGreaterThan(0);
    expect(factsOf(attempt!)['gen_ai.usage.output_tokens']).toBeGreaterThan(0);
  });

  test('a header that is none begins a trace of its own', () => {
    const root = spans.find((span) => span.kind === 2 && factsOf(span)['gen_ai.request.stream'] === true)!;
    expect(root.parentSpanId ?? '').toBe('');
    expect(root.traceId).not.toBe(caller.traceId);
  });

  test('a refusal is a span with its reason, found by the id that the caller was given', () => {
    const span = spans.find((one) => factsOf(one)['patchbay.request.id'] === refusedId)!;
    expect(factsOf(span)).toMatchObject({ 'error.type': 'model_not_found', 'http.response.status_code': 404 });
    expect(span.status).toMatchObject({ code: 2, message: 'model_not_found' });
  });
});

describe('metrics', () => {
  test('durations, tokens and first pieces have the names and units of the convention', () => {
    const byName = new Map(metrics.map((metric) => [metric.name, metric]));
    expect(byName.get('gen_ai.client.operation.duration')).toMatchObject({ unit: 's' });
    expect(byName.get('gen_ai.client.operation.time_to_first_chunk')).toMatchObject({ unit: 's' });
    const tokens = byName.get('gen_ai.client.token.usage')!;
    expect(tokens.unit).toBe('{token}');
    expect(new Set(tokens.histogram!.dataPoints.map((point) => factsOf(point)['gen_ai.token.type']))).toEqual(new Set(['input', 'output']));
    expect(Number(byName.get('gen_ai.client.operation.duration')!.histogram!.dataPoints[0]!.count)).toBe(2);
  });
});

test('the collector gets its key, and nothing of prompts, keys or names', () => {
  expect(collected.length).toBeGreaterThan(1);
  for (const { headers, text } of collected) {
    expect(headers['x-collector-key']).toBe('the key of the collector');
    expect(text).toContain('patchbay-test');
    for (const secret of [providerKey, key, inputText, 'Sari', 'the key of the collector']) expect(text).not.toContain(secret);
  }
});
