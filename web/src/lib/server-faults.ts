/** What the server objects to, brought to the fields of a form, and what it names as standing in the way. */
import { HttpError } from '@patchbay/client';

interface FaultForm {
  setErrors(errors: Record<string, true>): void;
  getInputNode(path: string): HTMLElement | null;
}

/** Marks the named fields that the server refused and puts the focus on the first; the page has the words for each. */
export function showFaults(form: FaultForm, fields: readonly string[], error: unknown): void {
  const named = error instanceof HttpError ? fields.filter((field) => field in error.fields) : [];
  form.setErrors(Object.fromEntries(named.map((field) => [field, true as const])));
  if (named[0] !== undefined) form.getInputNode(named[0])?.focus();
}

/** What the server named as hanging on the thing that was to go; empty where it refused for another reason than `code`. */
export function dependantsOf<Dependant>(error: unknown, code: 'CONFIGURATION_IN_USE' | 'REPOSITORY_IN_USE'): Dependant[] {
  if (!(error instanceof HttpError) || !error.is(code)) return [];
  const { details } = error.data as { details?: unknown };
  return Array.isArray(details) ? (details as Dependant[]) : [];
}

/** After a try of the form itself: the focus goes to the first field that is wrong, in the order of the page. */
export function focusFirst(form: FaultForm, fields: readonly string[], found: Record<string, unknown>): void {
  const first = fields.find((field) => field in found);
  if (first !== undefined) form.getInputNode(first)?.focus();
}
