/** How long a provider asks us to wait (RFC 9110, 10.2.3, and the `retry-after-ms` that some SDK vendors send). */

/** A provider that asks for more is shown as this. */
export const retryAfterShownMaxMs = 3_600_000;

type Headers = Readonly<Record<string, string | string[] | undefined>>;
const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)?.trim();

/**
 * Milliseconds to wait; null for a missing, negative or meaningless value. A date is measured against the answer's own
 * `Date`, because the provider's clock made both.
 */
export function retryAfterMsOf(headers: Headers, nowMs: number): number | null {
  const exact = first(headers['retry-after-ms']);
  if (exact !== undefined && /^\d{1,12}(\.\d+)?$/.test(exact)) return Math.min(Math.ceil(Number(exact)), retryAfterShownMaxMs);
  const value = first(headers['retry-after']);
  if (value === undefined || value === '') return null;
  if (/^\d{1,12}(\.\d+)?$/.test(value)) return Math.min(Math.ceil(Number(value) * 1000), retryAfterShownMaxMs);
  // Date.parse reads "-5" as a year; only what begins with a letter can be an HTTP date.
  if (!/^[A-Z]/i.test(value)) return null;
  const untilMs = Date.parse(value);
  if (Number.isNaN(untilMs)) return null;
  const sentMs = Date.parse(first(headers['date']) ?? '');
  const waitMs = untilMs - (Number.isNaN(sentMs) ? nowMs : sentMs);
  return waitMs < 0 ? null : Math.min(waitMs, retryAfterShownMaxMs);
}
