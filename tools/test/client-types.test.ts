/** What a schema says becomes the type that zod itself would give, and what cannot be said is refused. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { typeText, type SchemaNode } from '../client/type-text.ts';

const textOf = (schema: z.ZodType, io: 'input' | 'output' = 'output'): string =>
  typeText(z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as SchemaNode);

test.each<[string, z.ZodType, string]>([
  ['a text', z.string().min(3), 'string'],
  ['a whole number', z.number().int(), 'number'],
  ['a value or null', z.string().nullable(), '(string | null)'],
  ['names', z.enum(['a', 'b']), '"a" | "b"'],
  ['one value', z.literal(true), 'true'],
  ['a list of either', z.array(z.union([z.string(), z.number()])), '((string | number))[]'],
  ['a list of fixed length', z.tuple([z.string(), z.boolean()]), '[string, boolean]'],
  [
    'an object with a field that may be missing',
    z.object({ a: z.string(), 'b-c': z.number().optional() }),
    '{ a: string; "b-c"?: number | undefined }',
  ],
  ['an object with free names', z.record(z.string(), z.number()), '{ [name: string]: number }'],
  ['named and free fields', z.looseObject({ a: z.string() }), '{ a: string; [name: string]: unknown }'],
  ['an object without fields', z.strictObject({}), 'Record<string, never>'],
  ['anything', z.unknown(), 'unknown'],
])('%s', (_what, schema, text) => {
  expect(textOf(schema)).toBe(text);
});

test('what goes in may be less than what comes out', () => {
  const schema = z.object({ limit: z.number().default(100) });
  expect(textOf(schema, 'input')).toBe('{ limit?: number | undefined }');
  expect(textOf(schema, 'output')).toBe('{ limit: number }');
});

test('parts that all hold are joined', () => {
  expect(typeText({ allOf: [{ type: 'string' }, {}] })).toBe('(string) & (unknown)');
});

test('several types of one node are a choice', () => {
  expect(typeText({ type: ['string', 'null'] })).toBe('(string | null)');
});

test('a schema that holds itself is refused: it would be a type without an end', () => {
  interface Tree {
    children: Tree[];
  }
  const tree: z.ZodType<Tree> = z.object({ children: z.array(z.lazy(() => tree)) });
  expect(() => textOf(tree)).toThrow('refers to itself');
});
