/** Names that nobody can see: every route that takes a name refuses them as it refuses an empty one, and no others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { registry } from '../../src/app/registry.ts';
import { openConnectionsHouse, pathsOf, type ConnectionsHouse } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const invisible = [
  '\u200b', '\u2060', '\u00ad', '\u3164', '\u2800', '\u200e\u202e', '\u2067 \u2069', '\ufe0f', '\u115f', '\uffa0', '\u034f', '\u180e',
  '\ufff9\ufffb', '\u{e0061}\u{e007f}', '\u00a0\u200b\ufeff', ' \u200d ',
]; // prettier-ignore
/** Joiners and directions are a part of how these are written. */
const visible = ['👩‍👩‍👧', '❤️', 'می‌خواهم', 'क्‍ष', 'ക്‍', '\u200fשלום', 'soft\u00adhyphen', 'ᅟᅡ', '\u0600', '་', '⠁⠀⠂', '—', '0'];

const fields = ['name', 'title', 'organizationName'] as const;
const bodies = registry.flatMap(({ method, path, body }) =>
  fields.filter((field) => takes(body, field)).map((field) => ({ at: `${method} ${path} ${field}`, body: body!, field })),
);

/** Whether a body has this field, and an empty one is refused there. */
function takes(body: z.ZodType | undefined, field: string): boolean {
  return body !== undefined && faultsAt(body, field, '').some((code) => code !== 'unrecognized_keys');
}

function faultsAt(body: z.ZodType, field: string, text: string): string[] {
  const issues = body.safeParse({ [field]: text }).error?.issues ?? [];
  return issues.filter(({ path }) => path[0] === field).map(({ code }) => code);
}

test('names are taken at many routes', () => {
  expect(bodies.length).toBeGreaterThan(30);
});

test.each(bodies)('$at is seen, or refused as an empty one', ({ body, field }) => {
  for (const text of invisible) expect(faultsAt(body, field, text), JSON.stringify(text)).toEqual(faultsAt(body, field, ''));
  for (const text of visible) expect(faultsAt(body, field, text), text).toEqual([]);
});

describe('through the front door', () => {
  let house: ConnectionsHouse;
  let admin: Resident;
  beforeAll(async () => {
    house = await openConnectionsHouse();
    admin = await house.createResident('Admin', 'administrator');
  });
  afterAll(() => house.close());

  test.each(['/api/tokens', '/workspace'])('%s', async (path) => {
    const answer = await house.ask(admin, 'POST', path, { name: '\u2060\u3164' });
    expect([answer.status, answer.body['error_code'], pathsOf(answer)]).toEqual([400, 'VALIDATION_ERROR', ['name']]);
    expect((await house.ask(admin, 'POST', path, { name: ' می‌خواهم 👩‍👧 ' })).text).toContain('می‌خواهم 👩‍👧"');
  });
});
