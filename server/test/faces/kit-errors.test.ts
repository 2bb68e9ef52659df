/** How any thrown thing becomes an answer: expected ones by their code, all others as one bare sentence. */
import { errorCodes, type ErrorCode } from '@patchbay/contract/errors';
import { translate } from '@patchbay/contract/translate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Refusal, UpstreamFailure } from '../../src/domain/errors.ts';
import { errorAnswer, invalid, type ErrorAnswer } from '../../src/faces/kit/errors.ts';
import { pageAnswer } from '../../src/faces/kit/page.ts';
import { created, ok, route, type Dialect } from '../../src/faces/kit/route.ts';
import { checkedParameters } from '../../src/storage/codec.ts';
import { StaleWrite, StorageBusy, StorageFault, StorageUnavailable, UniqueViolation } from '../../src/storage/errors.ts';
import { openPlane } from './plane.ts';

const requestId = '01890a5d-ac96-774b-bcce-b302099a8057';
const answerTo = (error: unknown, dialect: Dialect = 'house', language: 'en' | 'id' = 'en'): ErrorAnswer =>
  errorAnswer(error, { language, requestId, dialect });
const codes = Object.keys(errorCodes) as ErrorCode[];
const values = {
  count: 1,
  provider: 'OpenAI',
  reason: 'r',
  entry: 'e',
  limit: 'l',
  model: 'm',
  name: 'n',
  method: 'GET',
  origin: 'o',
  seconds: 3,
};

describe('a refusal', () => {
  test.each(codes)('%s has the status of its code, its text in both languages and one shape', (code) => {
    for (const language of ['en', 'id'] as const) {
      const { status, body } = answerTo(new Refusal(code, { values }), 'house', language);
      const message = translate(language, `errors.${code}`, values);
      expect(status).toBe(errorCodes[code].status);
      expect(body).toEqual({ success: false, error: message, message, error_code: code, request_id: requestId });
    }
  });

  test('carries its details and the pause it asks for', () => {
    const answer = answerTo(new Refusal('RATE_LIMITED', { values: { seconds: 7 }, retryAfterS: 7, details: { rule: 'rpm' } }));
    expect(answer).toMatchObject({ status: 429, retryAfterS: 7, isOurs: false, body: { details: { rule: 'rpm' } } });
    expect(answerTo(new Refusal('NOT_FOUND'))).toMatchObject({ retryAfterS: null });
  });

  test('never shows its cause', () => {
    const answer = answerTo(new Refusal('PROVIDER_ERROR', { cause: new Error('Bearer sk-live-0123456789') }));
    expect(JSON.stringify(answer)).not.toContain('sk-live');
  });

  test('has three statuses of its own on the face of AI LLMs, with the same code', () => {
    expect(answerTo(new Refusal('CONFIGURATION_IN_USE', { values }), 'ai-llm')).toMatchObject({
      status: 403,
      body: { error_code: 'CONFIGURATION_IN_USE' },
    });
    expect(answerTo(new Refusal('NAME_EXISTS', { values }), 'ai-llm')).toMatchObject({ status: 400, body: { error_code: 'NAME_EXISTS' } });
    expect(answerTo(new Refusal('REPOSITORY_IN_USE', { values }), 'ai-llm')).toMatchObject({
      status: 403,
      body: { error_code: 'REPOSITORY_IN_USE' },
    });
    const own = new Set<string>(['CONFIGURATION_IN_USE', 'REPOSITORY_IN_USE', 'NAME_EXISTS']);
    for (const code of codes.filter((one) => !own.has(one))) {
      expect(answerTo(new Refusal(code, { values }), 'ai-llm').status).toBe(errorCodes[code].status);
    }
  });
});

describe('a database that does not answer', () => {
  test.each([
    new StorageUnavailable('PostgreSQL does not answer: connect ECONNREFUSED 10.1.2.3:5432'),
    new StorageBusy('canceling statement: UPDATE users'),
  ])('is 503 and worth a second try: %s', (error) => {
    const answer = answerTo(error);
    expect(answer).toMatchObject({ status: 503, retryAfterS: 2, isOurs: false, body: { error_code: 'STORAGE_UNAVAILABLE' } });
    expect(JSON.stringify(answer)).not.toMatch(/10\.1\.2\.3|UPDATE|ECONN/);
  });
});

describe('a value that no database keeps', () => {
  const refused = (value: unknown): unknown => {
    try {
      return checkedParameters([1, value]);
    } catch (error) {
      return error;
    }
  };

  test("is the caller's fault where it is a text", () => {
    expect(answerTo(refused('a\0b'))).toMatchObject({ status: 400, isOurs: false, body: { error_code: 'VALIDATION_ERROR' } });
  });

  test.each([new Date(0), undefined, {}, [], 2 ** 60, Number.NaN, () => 1])('is ours where nobody can have sent it: %s', (value) => {
    expect(answerTo(refused(value))).toMatchObject({ status: 500, isOurs: true, body: { error_code: 'INTERNAL' } });
  });
});

describe('anything else', () => {
  test.each<[string, unknown]>([
    ['a fault of ours', new TypeError("Cannot read properties of undefined (reading 'secret') at /srv/people.ts:1:1")],
    ['a fault of SQL', new StorageFault('42601', 'syntax error at or near "SELEC"')],
    ['a write that nobody expected to be stale', new StaleWrite('connection', 2)],
    ['a name that nobody expected to be taken', new UniqueViolation('users_email')],
    ['a failure of a provider that nobody caught', new UpstreamFailure('auth', 'key sk-live-0123456789 refused')],
    ['a text', 'sk-live-0123456789'],
    ['nothing', undefined],
    ['null', null],
    ['an object with a status of its own', { statusCode: 200, code: 'ETHING', message: 'fine' }],
    ['an object that names an unknown code', { code: 'constructor' }],
    ['a number', 7],
  ])('is a bare 500 that goes to the log: %s', (_, error) => {
    const answer = answerTo(error);
    const message = translate('en', 'errors.INTERNAL');
    expect(answer).toEqual({
      status: 500,
      retryAfterS: null,
      isOurs: true,
      body: { success: false, error: message, message, error_code: 'INTERNAL', request_id: requestId },
    });
  });
});

describe('fields that do not fit', () => {
  const body = z.strictObject({
    name: z.string(),
    inner: z.strictObject({ list: z.array(z.strictObject({ size: z.number() })) }).optional(),
    choice: z.enum(['a', 'b']).optional(),
  });
  const check = route({
    method: 'POST',
    path: '/api/check',
    summary: 'Checks a body',
    access: 'open',
    body,
    answers: { 200: z.object({}) },
    statuses: [200, 400],
    handle: () => ok({}),
  });
  const opened = openPlane({ routes: [check] });
  const faultsOf = async (payload: object): Promise<unknown> =>
    (await (await opened).app.inject({ method: 'POST', url: '/api/check', payload })).json<{ details: unknown }>().details;

  test.each<[object, [string, string][]]>([
    [{}, [['name', 'invalid_type']]],
    [{ name: 1 }, [['name', 'invalid_type']]],
    [{ name: 'x', extra: 1 }, [['extra', 'unrecognized_keys']]],
    [
      { name: 'x', one: 1, two: 2 },
      [
        ['one', 'unrecognized_keys'],
        ['two', 'unrecognized_keys'],
      ],
    ],
    [{ name: 'x', inner: { list: [{ size: 1 }, { size: 'big' }] } }, [['inner.list.1.size', 'invalid_type']]],
    [{ name: 'x', inner: { list: [{ size: 1, colour: 'red' }] } }, [['inner.list.0.colour', 'unrecognized_keys']]],
    [{ name: 'x', choice: 'c' }, [['choice', 'invalid_value']]],
  ])('of %j are named by their paths', async (payload, expected) => {
    const details = (await faultsOf(payload)) as { path: string; code: string; message: string }[];
    expect(details.map(({ path, code }) => [path, code])).toEqual(expected);
    for (const { message } of details) expect(message.length).toBeGreaterThan(3);
  });

  test('are counted in the sentence', () => {
    const fault = { path: 'a', code: 'c', message: 'm' };
    expect(answerTo(invalid([fault, fault]))).toMatchObject({
      status: 400,
      body: { details: [fault, fault], message: expect.stringContaining('2 fields') as string },
    });
  });
});

describe('answers of routes', () => {
  test('are a status and a body', () => {
    expect([ok(1), created({ id: 'x' })]).toEqual([
      { status: 200, body: 1 },
      { status: 201, body: { id: 'x' } },
    ]);
  });

  test('of a list have a cursor while there may be more', () => {
    const rows = [{ id: 'b' }, { id: 'a' }];
    expect(pageAnswer(rows, 2)).toEqual({ success: true, data: rows, nextCursor: 'a' });
    expect(pageAnswer(rows, 3)).toEqual({ success: true, data: rows, nextCursor: null });
    expect(pageAnswer([], 2)).toEqual({ success: true, data: [], nextCursor: null });
  });
});
