/** The TypeScript type that a JSON Schema describes, as text: what zod says of a schema, without zod. */

export interface SchemaNode {
  $ref?: string;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly SchemaNode[];
  oneOf?: readonly SchemaNode[];
  allOf?: readonly SchemaNode[];
  type?: string | readonly string[];
  properties?: Record<string, SchemaNode>;
  required?: readonly string[];
  additionalProperties?: boolean | SchemaNode;
  items?: SchemaNode | boolean;
  prefixItems?: readonly SchemaNode[];
  [keyword: string]: unknown;
}

const isName = /^[A-Za-z_$][\w$]*$/;
const simple: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
const united = (texts: readonly string[]): string => distinct(texts).join(' | ');

function objectText({ properties = {}, required = [], additionalProperties }: SchemaNode): string {
  const fields = Object.entries(properties).map(([name, node]) => {
    const isOptional = !required.includes(name);
    return `${isName.test(name) ? name : JSON.stringify(name)}${isOptional ? '?' : ''}: ${typeText(node)}${isOptional ? ' | undefined' : ''}`;
  });
  const others =
    typeof additionalProperties === 'object' ? typeText(additionalProperties) : additionalProperties === true ? 'unknown' : null;
  // A named field beside free ones must fit among them, so these are as wide as all together.
  if (others !== null) fields.push(`[name: string]: ${fields.length === 0 ? others : 'unknown'}`);
  return fields.length === 0 ? 'Record<string, never>' : `{ ${fields.join('; ')} }`;
}

function arrayText({ items, prefixItems }: SchemaNode): string {
  if (prefixItems) return `[${prefixItems.map(typeText).join(', ')}]`;
  return `(${typeof items === 'object' ? typeText(items) : 'unknown'})[]`;
}

/**
 * The type as one line of text.
 * @throws Error where the schema refers to itself: a type without a name cannot
 */
export function typeText(node: SchemaNode): string {
  if (node.$ref !== undefined) throw new Error(`a schema that refers to itself has no type without a name: ${node.$ref}`);
  if ('const' in node) return JSON.stringify(node.const);
  if (node.enum) return united(node.enum.map((value) => JSON.stringify(value)));
  const choices = node.anyOf ?? node.oneOf;
  if (choices) return `(${united(choices.map(typeText))})`;
  if (node.allOf) return node.allOf.map((part) => `(${typeText(part)})`).join(' & ');
  if (Array.isArray(node.type)) return `(${united(node.type.map((type: string) => typeText({ ...node, type })))})`;
  if (node.type === 'object') return objectText(node);
  if (node.type === 'array') return arrayText(node);
  return simple[String(node.type)] ?? 'unknown';
}
