/** OpenTelemetry's own variables, as far as Patchbay knows them. Source: opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables */
import type { TelemetrySettings } from './telemetry.ts';

const serviceNameDefault = 'patchbay';
const metricPeriodMsDefault = 60_000;
const metricPeriodMsMin = 1_000;
const metricPeriodMsMax = 3_600_000;
const nameCharsMax = 200;
const headersMax = 32;
const headerForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;

type Value = (name: string) => string | null;
type Refuse = (line: string) => never;

function headersOf(text: string | null, refuse: Refuse): Record<string, string> {
  const pairs = (text ?? '').split(',').filter((pair) => pair.trim() !== '');
  if (pairs.length > headersMax) refuse(`OTEL_EXPORTER_OTLP_HEADERS has more than ${headersMax} headers`);
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      const name = pair.slice(0, at).trim();
      const value = pair.slice(at + 1).trim();
      // The value is not repeated: it is a key, most of the time.
      if (at < 1 || !headerForm.test(name) || !/^[\x20-\x7e]*$/.test(value))
        return refuse('OTEL_EXPORTER_OTLP_HEADERS must be a list of name=value, with commas between');
      return [name, /%[0-9a-f]{2}/i.test(value) ? decoded(value) : value] as const;
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function endpointOf(text: string, refuse: Refuse): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isFit = (url?.protocol === 'http:' || url?.protocol === 'https:') && url.username === '' && url.search === '' && url.hash === '';
  return isFit
    ? text
    : refuse('OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://127.0.0.1:4318, without a name, a query or a fragment');
}

/** Null where no collector is named. `refuse` throws its line. */
export function telemetrySettingsOf(value: Value, refuse: Refuse): TelemetrySettings | null {
  const endpoint = value('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (endpoint === null) return null;
  const share = value('OTEL_TRACES_SAMPLER_ARG') ?? '1';
  if (!/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/.test(share)) refuse('OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, such as 0.1');
  const period = value('OTEL_METRIC_EXPORT_INTERVAL') ?? String(metricPeriodMsDefault);
  const metricPeriodMs = /^\d{1,7}$/.test(period) ? Number(period) : NaN;
  if (!(metricPeriodMs >= metricPeriodMsMin && metricPeriodMs <= metricPeriodMsMax))
    refuse(`OTEL_METRIC_EXPORT_INTERVAL must be milliseconds from ${metricPeriodMsMin} to ${metricPeriodMsMax}`);
  return {
    endpoint: endpointOf(endpoint, refuse),
    headers: headersOf(value('OTEL_EXPORTER_OTLP_HEADERS'), refuse),
    serviceName: (value('OTEL_SERVICE_NAME') ?? serviceNameDefault).slice(0, nameCharsMax),
    sampledShare: Number(share),
    metricPeriodMs,
  };
}
