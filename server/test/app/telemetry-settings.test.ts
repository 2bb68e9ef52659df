/** OpenTelemetry's variables: taken as its own programs take them, refused with a line that names the variable and no key. */
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/app/settings.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
const of = (environment: Record<string, string>) => readSettings(environment, null).telemetry;
const refusalOf = (environment: Record<string, string>): string => {
  try {
    of({ ...endpoint, ...environment });
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('nothing is sent anywhere unless a collector is named, whatever else is set', () => {
  expect(of({})).toBeNull();
  expect(of({ OTEL_SERVICE_NAME: 'mine', OTEL_TRACES_SAMPLER_ARG: 'nonsense' })).toBeNull();
});

test('a collector alone is enough: every trace, each minute, under our name', () => {
  expect(of(endpoint)).toEqual({
    endpoint: 'http://127.0.0.1:4318',
    headers: {},
    serviceName: 'patchbay',
    sampledShare: 1,
    metricPeriodMs: 60_000,
  });
});

test('headers are pairs with commas between, with percent signs where a value needs them', () => {
  expect(of({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a=b, x-team = Data%20Science,,raw=100%' })?.headers).toEqual({
    'api-key': 'a=b',
    'x-team': 'Data Science',
    raw: '100%',
  });
  expect(of({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'broken=%ff%41' })?.headers).toEqual({ broken: '%ff%41' });
});

test('a share of traces and a period of metrics can be chosen', () => {
  expect(
    of({ ...endpoint, OTEL_TRACES_SAMPLER_ARG: '0.25', OTEL_METRIC_EXPORT_INTERVAL: '15000', OTEL_SERVICE_NAME: 'gateway-eu' }),
  ).toMatchObject({
    sampledShare: 0.25,
    metricPeriodMs: 15_000,
    serviceName: 'gateway-eu',
  });
});

describe('what cannot be used is refused', () => {
  test.each([
    ['a collector that is no address', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [
      'a collector with a name in its address',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:secret@127.0.0.1:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT',
    ],
    ['a collector with a query', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/?key=secret' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['a header without a value', { OTEL_EXPORTER_OTLP_HEADERS: 'secret' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    ['a header whose name is none', { OTEL_EXPORTER_OTLP_HEADERS: 'a b=secret' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    ['a header with a line break', { OTEL_EXPORTER_OTLP_HEADERS: 'a=secret\nb' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    ['more headers than anybody needs', { OTEL_EXPORTER_OTLP_HEADERS: 'a=secret,'.repeat(33) }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    ['a share above one', { OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'OTEL_TRACES_SAMPLER_ARG'],
    ['a share in words', { OTEL_TRACES_SAMPLER_ARG: 'all' }, 'OTEL_TRACES_SAMPLER_ARG'],
    ['a period of no time', { OTEL_METRIC_EXPORT_INTERVAL: '0' }, 'OTEL_METRIC_EXPORT_INTERVAL'],
    ['a period that is no number', { OTEL_METRIC_EXPORT_INTERVAL: '1m' }, 'OTEL_METRIC_EXPORT_INTERVAL'],
  ])('%s', (_what, environment, name) => {
    const line = refusalOf(environment);
    expect(line).toContain(name);
    expect(line).not.toContain('secret');
  });
});
