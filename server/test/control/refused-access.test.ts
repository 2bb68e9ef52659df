/** Proves that who is turned away is noted, that a flood is not, and that noting never hinders the answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRefusedAccessNotes } from '../../src/control/people/refused-access.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
});
afterAll(() => house.close());

const entries = () =>
  house.database.db.selectFrom('audit_entries').selectAll().where('action', '=', 'access.refused').orderBy('id').execute();

describe('the audit log', () => {
  test('knows who was turned away, from where, at which route and why, but not with which key', async () => {
    const ben = await house.createResident('Ben');
    await house.request('GET', '/api/admin/users', { token: ben.token });
    const guessed = 'pat-pb-guessed-token-that-is-not-one';
    const reply = await house.request('DELETE', '/api/tokens/secret-looking-id', { token: guessed });
    const [first, second] = await entries();
    expect(first).toMatchObject({
      actor_id: ben.id,
      actor_name: 'Ben',
      via: 'token',
      outcome: 'refused',
      error_code: 'FORBIDDEN',
      subject_name: 'GET /api/admin/users',
      address: '127.0.0.1',
    });
    expect(second).toMatchObject({
      actor_id: null,
      via: 'anonymous',
      error_code: 'UNAUTHENTICATED',
      subject_name: 'DELETE /api/tokens/:id',
      request_id: reply.headers.get('x-request-id'),
    });
    expect(JSON.stringify(await entries())).not.toMatch(/guessed|secret-looking/);
  });

  test('holds one entry for a refused sign-in, not two', async () => {
    const before = (await entries()).length;
    await house.request('POST', '/api/auth/sign-in/email', { body: { email: ada.email, password: 'wrong' } });
    expect(await entries()).toHaveLength(before);
    const signIns = await house.database.db.selectFrom('audit_entries').selectAll().where('action', '=', 'session.sign-in').execute();
    expect(signIns).toHaveLength(1);
  });

  test('takes at most 120 entries a minute, says once that some are missing, and goes on afterwards', async () => {
    const time = { ms: 0 };
    const note = createRefusedAccessNotes({ ...house.deps, clock: { ...systemClock, monotonicMs: () => time.ms } });
    const before = (await entries()).length;
    const linesBefore = house.logged.length;
    for (let n = 0; n < 200; n += 1) await note(null, origin, 'GET', '/api/me', 'UNAUTHENTICATED');
    expect(await entries()).toHaveLength(before + 120);
    expect(house.logged.slice(linesBefore).filter((line) => line.includes('not in the audit log'))).toHaveLength(1);
    time.ms += 60_000;
    await note(null, origin, 'GET', '/api/me', 'UNAUTHENTICATED');
    expect(await entries()).toHaveLength(before + 121);
  });
});

test('the note of a refusal that cannot be written does not change the answer', async () => {
  const other = await openHouse();
  const note = createRefusedAccessNotes(other.deps);
  await other.close();
  await expect(note(null, origin, 'GET', '/api/me', 'UNAUTHENTICATED')).resolves.toBeUndefined();
  expect(other.logged.join('')).toContain('could not be noted');
});
