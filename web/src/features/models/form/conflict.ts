/** What two people made of the same connection, field by field: only what the other one changed is worth a question. */
import type { Configuration } from '@patchbay/contract/configurations';
import { isSetting, type FormField } from './fields.ts';
import type { ConnectionForm } from './use-connection-form.ts';
import { storedValues, type FormValues } from './values.ts';

export interface ConflictRow {
  /** The field's name; `isActive` and `isDefault` are the two switches. */
  name: string;
  /** What stands there now; null for a secret, of which nothing is shown but that it changed. */
  theirs: string | null;
  mine: string | null;
}

const headerNames = ({ headers }: FormValues): string =>
  headers
    .map(({ name }) => name.trim())
    .toSorted()
    .join(', ');

const textsOf = (values: FormValues, fields: readonly FormField[]): Record<string, string> => ({
  name: values.name.trim(),
  model: values.model.trim(),
  baseUrl: values.baseUrl.trim(),
  ...Object.fromEntries(
    fields
      .filter(isSetting)
      .map((field) => [field.name, field.kind === 'headers' ? headerNames(values) : (values.settings[field.name] ?? '')]),
  ),
  isActive: String(values.isActive),
  isDefault: String(values.isDefault),
});

/** Fields that somebody else changed since the form was opened and that are not the same in it by now. */
export function conflictRows(
  { provider, fields, values }: Pick<ConnectionForm, 'provider' | 'fields' | 'values'>,
  opened: Configuration,
  current: Configuration,
): ConflictRow[] {
  const [before, now, mine] = [storedValues(opened, provider, fields), storedValues(current, provider, fields), values].map((one) =>
    textsOf(one, fields),
  );
  const rows: ConflictRow[] = Object.keys(now!)
    .filter((name) => now![name] !== before![name] && now![name] !== mine![name])
    .map((name) => ({ name, theirs: now![name] ?? '', mine: mine![name] ?? '' }));
  if (current.provider !== opened.provider) rows.unshift({ name: 'provider', theirs: current.provider, mine: opened.provider });
  // A key that was replaced and is not typed here stays replaced, whoever saves last.
  const isKeyContested = current.apiKeySetAt !== opened.apiKeySetAt && values.apiKey !== '';
  return isKeyContested ? [...rows, { name: 'apiKey', theirs: null, mine: null }] : rows;
}
