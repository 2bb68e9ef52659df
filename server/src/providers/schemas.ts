/** The rules of a connection's configuration per provider, as zod schemas and JSON Schema made from the field list. */
import { backupsMax } from '@patchbay/contract/routing-limits';
import { modelText, uuidText } from '@patchbay/contract/text';
import { z } from 'zod';
import type { FieldFault } from '../domain/errors.ts';
import { reservedParameters } from './defaults.ts';
import { columnFieldsOf, settingsFieldsOf, type Field } from './fields.ts';
import type { ProviderRow } from './row.ts';

/** Free parameters and headers of one connection; more is a mistake or an attack. */
export const parametersMax = 64;
export const parametersCharsMax = 16_384;
export const headersMax = 32;
export const headerCharsMax = 4096;

/** Field faults that one answer names. */
const faultsMax = 50;

const parameters = z.record(z.string(), z.json()).superRefine((value, context) => {
  const names = Object.keys(value);
  if (names.length > parametersMax) context.addIssue({ code: 'custom', message: `at most ${parametersMax} parameters` });
  for (const name of names) {
    if (reservedParameters.has(name))
      context.addIssue({ code: 'custom', path: [name], message: 'this parameter belongs to the request itself' });
  }
  if (JSON.stringify(value).length > parametersCharsMax)
    context.addIssue({ code: 'custom', message: `at most ${parametersCharsMax} characters` });
});

const safetySettings = z
  .array(
    z.strictObject({
      category: z.string().regex(/^HARM_CATEGORY_[A-Z_]+$/),
      threshold: z.enum([
        'HARM_BLOCK_THRESHOLD_UNSPECIFIED',
        'BLOCK_LOW_AND_ABOVE',
        'BLOCK_MEDIUM_AND_ABOVE',
        'BLOCK_ONLY_HIGH',
        'BLOCK_NONE',
        'OFF',
      ]),
    }),
  )
  .max(20);

const headers = z
  .record(
    z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
      .max(100),
    z
      .string()
      .max(headerCharsMax)
      .regex(/^[\t\x20-\x7e\x80-\xff]*$/),
  )
  .refine((value) => Object.keys(value).length <= headersMax, { message: `at most ${headersMax} headers` });

/** Who is asked when this connection fails, in order; whether they are there is a matter of the rows. */
const backups = z.array(z.strictObject({ connectionId: uuidText, model: modelText.nullish() })).max(backupsMax);

/** Settings whose inside has a shape of its own. */
const shapes: Readonly<Record<string, z.ZodType>> = { parameters, safetySettings, headers, backups };

function textSchema(field: Field): z.ZodType {
  let schema = z.string().max(field.charsMax ?? 1000);
  if (field.required) schema = schema.trim().min(1);
  return field.pattern === undefined ? schema : schema.regex(new RegExp(field.pattern));
}

function schemaOfField(field: Field): z.ZodType {
  const shape = shapes[field.name];
  if (shape) return shape;
  switch (field.kind) {
    case 'number':
    case 'slider': {
      const number = field.integer ? z.int() : z.number();
      return number.min(field.min ?? Number.MIN_SAFE_INTEGER).max(field.max ?? Number.MAX_SAFE_INTEGER);
    }
    case 'switch':
      return z.boolean();
    case 'select':
      return z.enum((field.options ?? []).map((option) => option.value) as [string, ...string[]]);
    case 'json':
    case 'headers':
    case 'backups':
      return z.json();
    case 'text':
    case 'textarea':
    case 'password':
    case 'url':
      return textSchema(field);
  }
}

/** A strict object: `timeouts.totalMs` becomes a member of a member. Settings may be null, which means "not set". */
function objectOf(fields: readonly Field[]): z.ZodType {
  const shape: Record<string, z.ZodType> = {};
  const nested: Record<string, Record<string, z.ZodType>> = {};
  for (const field of fields) {
    const schema = schemaOfField(field);
    const own = field.required ? schema : schema.nullable().optional();
    const dot = field.name.indexOf('.');
    if (dot < 0) shape[field.name] = own;
    else (nested[field.name.slice(0, dot)] ??= {})[field.name.slice(dot + 1)] = own;
  }
  for (const [name, inner] of Object.entries(nested)) shape[name] = z.strictObject(inner).nullable().optional();
  return z.strictObject(shape);
}

/** TRUE where nothing stands at a path of the input: "missing" helps more than "of another type". */
function isMissing(input: unknown, path: readonly PropertyKey[]): boolean {
  let value = input;
  for (const key of path) value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value === undefined || value === '';
}

function faultsOf(error: z.ZodError, input: unknown): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const issue of error.issues) {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        faults.push({ path: [...path, key].join('.'), code: 'unknown_field', message: 'this provider has no such setting' });
    } else if (path.length > 0 && isMissing(input, issue.path))
      faults.push({ path: path.join('.'), code: 'required', message: 'a value is needed' });
    else faults.push({ path: path.join('.'), code: issue.code, message: issue.message });
  }
  return faults.slice(0, faultsMax);
}

/**
 * What is wrong with the stored settings of a connection, with the path of each field inside them; empty for none. The model
 * decides some bounds (C-05, C-07); null means that none is set.
 */
export function settingsFaults(row: ProviderRow, model: string | null, settings: unknown): FieldFault[] {
  const checked = objectOf(settingsFieldsOf(row, model)).safeParse(settings);
  return checked.success ? [] : faultsOf(checked.error, settings);
}

/**
 * What is wrong with a configuration as the documents write it, with key, address and model among the settings (R-148 to
 * R-161); nothing is saved and nobody is called.
 */
export function configurationFaults(row: ProviderRow, configuration: unknown): FieldFault[] {
  const said = typeof configuration === 'object' && configuration !== null && 'model' in configuration ? configuration.model : null;
  const model = typeof said === 'string' ? said : null;
  const checked = objectOf([...columnFieldsOf(row), ...settingsFieldsOf(row, model)]).safeParse(configuration);
  return checked.success ? [] : faultsOf(checked.error, configuration);
}

/** What a form and a validator need to know of one provider (R-067, D-33). JSON Schema is draft 2020-12. */
export function schemaOf(row: ProviderRow, model: string | null = null): { jsonSchema: Record<string, unknown>; fields: Field[] } {
  const fields = [...columnFieldsOf(row), ...settingsFieldsOf(row, model)];
  const jsonSchema = z.toJSONSchema(objectOf(fields), { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return { jsonSchema, fields };
}
