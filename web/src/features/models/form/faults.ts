/** What is wrong with a form, as a code per field: first what the page can see itself, then what the server objects to. */
import { HttpError } from '@patchbay/client';
import { isBlank } from '@patchbay/contract/blank';
import { isSetting, isShown, type FormField } from './fields.ts';
import { isJsonObject, jsonPlaceOf } from './json-fault.ts';
import { readNumber, type FormValues } from './values.ts';

/** The texts of `form.fault`. */
export type FaultCode =
  | 'required'
  | 'exists'
  | 'number'
  | 'whole'
  | 'json'
  | 'jsonObject'
  | 'reserved'
  | 'range'
  | 'long'
  | 'format'
  | 'key'
  | 'mask'
  | 'plainHttp'
  | 'url'
  | 'newOrigin'
  | 'backup'
  | 'unknown';

export interface Fault {
  code: FaultCode;
  /** Which part of the field it is about, such as the name of a parameter. */
  part?: string;
}

export type Faults = Readonly<Record<string, Fault>>;

function settingFault(field: FormField, text: string): FaultCode | null {
  if (text.trim() === '') return null;
  if (field.kind === 'json') {
    if (jsonPlaceOf(text) !== null) return 'json';
    // Only the safety settings are a list; they have an editor of their own.
    return field.name === 'parameters' && !isJsonObject(text) ? 'jsonObject' : null;
  }
  if (field.kind !== 'number' && field.kind !== 'slider') return null;
  const number = readNumber(text);
  if (Number.isNaN(number)) return 'number';
  return field.integer && !Number.isInteger(number) ? 'whole' : null;
}

/** Only what no server needs to be asked for; bounds are the server's, because they hang on the model. */
export function ownFaults(fields: readonly FormField[], values: FormValues): Faults {
  const found: Record<string, Fault> = {};
  if (isBlank(values.name)) found['name'] = { code: 'required' };
  for (const field of fields) {
    if (field.name === 'model' || field.name === 'baseUrl') {
      if (field.required && values[field.name].trim() === '') found[field.name] = { code: 'required' };
    } else if (isSetting(field) && isShown(field, fields, values.settings)) {
      const fault = settingFault(field, values.settings[field.name] ?? '');
      if (fault) found[field.name] = { code: fault };
    }
  }
  return found;
}

const byCode: Readonly<Record<string, FaultCode>> = {
  required: 'required',
  exists: 'exists',
  too_big: 'range',
  too_small: 'range',
  invalid_format: 'format',
  mask: 'mask',
  not_a_key: 'key',
  plain_http: 'plainHttp',
  required_for_new_origin: 'newOrigin',
};

/** The administrators' face has other words for two fields. */
const houseNames: Readonly<Record<string, string>> = { modelVariant: 'model', apiUrl: 'baseUrl' };

/** A server's fault, at the field of this form that it concerns: `configuration.parameters.model` is about `parameters`. */
export function faultAt(path: string, code: string, fields: readonly FormField[]): [name: string, fault: Fault] {
  const inner = houseNames[path] ?? path.replace(/^configuration\./, '');
  const field = fields.find(({ name }) => inner === name || inner.startsWith(`${name}.`));
  if (inner === 'baseUrl') return [inner, { code: byCode[code] ?? 'url' }];
  const part = field && inner !== field.name ? inner.slice(field.name.length + 1) : undefined;
  const isText = field !== undefined && field.kind !== 'number' && field.kind !== 'slider';
  const said = byCode[code] ?? 'unknown';
  if (part !== undefined && field?.kind === 'backups') return [field.name, { code: 'backup', part: String(Number.parseInt(part, 10) + 1) }];
  if (part !== undefined && field?.kind === 'json') return [field.name, { code: 'reserved', part }];
  return [field?.name ?? inner, { code: said === 'range' && (isText || inner === 'name') ? 'long' : said }];
}

export function serverFaults(error: unknown, fields: readonly FormField[]): Faults {
  if (!(error instanceof HttpError)) return {};
  return Object.fromEntries(Object.entries(error.fields).map(([path, { code }]) => faultAt(path, code, fields)));
}
