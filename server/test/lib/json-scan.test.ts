/** The byte scanner against the real parser: what it finds is what the parser finds, and what it patches is the same object otherwise. */
import { describe, expect, test } from 'vitest';
import { depthMax, memberValue, patchObject, scanObject, type Scan, type ScanFault, writeObject } from '../../src/lib/json-scan.ts';
import { seeded } from '../vault/parts.ts';
import { cpuMsOf } from '../support/cpu.ts';

const scanText = (text: string): Scan | ScanFault => scanObject(Buffer.from(text));
function mustScan(bytes: Buffer): Scan {
  const scan = scanObject(bytes);
  if (typeof scan === 'string') throw new Error(`${scan}: ${bytes.toString('utf8').slice(0, 200)}`);
  return scan;
}
const patched = (text: string, patches: Record<string, unknown>): string => {
  const bytes = Buffer.from(text);
  return patchObject(
    bytes,
    mustScan(bytes),
    Object.entries(patches).map(([key, value]) => ({ key, json: JSON.stringify(value) })),
  ).toString('utf8');
};

describe('members', () => {
  test('are found with the bytes of their values, whatever stands between', () => {
    const bytes = Buffer.from(' {\r\n\t"model" : "gpt-4o" ,"n":1,"list":[1,{"a":"}"}],"o":{"x":"]"},"t":true,"z":null,"e":-1.5e3 }\n');
    const scan = mustScan(bytes);
    expect([...scan.members.keys()]).toEqual(['model', 'n', 'list', 'o', 't', 'z', 'e']);
    expect([...scan.members.keys()].map((key) => memberValue(bytes, scan, key))).toEqual([
      'gpt-4o',
      1,
      [1, { a: '}' }],
      { x: ']' },
      true,
      null,
      -1500,
    ]);
  });

  test('end where they end, wherever in a text an escaped quote or backslash stands', () => {
    for (const inserted of ['"', '\\', '\\"', '\\\\', '"\\']) {
      for (let at = 0; at <= 40; at++) {
        const value = 'x'.repeat(at) + inserted + 'y'.repeat(40 - at);
        for (const object of [{ [value]: 1, after: 2 }, { before: value, after: 2 }, { last: value.slice(0, at + inserted.length) }]) {
          const bytes = Buffer.from(JSON.stringify(object));
          const scan = mustScan(bytes);
          expect(Object.fromEntries([...scan.members.keys()].map((key) => [key, memberValue(bytes, scan, key)]))).toEqual(object);
        }
      }
    }
    for (let length = 0; length <= 40; length++) expect(scanText(`{"a":"${'x'.repeat(length)}\\"}`)).toBe('malformed');
  });

  test('of inner objects are not top-level members', () => {
    expect([...mustScan(Buffer.from('{"a":{"model":"inner"},"b":[{"model":"inner"}]}')).members.keys()]).toEqual(['a', 'b']);
  });

  test('strings may hold quotes, backslashes, braces and characters of any length', () => {
    const value = { 'k"\\{': 'v"\\\\}\\', 'é😀': '\u2028 世界', '': '' };
    const bytes = Buffer.from(JSON.stringify(value));
    const scan = mustScan(bytes);
    for (const [key, text] of Object.entries(value)) expect(memberValue(bytes, scan, key)).toBe(text);
  });

  test('an escaped key is its own meaning: "mod\\u0065l" is "model"', () => {
    expect(mustScan(Buffer.from('{"mod\\u0065l":1}')).members.has('model')).toBe(true);
    expect(scanText('{"mod\\u0065l":1,"model":2}')).toBe('duplicate_key');
  });

  test('names of the prototype are members like others', () => {
    const scan = mustScan(Buffer.from('{"__proto__":{"x":1},"constructor":2}'));
    expect([...scan.members.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('refusals', () => {
  const cases: readonly (readonly [string, ScanFault])[] = [
    ['', 'not_an_object'],
    ['   ', 'not_an_object'],
    ['[]', 'not_an_object'],
    ['"text"', 'not_an_object'],
    ['null', 'not_an_object'],
    ['{', 'malformed'],
    ['{"a"', 'malformed'],
    ['{"a":', 'malformed'],
    ['{"a":1', 'malformed'],
    ['{"a":}', 'malformed'],
    ['{"a" 1}', 'malformed'],
    ['{a:1}', 'malformed'],
    ["{'a':1}", 'malformed'],
    ['{"a":1,}', 'malformed'],
    ['{,"a":1}', 'malformed'],
    ['{"a":1 "b":2}', 'malformed'],
    ['{"a":"never closed}', 'malformed'],
    ['{"a":"x\\"}', 'malformed'],
    ['{"a":[1}', 'malformed'],
    ['{"a":1}}', 'malformed'],
    ['{"a":1}{"b":2}', 'malformed'],
    ['{"a":1} x', 'malformed'],
    ['{}{}', 'malformed'],
    ['{"\\u00":1}', 'malformed'],
    ['{"a":1,"a":2}', 'duplicate_key'],
    ['{"a":1,"b":2,"a":1}', 'duplicate_key'],
  ];
  test.each(cases)('%j is %s', (text, fault) => {
    expect(scanText(text)).toBe(fault);
  });

  test('nesting up to the limit passes, one level more does not', () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
    expect(typeof scanText(nested(depthMax))).toBe('object');
    expect(scanText(nested(depthMax + 1))).toBe('too_deep');
    expect(scanText(`{"a":${'['.repeat(1_000_000)}`)).toBe('too_deep');
  });

  test('brackets within strings are no nesting', () => {
    expect(typeof scanText(JSON.stringify({ a: '[{'.repeat(10_000) }))).toBe('object');
  });

  test('an object with too many keys is no request', () => {
    const keys = (count: number): string => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])));
    expect(typeof scanText(keys(1000))).toBe('object');
    expect(scanText(keys(1001))).toBe('too_many_keys');
  });
});

describe('a value that does not parse', () => {
  test('is the number that a parser reads, whatever it is written like', () => {
    const written = ['0', '7', '64', '999999999999999', '9999999999999999', '12345678901234567890', '-1', '1.5', '1e3', '10', '0.5', '-0'];
    const valueOf = (text: string): unknown => {
      const bytes = Buffer.from(`{"n":${text}}`);
      return memberValue(bytes, mustScan(bytes), 'n');
    };
    for (const text of written) expect(valueOf(text), text).toBe(JSON.parse(text));
    for (const text of ['007', '00', '1x', '+1']) expect(valueOf(text), text).toBeUndefined();
    const nothing = Buffer.from('{"n":}');
    const scan: Scan = { members: new Map([['n', { start: 5, end: 5 }]]), firstAt: 1, met: null, text: null };
    expect(memberValue(nothing, scan, 'n')).toBeUndefined();
  });

  test('is undefined, and a missing one too', () => {
    const bytes = Buffer.from('{"a":tru,"b":01,"c":[1,]}');
    const scan = mustScan(bytes);
    for (const key of ['a', 'b', 'c', 'd']) expect(memberValue(bytes, scan, key)).toBeUndefined();
  });
});

describe('patches', () => {
  test('replace a value and leave every other byte as it came', () => {
    expect(patched('{ "model" :  "a" ,\n"x":[1, 2] }', { model: 'b' })).toBe('{ "model" :  "b" ,\n"x":[1, 2] }');
  });

  test('add what is missing in front', () => {
    expect(patched('{"a":1}', { b: 2 })).toBe('{"b":2,"a":1}');
    expect(patched('{ "a":1}', { b: 2, c: 3 })).toBe('{"b":2,"c":3, "a":1}');
  });

  test('fit into an empty object', () => {
    expect(patched('{}', { a: 1 })).toBe('{"a":1}');
    expect(patched('{ }', { a: 1, b: 2 })).toBe('{"a":1,"b":2 }');
  });

  test('of nothing give back the same bytes', () => {
    const bytes = Buffer.from('{"a":1}');
    expect(patchObject(bytes, mustScan(bytes), [])).toBe(bytes);
  });

  test('reach a key that was written with escapes', () => {
    expect(patched('{"mod\\u0065l":"a"}', { model: 'b' })).toBe('{"mod\\u0065l":"b"}');
  });

  test('keep every character, in a text that is ASCII, in one that is not, and in one that is long', () => {
    for (const said of ['plain', 'caf\u00e9 \u{1f600}', 'x'.repeat(9_000), '\u00fc'.repeat(9_000)]) {
      for (const model of ['b', 'mod\u00e8le \u{1f600}', 'y'.repeat(9_000)]) {
        const source = JSON.stringify({ first: said, model: 'a', last: said });
        expect(patched(source, { model, new: model })).toBe(JSON.stringify({ new: model, first: said, model, last: said }));
        expect(patched(source, { last: 1, first: model })).toBe(JSON.stringify({ first: model, model: 'a', last: 1 }));
      }
    }
  });

  test('a text is at hand of what is small and ASCII alone', () => {
    const textOf = (source: string): string | null => mustScan(Buffer.from(source)).text;
    const ofLength = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
    expect(textOf(' {"a":1}')).toBe(' {"a":1}');
    expect(textOf(ofLength(8_192))).toBe(ofLength(8_192));
    expect(textOf(ofLength(8_193))).toBeNull();
    expect(textOf('{"a":"\u00e9"}')).toBeNull();
  });
});

/** Random JSON, with every form that a careless scanner would stumble over. */
function randomValue(draw: () => number, depth: number): unknown {
  const kind = Math.floor(draw() * (depth > 4 ? 6 : 8));
  const texts = ['', 'plain', '"', '\\', '\\"', '{[', ']}', ',:', '\n\t', 'é', '😀', '\u2028', '\\u0022', 'a'.repeat(300)];
  const text = (): string => texts[Math.floor(draw() * texts.length)]! + texts[Math.floor(draw() * texts.length)]!;
  if (kind === 0) return null;
  if (kind === 1) return draw() < 0.5;
  if (kind === 2) return Math.floor(draw() * 1e6) - 5e5;
  if (kind === 3) return (draw() - 0.5) * 1e20;
  if (kind < 6) return text();
  const length = Math.floor(draw() * 5);
  if (kind === 6) return Array.from({ length }, () => randomValue(draw, depth + 1));
  return Object.fromEntries(Array.from({ length }, (_, n) => [`${text()}${n}`, randomValue(draw, depth + 1)]));
}

function randomObject(draw: () => number): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: Math.floor(draw() * 8) }, (_, n) => [`k${n}${draw() < 0.3 ? '"\\' : ''}`, randomValue(draw, 0)]),
  );
}

describe('against the parser', () => {
  test('every member of 3,000 random objects is found with its value, in any indentation', () => {
    const draw = seeded(20_261_121);
    for (let round = 0; round < 3_000; round++) {
      const value = randomObject(draw);
      const bytes = Buffer.from(JSON.stringify(value, null, Math.floor(draw() * 3)));
      const scan = mustScan(bytes);
      expect(Object.fromEntries([...scan.members.keys()].map((key) => [key, memberValue(bytes, scan, key)]))).toEqual(value);
    }
  });

  test('a patched object means the same as an object that was changed', () => {
    const draw = seeded(7);
    for (let round = 0; round < 2_000; round++) {
      const value = randomObject(draw);
      const keys = [
        ...Object.keys(value).filter(() => draw() < 0.4),
        ...(draw() < 0.5 ? ['added'] : []),
        ...(draw() < 0.5 ? ['mo"re'] : []),
      ];
      const changes = Object.fromEntries(keys.map((key) => [key, randomValue(draw, 2)]));
      const text = patched(JSON.stringify(value, null, Math.floor(draw() * 2)), changes);
      expect(JSON.parse(text)).toEqual({ ...value, ...changes });
    }
  });

  test('whatever the parser takes as an object with different keys, the scanner takes too; mutated bytes never hang or throw', () => {
    const draw = seeded(99);
    let accepted = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(JSON.stringify(randomObject(draw)));
      for (let cuts = 0; cuts < 2; cuts++)
        if (bytes.length > 0) bytes[Math.floor(draw() * bytes.length)] = '{}[]",:\\ 0a'.charCodeAt(Math.floor(draw() * 11));
      const scan = scanObject(bytes);
      let parsed: unknown;
      try {
        parsed = JSON.parse(bytes.toString('utf8'));
      } catch {
        continue;
      }
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || scan === 'duplicate_key') continue;
      accepted++;
      if (typeof scan === 'string') throw new Error(`${scan} for ${bytes.toString('utf8')}`);
      expect([...scan.members.keys()].toSorted()).toEqual(Object.keys(parsed).toSorted());
    }
    expect(accepted).toBeGreaterThan(1_000);
  });

  test('the time to scan grows with the length alone, also for text that is all backslashes', async () => {
    const bytes = Buffer.from(JSON.stringify({ a: '\\'.repeat(4_000_000), b: '"'.repeat(1_000_000) }));
    expect(await cpuMsOf(() => expect([...mustScan(bytes).members.keys()]).toEqual(['a', 'b']))).toBeLessThan(3_000);
  });
});

describe('writeObject', () => {
  const written = (text: string, change: (body: Record<string, unknown>) => Record<string, unknown>): string => {
    const bytes = Buffer.from(text);
    const scan = scanObject(bytes);
    if (typeof scan === 'string') throw new Error(scan);
    const original = JSON.parse(text) as Record<string, unknown>;
    return writeObject(bytes, scan, original, change(original)).toString();
  };

  test('members that did not change keep their own bytes, those that did are written anew', () => {
    const text = '{ "seed": 12345678901234567890, "t":1.50 , "list": [ 1,2 ],"\\u006dodel":"a"}';
    expect(written(text, (body) => ({ ...body, model: 'b', more: { x: 1 } }))).toBe(
      '{"seed":12345678901234567890,"t":1.50,"list":[ 1,2 ],"model":"b","more":{"x":1}}',
    );
  });

  test('a value that only looks the same is written from what it is now', () => {
    expect(written('{"list":[1.0]}', (body) => ({ list: [...(body['list'] as number[])] }))).toBe('{"list":[1]}');
  });

  test('what is taken away or undefined is not there, and nothing at all is an empty object', () => {
    expect(written('{"a":1,"b":2,"c":3}', ({ a: _a, ...rest }) => ({ ...rest, b: undefined }))).toBe('{"c":3}');
    expect(written('{"a":1}', () => ({}))).toBe('{}');
  });

  test('members of the prototype are no members of the original', () => {
    expect(written('{"a":1}', () => ({ toString: 'own' }))).toBe('{"toString":"own"}');
  });
});

describe('words that are looked out for', () => {
  const words = ['developer', 'patchbay'] as const;
  const metIn = (text: string): string[] => {
    const scan = scanObject(Buffer.from(text), words);
    if (typeof scan === 'string') throw new Error(scan);
    return [...scan.met!].toSorted();
  };

  test.each([
    ['a value on top', '{"role":"developer"}'],
    ['a name on top', '{"developer":1}'],
    ['a value at any depth', '{"messages":[{"content":[{"x":["developer"]}]}]}'],
    ['a name at any depth', '{"messages":[{"a":{"developer":null}}]}'],
    ['behind bytes that are two to a character', '{"ü":"ñ日本","messages":[{"role":"developer"}]}'],
    ['among space', '{ "a" : [ "developer" ] }'],
  ])('are met as %s', (_name, text) => {
    expect(metIn(text)).toEqual(['developer']);
  });

  test.each([
    ['part of a text', '{"a":"a developer"}'],
    ['a longer word', '{"a":"developers"}'],
    ['another word of its length', '{"a":"developes"}'],
    ['a quotation within a text', '{"a":"he said \\"developer\\" twice"}'],
    ['nothing at all', '{}'],
  ])('are not met as %s', (_name, text) => {
    expect(metIn(text)).toEqual([]);
  });

  test('are all met, each once', () => {
    expect(metIn('{"patchbay":{"role":"developer"},"list":["patchbay","developer"]}')).toEqual(['developer', 'patchbay']);
  });

  test('none looked for is not the same as none met', () => {
    expect(mustScan(Buffer.from('{"role":"developer"}')).met).toBeNull();
    expect(metIn('{"role":"user"}')).toEqual([]);
  });

  test('what is met is what a parser finds, in random objects', () => {
    const draw = seeded(11);
    const below = (count: number): number => Math.floor(draw() * count);
    const pick = (): string => ['developer', 'patchbay', 'develope', 'user', 'de"veloper', '\\', 'ü'][below(7)]!;
    const make = (depth: number): unknown =>
      depth === 0 || below(3) === 0 ? pick() : below(2) === 0 ? [make(depth - 1), make(depth - 1)] : { [pick()]: make(depth - 1), k: 1 };
    const textsIn = (value: unknown): string[] =>
      typeof value === 'string'
        ? [value]
        : typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([key, one]) => [...(Array.isArray(value) ? [] : [key]), ...textsIn(one)])
          : [];
    for (let round = 0; round < 500; round++) {
      const object = { a: make(4), b: make(3) };
      const expected = words.filter((word) => textsIn(object).includes(word));
      expect(metIn(JSON.stringify(object))).toEqual(expected);
    }
  });
});
