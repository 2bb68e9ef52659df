/** The mail server's room by itself: what it must be given, where its password may go, who was faster, and what is left of it. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { clearMailServer, mailServerOf, setMailServer, testMailServer, type MailInput } from '../../src/control/mail-server.ts';
import type { AlertSendRoom } from '../../src/control/alert-channels.ts';
import { listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { mailServer } from '../../src/storage/alert-channels.ts';
import type { MailServer } from '../../src/domain/alert.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { placeOfMailPassword } from '../../src/domain/sealing.ts';
import { SecretUnreadable } from '../../src/vault/vault.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let grace: Resident;
const password = 'the password of the letterbox';
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  grace = await house.createResident('Grace', 'administrator');
});
afterEach(async () => {
  if (await mailServerOf(house.deps)) await clearMailServer(house.deps, by(ada));
});
afterAll(() => house.close());

const by = ({ actor }: Resident) => ({ actor, origin });
const input = (part: Partial<MailInput> = {}): MailInput => ({
  host: 'mail.example.org',
  port: 587,
  security: 'starttls',
  username: 'patchbay',
  sender: 'Patchbay <patchbay@example.org>',
  ...part,
});
const set = (part: Partial<MailInput> = {}, who = ada): Promise<MailServer> => setMailServer(house.deps, by(who), input(part));
async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

/** What the stored password opens to at the place of this server; a failure where it is sealed for another one. */
async function opened(server: Pick<MailServer, 'host' | 'port'>): Promise<string | null> {
  const { organizationId } = house.deps.keeper.snapshot;
  const sealed = (await mailServer(house.database))?.sealed ?? null;
  if (sealed === null) return null;
  const keys = await listOwnerKeys(house.database, { scope: 'organization', id: organizationId });
  const secret = house.deps.vault.open(sealed, placeOfMailPassword(organizationId, server), (version) =>
    keys.find((key) => key.version === version),
  );
  return secret.reveal();
}

async function deeds(): Promise<{ action: string; outcome: string; changes: Record<string, unknown> | null }[]> {
  const sql = "SELECT action, outcome, changes FROM audit_entries WHERE subject_type = 'mail_server' ORDER BY seq";
  const rows = await house.database.driver.rows<{ action: string; outcome: string; changes: string | null }>({ sql, params: [] });
  return rows.map((row) => ({ ...row, changes: row.changes === null ? null : (JSON.parse(row.changes) as Record<string, unknown>) }));
}

test.each(['patchbay@example.org', 'Patchbay <patchbay@example.org>', '<a@b>', 'Tim Pengawas AI <ai@contoh.id>'])(
  'mail may come from %j',
  async (sender) => expect((await set({ sender })).sender).toBe(sender),
);

test.each([
  'nobody',
  'a@example.org, b@example.org',
  'Two <a@example.org> <b@example.org>',
  'Bcc\r\nBcc: c@example.org <a@example.org>',
  'a@example.org\nBcc: c@example.org',
  'a@b@c',
  'List; <a@example.org>',
  '',
])('mail does not come from %j: one address, no list and no line of its own', async (sender) => {
  const { code, details } = await refusalOf(set({ sender }));
  expect([code, details]).toMatchObject(['VALIDATION_ERROR', [{ path: 'sender', code: 'invalid' }]]);
  expect(await mailServerOf(house.deps)).toBeNull();
});

test('the password is sealed for this server, and stays while nothing but the rest changes', async () => {
  expect((await set({ password })).hasPassword).toBe(true);
  const { sealed } = (await mailServer(house.database))!;
  expect(sealed).not.toContain(password);
  expect(await opened(input())).toBe(password);
  const after = await set({ security: 'tls', sender: 'alerts@example.org' }, grace);
  expect(after).toMatchObject({ security: 'tls', sender: 'alerts@example.org', hasPassword: true });
  expect((await mailServer(house.database))!.sealed).toBe(sealed);
  await expect(opened({ host: 'other.example.org', port: 587 })).rejects.toBeInstanceOf(SecretUnreadable);
});

test.each([{ host: 'evil.example.org' }, { port: 2525 }, { username: 'somebody-else' }])(
  'a password is never sent to where it was not entered for: %j wants it again',
  async (elsewhere) => {
    await set({ password });
    const { code, values, details } = await refusalOf(set(elsewhere));
    expect([code, values]).toEqual(['SECRET_REQUIRED_FOR_NEW_ORIGIN', { origin: 'mail.example.org:587' }]);
    expect(details).toMatchObject([{ path: 'password', code: 'required_for_new_origin' }]);
    expect([await mailServerOf(house.deps), await opened(input())]).toMatchObject([{ host: 'mail.example.org' }, password]);
    const moved = await set({ ...elsewhere, password: 'entered again' });
    expect([moved, await opened(moved)]).toMatchObject([elsewhere, 'entered again']);
  },
);

test('a server without a name has no password, and an empty one is none', async () => {
  await set({ password });
  expect((await set({ username: null, host: 'open.example.org' })).hasPassword).toBe(false);
  expect(await opened(input())).toBeNull();
  await set({ password });
  expect((await set({ password: null })).hasPassword).toBe(false);
  expect((await set({ password: '' })).hasPassword).toBe(false);
});

test('of two who change it the second is told what it is now; who changes the newest state goes on', async () => {
  const first = await set({ password });
  const second = await set({ port: 587, security: 'tls' }, grace);
  expect(second.revision).toBeGreaterThan(first.revision);
  const from = ({ revision }: MailServer) => ({ revision, show: ({ security, hasPassword }: MailServer) => ({ security, hasPassword }) });
  const { code, details } = await refusalOf(setMailServer(house.deps, by(ada), input({ security: 'starttls' }), from(first)));
  expect([code, details]).toMatchObject(['CONFLICT', { current: { security: 'tls', hasPassword: true }, changedBy: { name: 'Grace' } }]);
  expect((await setMailServer(house.deps, by(ada), input({ security: 'starttls' }), from(second))).security).toBe('starttls');
});

test('a password that was entered for a line with TLS does not go over one without, unless it is entered again', async () => {
  await set({ password, security: 'tls' });
  expect((await refusalOf(set({ security: 'none' }))).code).toBe('SECRET_REQUIRED_FOR_NEW_ORIGIN');
  expect((await set({ security: 'starttls' })).hasPassword).toBe(true);
  expect(await set({ password, security: 'none' })).toMatchObject({ security: 'none', hasPassword: true });
  expect((await set({ security: 'none' })).hasPassword).toBe(true);
});

test('of many who set it for the first time at once one wins, and the others are told that it moved', async () => {
  const settled = await Promise.allSettled([1, 2, 3].map((port) => set({ port })));
  const won = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.port] : []));
  const codes = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Refusal).code] : []));
  // Whoever reads after the first has written is the next change, and as good.
  expect([won.length >= 1, won.length + codes.length, new Set(codes).size <= 1]).toEqual([true, 3, true]);
  for (const code of codes) expect(code).toBe('STALE');
  expect(won).toContain((await mailServerOf(house.deps))!.port);
});

test('what was taken away is gone with its password, twice is once, and it may be set anew', async () => {
  await refusalOf(clearMailServer(house.deps, by(ada))).then(({ code }) => expect(code).toBe('NOT_FOUND'));
  await set({ password });
  await clearMailServer(house.deps, by(grace));
  expect(await mailServerOf(house.deps)).toBeNull();
  expect((await refusalOf(clearMailServer(house.deps, by(ada)))).code).toBe('NOT_FOUND');
  expect((await set({})).hasPassword).toBe(false);
});

test('the log tells which fields changed and that the password did, never what it is', async () => {
  const before = (await deeds()).length;
  await set({ password });
  await set({ security: 'tls', password: 'another password' });
  await clearMailServer(house.deps, by(ada));
  const [made, changed, cleared] = (await deeds()).slice(before);
  expect(made).toMatchObject({ action: 'mail_server.update', changes: { host: { after: 'mail.example.org' }, password: {} } });
  expect(changed!.changes).toEqual({ security: { before: 'starttls', after: 'tls' }, password: {} });
  expect([cleared!.action, cleared!.outcome]).toEqual(['mail_server.delete', 'success']);
  expect(JSON.stringify(await deeds())).not.toContain('password of the letterbox');
});

test('a test letter goes to one address in the language of who asks, and is noted also where it fails', async () => {
  const letters: unknown[] = [];
  const isSent = [true, false];
  const room: AlertSendRoom = {
    ...house.deps,
    sendAlert: (channel, { recipient, message }) => {
      letters.push([channel.kind, channel.settings, channel.language, recipient, message.event]);
      return Promise.resolve({ isSent: isSent.shift() ?? false, code: null, answer: '' });
    },
  };
  expect((await refusalOf(testMailServer(room, by(ada), 'a@example.org'))).code).toBe('NOT_FOUND');
  expect(letters).toEqual([]);
  await set();
  const before = (await deeds()).length;
  const sent = [await testMailServer(room, by(ada), 'a@example.org'), await testMailServer(room, by(ada), 'b@example.org')];
  expect(sent.map((one) => one.isSent)).toEqual([true, false]);
  expect(letters).toEqual(
    ['a', 'b'].map((name) => ['email', { recipients: [`${name}@example.org`] }, 'en', `${name}@example.org`, 'test']),
  );
  expect((await deeds()).slice(before).map(({ action, outcome }) => [action, outcome])).toEqual([
    ['mail_server.test', 'success'],
    ['mail_server.test', 'failed'],
  ]);
});
