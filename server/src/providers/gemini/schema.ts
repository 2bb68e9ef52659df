/** JSON Schema in the smaller language that models before Gemini 2.5 understand (ai.google.dev, Schema: a part of OpenAPI 3.0). */
import { isRecord, list, text, type Json } from '../shape.ts';

/** A schema is followed this deep; what lies deeper, as in one that refers to itself, stays open. */
const depthMax = 24;
/** A schema is written out up to so many nodes: references that branch would otherwise double it at every level. */
const nodesMax = 5000;

/** Members that mean the same there and here. */
const sameMembers = [
  'title',
  'description',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'nullable',
  'example',
  'default',
  'required',
  'propertyOrdering',
] as const;

/** Members that are read below, or that no answer depends on. */
const readMembers: ReadonlySet<string> = new Set<string>([
  ...sameMembers,
  'type',
  'enum',
  'const',
  'items',
  'properties',
  'anyOf',
  'oneOf',
  '$ref',
  '$defs',
  'definitions',
  '$schema',
  '$id',
  '$comment',
  'examples',
]);

interface Reading {
  root: Json;
  isLossy: boolean;
  nodes: number;
}

/** What `#/$defs/Name` names; undefined for every other kind of reference. */
function referred(root: Json, reference: string): Json | undefined {
  if (!reference.startsWith('#')) return undefined;
  let found: unknown = root;
  for (const step of reference
    .slice(1)
    .split('/')
    .filter((piece) => piece !== '')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isRecord(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return isRecord(found) ? found : undefined;
}

/** `["string", "null"]` is a string that may be null; more than one other type becomes a choice. */
function putType(schema: Json, out: Json): void {
  const types = list(schema['type']).filter((type): type is string => typeof type === 'string');
  const single = text(schema['type']);
  if (single !== undefined) out['type'] = single.toUpperCase();
  if (types.includes('null')) out['nullable'] = true;
  const others = types.filter((type) => type !== 'null');
  if (others.length === 1) out['type'] = others[0]!.toUpperCase();
  else if (others.length > 1) out['anyOf'] = others.map((type) => ({ type: type.toUpperCase() }));
}

/** Only texts can be listed there. */
function putEnum(schema: Json, out: Json, reading: Reading): void {
  const values = schema['const'] === undefined ? list(schema['enum']) : [schema['const']];
  if (values.length === 0) return;
  const texts = values.filter((value): value is string => typeof value === 'string');
  if (values.includes(null)) out['nullable'] = true;
  if (texts.length < values.filter((value) => value !== null).length) {
    reading.isLossy = true;
    return;
  }
  out['type'] = 'STRING';
  out['enum'] = texts;
}

function convert(schema: unknown, reading: Reading, depth: number): Json {
  if (!isRecord(schema) || depth > depthMax || ++reading.nodes > nodesMax) {
    // `true` allows everything, as the empty schema does.
    if (schema !== true) reading.isLossy = true;
    return {};
  }
  const reference = text(schema['$ref']);
  if (reference !== undefined) {
    const target = referred(reading.root, reference);
    const { $ref: _reference, ...own } = schema;
    if (target) return convert({ ...target, ...own }, reading, depth + 1);
    reading.isLossy = true;
    return convert(own, reading, depth + 1);
  }
  const out: Json = {};
  for (const name of sameMembers) if (schema[name] !== undefined) out[name] = schema[name];
  putType(schema, out);
  putEnum(schema, out, reading);
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) out['anyOf'] = (choices as unknown[]).map((choice) => convert(choice, reading, depth + 1));
  if (isRecord(schema['items'])) out['items'] = convert(schema['items'], reading, depth + 1);
  if (isRecord(schema['properties'])) {
    const properties = Object.entries(schema['properties']).map(([name, inner]) => [name, convert(inner, reading, depth + 1)] as const);
    // An object without members is refused there; one that says nothing of them is taken.
    if (properties.length > 0) out['properties'] = Object.fromEntries(properties);
  }
  const isClosed = schema['additionalProperties'] === false;
  if (Object.keys(schema).some((name) => !readMembers.has(name) && !(name === 'additionalProperties' && isClosed))) reading.isLossy = true;
  return out;
}

/** The schema in the smaller language. `isLossy` where something of it could not be said; closed objects are what every object is there. */
export function smallSchemaOf(schema: Json): { schema: Json; isLossy: boolean } {
  const reading: Reading = { root: schema, isLossy: false, nodes: 0 };
  return { schema: convert(schema, reading, 0), isLossy: reading.isLossy };
}

/** TRUE for a schema of an object that has no members: how a function without arguments is described. */
export const isEmptyObject = (schema: Json): boolean =>
  (schema['type'] === undefined || schema['type'] === 'object') &&
  !['anyOf', 'oneOf', 'allOf', '$ref', 'patternProperties'].some((name) => schema[name] !== undefined) &&
  !isRecord(schema['additionalProperties']) &&
  (!isRecord(schema['properties']) || Object.keys(schema['properties']).length === 0);
