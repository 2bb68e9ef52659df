/** The log: one line of JSON per event, and the last net under what should never have come near it. */
import { describe, expect, test } from 'vitest';
import { createLog, scrub } from '../../src/lib/log.ts';
import { Secret } from '../../src/lib/secret.ts';

function logInto(level = 'trace'): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return { lines, log: createLog(level, { write: (line) => void lines.push(line) }) };
}

describe('one line per event', () => {
  test('with level, time and the fields that were given', () => {
    const { lines, log } = logInto();
    log.info({ requestId: 'r1', attempts: 2 }, 'answered');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 30,
      requestId: 'r1',
      attempts: 2,
      msg: 'answered',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    });
  });

  test('line breaks, colours and separators of others stay inside the line', () => {
    const { lines, log } = logInto();
    log.warn({ model: 'a\nb\r\n{"level":60}\u001b[31mred' }, 'odd\nname');
    expect(lines).toHaveLength(1);
    expect(lines[0]!.indexOf('\n')).toBe(lines[0]!.length - 1);
    expect(lines[0]).not.toContain('\u001b');
  });

  test('events below the level are not written', () => {
    const { lines, log } = logInto('warn');
    log.info('not this');
    log.error('this');
    expect(lines).toHaveLength(1);
  });

  test('an error comes with its type, message and stack', () => {
    const { lines, log } = logInto();
    log.error({ err: new RangeError('out of it', { cause: new Error('deeper') }) }, 'failed');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      err: {
        type: 'RangeError',
        message: expect.stringContaining('out of it') as string,
        stack: expect.stringContaining('log.test.ts') as string,
      },
    });
  });
});

describe('what looks like a secret', () => {
  const key = 'sk-proj-abcdefghijklmnop1234567890';
  const shapes: readonly (readonly [string, string])[] = [
    ['a vendor key', key],
    ['an access key', 'sk-pb-0123456789abcdef0123456789'],
    ['a personal token', 'pat-pb-0123456789abcdef0123456789'],
    ['a Google key', 'AIzaSyA-0123456789abcdefghij'],
    ['a Groq key', 'gsk_0123456789abcdefghij'],
    ['a bearer value', 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc'],
    ['a basic value', 'Basic dXNlcjpwYXNzd29yZA=='],
    ['a key in a query', 'https://example.org/v1?key=verysecretvalue&x=1'],
    ['an api_key in a query', 'https://example.org/v1?x=1&api_key=verysecretvalue'],
    ['a JSON header', '{"x-api-key":"verysecretvalue"}'],
    ['a JSON password', '{"password": "verysecretvalue"}'],
  ];
  test.each(shapes)('%s is cut out of a text', (_name, text) => {
    const clean = scrub(text);
    expect(clean).toContain('[secret]');
    expect(clean).not.toMatch(/abcdefghij|0123456789|verysecretvalue|eyJhbGci|dXNlcjpw/);
  });

  test('is cut out of every line that is written, in fields, messages and errors alike', () => {
    const { lines, log } = logInto();
    log.error({ err: new Error(`Incorrect API key provided: ${key}`), nested: { deep: [key] } }, `message with ${key}`);
    expect(lines.join('')).not.toContain(key);
    expect(() => JSON.parse(lines[0]!) as unknown).not.toThrow();
  });

  test('a Secret prints as a placeholder before any net is needed', () => {
    const { lines, log } = logInto();
    log.info({ secret: new Secret('unlikely-shape-of-a-value') }, 'x');
    expect(lines.join('')).not.toContain('unlikely-shape');
  });

  test('ordinary words stay as they are', () => {
    for (const text of [
      'the bearer of this',
      'task-force-of-many-people',
      'sk-short',
      'ask-me-anything-you-like',
      'a model named gpt-4o-2024-08-06',
      'https://example.org/?monkey=banana',
    ])
      expect(scrub(text)).toBe(text);
  });
});

test('a token behind its scheme is covered also where a header stands as JSON', () => {
  expect(scrub('{"authorization":"Bearer abcdefgh12345678","x":1}')).toBe('{"authorization":"Bearer [secret]","x":1}');
});
