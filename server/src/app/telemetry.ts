/**
 * OpenTelemetry, for who has a collector: a trace of each request with a span of each attempt, and the metrics of the GenAI convention.
 * Loaded only when `OTEL_EXPORTER_OTLP_ENDPOINT` is set (it costs 50 MB and 0.2 s). Both are made of what goes into the books anyway, so
 * that they agree with them and that the rooms of the gateway know nothing of it.
 */
import type { LedgerRecord } from '../domain/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { Teller } from './telemetry-teller.ts';

export interface TelemetrySettings {
  /** The collector's address, to which `/v1/traces` and `/v1/metrics` are added. */
  endpoint: string;
  headers: Record<string, string>;
  serviceName: string;
  /** Share of traces that are kept where the caller has not decided, 0 to 1. */
  sampledShare: number;
  metricPeriodMs: number;
}

export interface Telemetry {
  /** Hears every record of the books as it is written. Never throws. */
  see(record: LedgerRecord): void;
  /** Remembers the trace that a request belongs to, by its header (W3C Trace Context); a header that is none begins a new one. */
  join(requestId: string, traceparent: string | string[] | undefined): void;
  /** Sends what is left; waits no longer than a few seconds for a collector that does not answer. */
  close(): Promise<void>;
}

/** Longer values are cut. */
const valueCharsMax = 500;
const exportTimeoutMs = 5_000;
const tellPeriodMs = 60_000;

/** @throws where the libraries cannot be loaded; a collector that does not answer is no error */
export async function openTelemetry(settings: TelemetrySettings, { clock, log }: { clock: Clock; log: Log }): Promise<Telemetry> {
  const [api, trace, metrics, resources, traceOut, metricOut] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ]);
  let wasToldAtMs = -Infinity;
  // The library reports each failed export; one line in a while says as much.
  const tell = (message: string): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - wasToldAtMs < tellPeriodMs) return;
    wasToldAtMs = nowMs;
    log.warn({ reason: message.slice(0, valueCharsMax) }, 'the OpenTelemetry collector takes nothing; requests are served without it');
  };
  const quiet = (): void => undefined;
  api.diag.setLogger({ error: tell, warn: quiet, info: quiet, debug: quiet, verbose: quiet }, { suppressOverrideMessage: true });
  const to = (path: string): { url: string; headers: Record<string, string>; timeoutMillis: number } => ({
    url: `${settings.endpoint.replace(/\/$/, '')}${path}`,
    headers: settings.headers,
    timeoutMillis: exportTimeoutMs,
  });
  const resource = resources.resourceFromAttributes({ 'service.name': settings.serviceName });
  const tracers = new trace.TracerProvider({
    resource,
    sampler: new trace.ParentBasedSampler({ root: new trace.TraceIdRatioBasedSampler(settings.sampledShare) }),
    spanLimits: { attributeValueLengthLimit: valueCharsMax },
    spanProcessors: [
      new trace.BatchSpanProcessor({ exporter: new traceOut.OTLPTraceExporter(to('/v1/traces')), exportTimeoutMillis: exportTimeoutMs }),
    ],
  });
  const meters = new metrics.MeterProvider({
    resource,
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: new metricOut.OTLPMetricExporter(to('/v1/metrics')),
        exportIntervalMillis: settings.metricPeriodMs,
        exportTimeoutMillis: Math.min(exportTimeoutMs, settings.metricPeriodMs),
      }),
    ],
  });
  const teller = new Teller(api, tracers.getTracer('patchbay'), meters.getMeter('patchbay'));
  return {
    see: (record) => teller.see(record),
    join: (requestId, traceparent) => teller.join(requestId, traceparent),
    async close() {
      await Promise.allSettled([tracers.shutdown(), meters.shutdown({ timeoutMillis: exportTimeoutMs })]);
      api.diag.disable();
    },
  };
}
