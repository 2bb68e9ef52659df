/** The description in the repository is the one that is served, and it is OpenAPI. */
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { servedDescription } from '../openapi.ts';

let text = '';
beforeAll(async () => {
  text = await servedDescription();
});

describe('docs/openapi.json', () => {
  test('is what this version serves; node tools/openapi.ts writes it', () => {
    const committed = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(committed === text, 'docs/openapi.json is old: run node tools/openapi.ts').toBe(true);
  });

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(text) as Record<string, unknown>);
    expect([valid, errors ?? []]).toEqual([true, []]);
    expect(validator.version).toBe('3.1');
  });

  test('a document with a fault is found to have one', async () => {
    const broken = JSON.parse(text) as { paths: Record<string, unknown> };
    broken.paths['/api/me'] = { get: { responses: 'none' } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });
});
