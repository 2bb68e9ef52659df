/** U+0000 in a request is the caller's mistake on every route: 400, nothing in the log, nothing written. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Resident } from '../support/house.ts';

let house: House;
let admin: Resident;
const nul = 'a\u0000b';

beforeAll(async () => {
  house = await openHouse();
  admin = await house.createResident('Admin', 'administrator');
});
afterAll(() => house.close());

const cases: [string, string, unknown?][] = [
  ['GET', '/api/usage?model=a%00b'],
  ['GET', '/api/requests?model=a%00b'],
  ['GET', '/api/configurations?search=a%00b'],
  ['GET', '/api/admin/users?q=a%00b'],
  ['POST', '/api/access-keys', { name: nul }],
  ['POST', '/api/tokens', { name: nul }],
  ['POST', '/workspace', { name: nul }],
  ['PATCH', '/api/me', { name: nul }],
  ['POST', '/api/auth/sign-in/email', { email: nul, password: nul }],
];

test.each(cases)('%s %s', async (method, path, body) => {
  const logged = house.logged.length;
  const reply = await house.request(method, path, { token: admin.token, ...(body === undefined ? {} : { body }) });
  expect(reply.status).toBe(400);
  expect(reply.body['error_code']).toBe('VALIDATION_ERROR');
  expect(reply.text).not.toContain('parameter');
  expect(house.logged).toHaveLength(logged);
});
