/** A half-filled form that survives a reload of its tab. No key, no header value and nothing of another person is ever in it. */
import type { FormValues } from './values.ts';

const place = 'patchbay-connection-draft';

interface Draft {
  ownerId: string;
  provider: string;
  values: FormValues;
}

const withoutSecrets = (values: FormValues): FormValues => ({
  ...values,
  apiKey: '',
  headers: values.headers.map((row) => ({ ...row, value: '' })),
});

export function keepDraft(ownerId: string, provider: string, values: FormValues): void {
  try {
    sessionStorage.setItem(place, JSON.stringify({ ownerId, provider, values: withoutSecrets(values) } satisfies Draft));
  } catch {
    // Without storage a reload begins anew.
  }
}

/** The caller's own draft; null for none. */
export function recallDraft(ownerId: string): Draft | null {
  try {
    const draft = JSON.parse(sessionStorage.getItem(place) ?? 'null') as Draft | null;
    return draft?.ownerId === ownerId && Array.isArray(draft.values.headers) ? draft : null;
  } catch {
    return null;
  }
}

export function dropDraft(): void {
  try {
    sessionStorage.removeItem(place);
  } catch {
    // There was none, then.
  }
}
