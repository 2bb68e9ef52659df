/** What a client of another wire carries for a provider: it comes back as it went, and nothing that was tampered with does. */
import { describe, expect, test } from 'vitest';
import { carried, carriedLead, carry, isCarried } from '../../src/faces/openai/carry.ts';

const blocks = [
  { functionCall: { name: 'f', args: { a: [1, 'ü', null] } }, thoughtSignature: 'c2ln' },
  { text: 'x', thought: true },
];
const tokenOf = (value: unknown): string =>
  carriedLead + Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('carry', () => {
  test('blocks and items come back as they went', () => {
    for (const extension of [{ blocks }, { items: blocks }, { blocks, items: [{ type: 'reasoning' }] }])
      expect(carried(carry(extension))).toEqual(extension);
  });

  test('what no provider wants back is not carried', () => {
    for (const extension of [undefined, {}, { blocks: [] }, { items: [] }, { stop_reason: 'SAFETY', stop_details: { a: 1 } }])
      expect(carry(extension)).toBeNull();
    expect(carried(carry({ blocks, stop_reason: 'x' }))).toEqual({ blocks });
  });

  test('the text is one that a header, a JSON text and a URL leave alone', () => {
    expect(carry({ blocks })).toMatch(/^patchbay\.1\.[A-Za-z0-9_-]+$/);
  });

  test('more than a client should send back with every turn is not carried', () => {
    expect(carry({ blocks: ['x'.repeat(300_000)] })).toBeNull();
    expect(carry({ blocks: ['x'.repeat(200_000)] })).not.toBeNull();
  });

  test('only our own texts are read', () => {
    for (const value of [undefined, null, 5, {}, '', 'c2lnbmF0dXJl', 'patchbay', ' patchbay.1.e30']) {
      expect(isCarried(value)).toBe(false);
      expect(carried(value)).toBeNull();
    }
  });

  test('a text that somebody broke carries nothing, and harms nobody', () => {
    const whole = carry({ blocks })!;
    for (let cut = carriedLead.length; cut < whole.length; cut += 3) expect(() => carried(whole.slice(0, cut))).not.toThrow();
    for (const value of [
      carriedLead,
      tokenOf('{'),
      tokenOf('[]'),
      tokenOf('5'),
      tokenOf({}),
      tokenOf({ blocks: 5 }),
      tokenOf({ other: [1] }),
      tokenOf('{"blocks":[tru]}'),
    ])
      expect(carried(value)).toBeNull();
  });

  test('depth and size are bounded before anything is parsed', () => {
    expect(carried(tokenOf(`{"blocks":${'['.repeat(100_000)}${']'.repeat(100_000)}}`))).toBeNull();
    expect(carried(tokenOf({ blocks: ['x'.repeat(1_000_000)] }))).toBeNull();
  });

  test('members that nobody asked for stay out', () => {
    expect(carried(tokenOf('{"blocks":[1],"__proto__":{"polluted":true},"role":"system"}'))).toEqual({ blocks: [1] });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
