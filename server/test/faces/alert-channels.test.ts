/** Channels and the mail server through the front door: what each kind needs, what is never shown again, and what a test says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHook, openMailbox, type Hook, type Mailbox } from '../support/alert-receivers.ts';
import { answersSeen, listed, pathsOf, type Found, type Seen } from '../support/connections-house.ts';
import { codeOf, nowhere, openPolicyHouse, type PolicyHouse } from '../support/policy-house.ts';
import type { Resident } from '../support/house.ts';

let place: PolicyHouse;
let hook: Hook;
let mailbox: Mailbox;
beforeAll(async () => {
  place = await openPolicyHouse();
  hook = await openHook();
  mailbox = await openMailbox({ user: { name: 'patchbay', password: 'the password of mail' } });
});
afterAll(async () => {
  await place.close();
  await Promise.all([hook.close(), mailbox.close()]);
});

const ask = (who: Resident | null, method: string, path: string, body?: unknown): Promise<Seen> => place.ask(who, method, path, body);
let names = 0;
const bodyOf = (more: Record<string, unknown> = {}) => ({
  scope: 'workspace',
  workspaceId: place.workspaceId,
  kind: 'webhook',
  name: `Channel ${++names}`,
  url: hook.url,
  ...more,
});
async function make(more: Record<string, unknown> = {}, who: Resident = place.head): Promise<Found> {
  const answer = await ask(who, 'POST', '/api/alert-channels', bodyOf(more));
  expect(answer.status, answer.text).toBe(201);
  return answer.body.data;
}
const tryOut = async (id: string) => (await ask(place.head, 'POST', `/api/alert-channels/${id}/test`)).body.data;
const only = (more: Record<string, unknown>) => ({ url: undefined, ...more });
const mail = (more: Record<string, unknown> = {}) => ({ host: '127.0.0.1', port: mailbox.port, security: 'none', username: 'patchbay', password: 'the password of mail', sender: 'Patchbay <patchbay@example.org>', ...more }); // prettier-ignore

describe('GET /api/alert-channels', () => {
  test('200 those of one’s own and of one’s workspaces, with what was delivered last', async () => {
    const { id } = await make();
    const mine = await make({ scope: 'user', workspaceId: undefined }, place.reader);
    const seen = await ask(place.reader, 'GET', '/api/alert-channels');
    expect(listed(seen).map((one) => [one.id, one['canChange'], one['lastDelivery']])).toEqual(
      expect.arrayContaining([
        [id, false, null],
        [mine.id, true, null],
      ]),
    );
    expect(listed(await ask(place.admin, 'GET', '/api/alert-channels')).map((one) => one.id)).not.toContain(mine.id);
  });
  test('401 for nobody', async () => expect((await ask(null, 'GET', '/api/alert-channels')).status).toBe(401));
});

describe('POST /api/alert-channels', () => {
  test('201 a webhook with a signing secret that is shown this once; the rest of its address is shown never', async () => {
    const made = await make({ language: 'id', timeZone: 'Asia/Makassar' });
    expect(made).toMatchObject({ destination: `${hook.origin}/***`, language: 'id', timeZone: 'Asia/Makassar' });
    expect(made['signingSecret']).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await ask(place.head, 'GET', `/api/alert-channels/${made.id}`);
    expect(again.body.data['signingSecret']).toBe(null);
    expect(answersSeen.join('\n')).not.toContain('of-the-test');
  });
  test.each([
    [{ kind: 'slack', url: undefined }, ['url']],
    [{ kind: 'telegram', url: undefined, token: '1:a' }, ['chatId']],
    [{ kind: 'email', url: undefined }, ['recipients']],
    [{ kind: 'email', url: undefined, recipients: [] }, ['recipients']],
    [{ kind: 'email', url: undefined, recipients: ['nobody'] }, ['recipients.0']],
    [{ kind: 'slack', token: 'x' }, ['token']],
    [{ url: 'ftp://127.0.0.1/x' }, ['url']],
    [{ url: 'https://user:word@hooks.example.com/x' }, ['url']],
    [{ url: 'http://169.254.169.254/latest' }, ['url']],
    [{ signingSecret: 'secret' }, ['signingSecret']],
    [{ timeZone: 'Moon/Crater' }, ['timeZone']],
    [{ kind: 'whatsapp', to: '62811', tokenHeader: 'host' }, ['tokenHeader']],
    [{ name: '' }, ['name']],
    [{ colour: 'red' }, ['colour']],
  ])('400 %o is told at its field', async (more, paths) => {
    const answer = await ask(place.head, 'POST', '/api/alert-channels', bodyOf(more));
    expect([answer.status, pathsOf(answer)]).toEqual([400, paths]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'POST', '/api/alert-channels', bodyOf())).status).toBe(401));
  test('403 for who only reads, and of the installation for all but its administrators', async () => {
    expect((await ask(place.reader, 'POST', '/api/alert-channels', bodyOf())).status).toBe(403);
    expect((await ask(place.head, 'POST', '/api/alert-channels', bodyOf({ scope: 'organization', workspaceId: undefined }))).status).toBe(
      403,
    );
  });
  test('404 for a workspace that is not there', async () =>
    expect((await ask(place.head, 'POST', '/api/alert-channels', bodyOf({ workspaceId: nowhere }))).status).toBe(404));
});

describe('GET /api/alert-channels/:id', () => {
  test('200 with its revision', async () => {
    const { id, revision } = await make();
    const answer = await ask(place.reader, 'GET', `/api/alert-channels/${id}`);
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, `"${String(revision)}"`]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'GET', `/api/alert-channels/${nowhere}`)).status).toBe(401));
  test('403 of a closed workspace', async () =>
    expect((await ask(place.outsider, 'GET', `/api/alert-channels/${(await make()).id}`)).status).toBe(403));
  test('404 for what is not there', async () => expect((await ask(place.head, 'GET', `/api/alert-channels/${nowhere}`)).status).toBe(404));
});

describe('PATCH /api/alert-channels/:id', () => {
  test('200 what is named changes; what it sends with stays, and still opens', async () => {
    const { id } = await make();
    expect((await ask(place.head, 'PATCH', `/api/alert-channels/${id}`, { name: 'Renamed', language: 'id' })).body.data).toMatchObject({
      name: 'Renamed',
    });
    expect(await tryOut(id)).toMatchObject({ isSent: true, answer: '200 ok' });
    expect(hook.posts.at(-1)).toMatchObject({ path: '/hooks/in?key=of-the-test', json: { type: 'alert.test' } });
  });
  test('400 for nothing to change', async () =>
    expect((await ask(place.head, 'PATCH', `/api/alert-channels/${(await make()).id}`, {})).status).toBe(400));
  test('401 for nobody', async () => expect((await ask(null, 'PATCH', `/api/alert-channels/${nowhere}`, { name: 'X' })).status).toBe(401));
  test('403 for who only reads', async () =>
    expect((await ask(place.reader, 'PATCH', `/api/alert-channels/${(await make()).id}`, { name: 'X' })).status).toBe(403));
  test('404 for what is not there', async () =>
    expect((await ask(place.head, 'PATCH', `/api/alert-channels/${nowhere}`, { name: 'X' })).status).toBe(404));
  test('409 a signing secret does not go to another address, unless it is entered again', async () => {
    const { id } = await make();
    const url = 'http://127.0.0.1:9/elsewhere';
    const refused = await ask(place.head, 'PATCH', `/api/alert-channels/${id}`, { url });
    expect([codeOf(refused), pathsOf(refused)]).toEqual([[409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN'], ['signingSecret']]);
    const signingSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect((await ask(place.head, 'PATCH', `/api/alert-channels/${id}`, { url, signingSecret })).status).toBe(200);
  });
  test('409 made from an older state', async () => {
    const { id, revision } = await make();
    await ask(place.head, 'PATCH', `/api/alert-channels/${id}`, { name: 'First' });
    expect(codeOf(await ask(place.admin, 'PATCH', `/api/alert-channels/${id}`, { revision, name: 'Second' }))).toEqual([409, 'CONFLICT']);
  });
});

describe('DELETE /api/alert-channels/:id', () => {
  test('200 and nothing of what it sent with is left', async () => {
    const { id } = await make();
    expect((await ask(place.head, 'DELETE', `/api/alert-channels/${id}`)).status).toBe(200);
    const row = await place.house.database.db.selectFrom('alert_channels').selectAll().where('id', '=', id).executeTakeFirst();
    expect([row?.secret_encrypted, row?.is_active]).toEqual([null, false]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'DELETE', `/api/alert-channels/${nowhere}`)).status).toBe(401));
  test('403 for who only reads', async () =>
    expect((await ask(place.reader, 'DELETE', `/api/alert-channels/${(await make()).id}`)).status).toBe(403));
  test('404 for what is gone', async () => {
    const { id } = await make();
    await ask(place.head, 'DELETE', `/api/alert-channels/${id}`);
    expect((await ask(place.head, 'DELETE', `/api/alert-channels/${id}`)).status).toBe(404);
  });
});

describe('POST /api/alert-channels/:id/test', () => {
  test('200 with the receiver’s own words, and nothing of the secret in them', async () => {
    const { id } = await make();
    hook.answer(500, `cannot take ${hook.url} now`);
    expect(await tryOut(id)).toEqual({ isSent: false, errorCode: 'http_500', answer: '500 cannot take *** now' });
    const sig = 'a%2Bb-signature-0123';
    const signed = await make({ kind: 'slack', url: `${hook.origin}/in/workflow-0123456789?api=1&sig=${sig}` });
    hook.answer(401, `sig ${sig} or ${decodeURIComponent(sig)} does not fit workflow-0123456789`);
    expect(await tryOut(signed.id)).toMatchObject({ answer: '401 sig *** or *** does not fit ***' });
    hook.answer(302, '', { location: 'http://127.0.0.1:9/' });
    expect(await tryOut(id)).toMatchObject({ isSent: false, errorCode: 'redirect' });
    hook.answer(200, 'ok');
    expect(await tryOut(id)).toEqual({ isSent: true, errorCode: null, answer: '200 ok' });
  });
  test('200 each kind of chat is told in its own way', async () => {
    const token = '12345:telegram-token';
    const slack = await make({ kind: 'slack' });
    const teams = await make({ kind: 'teams' });
    const telegram = await make({ kind: 'telegram', url: hook.origin, token, chatId: '-100' });
    const whatsapp = await make({ kind: 'whatsapp', token: 'gateway-token', to: '62811', toField: 'target', tokenHeader: 'X-Token' });
    for (const { id } of [slack, teams, telegram, whatsapp]) expect(await tryOut(id)).toMatchObject({ isSent: true });
    const [toSlack, toTeams, toTelegram, toWhatsapp] = hook.posts.slice(-4);
    expect(toSlack?.json).toMatchObject({ text: 'Test: this channel receives alerts' });
    expect(toTeams?.json).toMatchObject({ attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }] });
    expect([toTelegram?.path, toTelegram?.json['chat_id']]).toEqual([`/bot${token}/sendMessage`, '-100']);
    expect([toWhatsapp?.headers['x-token'], toWhatsapp?.json['target']]).toEqual(['gateway-token', '62811']);
    expect(answersSeen.join('\n')).not.toContain(token);
  });
  test('200 mail that no server is set for says so', async () => {
    const { id } = await make(only({ kind: 'email', recipients: ['a@example.org'] }));
    expect(await tryOut(id)).toEqual({ isSent: false, errorCode: 'mail_not_set', answer: '' });
  });
  test('401 for nobody', async () => expect((await ask(null, 'POST', `/api/alert-channels/${nowhere}/test`)).status).toBe(401));
  test('403 for who only reads', async () =>
    expect((await ask(place.reader, 'POST', `/api/alert-channels/${(await make()).id}/test`)).status).toBe(403));
  test('404 for what is not there', async () =>
    expect((await ask(place.head, 'POST', `/api/alert-channels/${nowhere}/test`)).status).toBe(404));
});

describe('GET /api/admin/mail', () => {
  test('200 null where none is set', async () => expect((await ask(place.admin, 'GET', '/api/admin/mail')).body.data).toBe(null));
  test('401 for nobody', async () => expect((await ask(null, 'GET', '/api/admin/mail')).status).toBe(401));
  test('403 for all but administrators', async () => expect((await ask(place.head, 'GET', '/api/admin/mail')).status).toBe(403));
});

describe('PUT /api/admin/mail', () => {
  test('200 set, and its password never shown', async () => {
    const { body } = await ask(place.admin, 'PUT', '/api/admin/mail', mail());
    expect(body.data).toMatchObject({ host: '127.0.0.1', hasPassword: true, username: 'patchbay' });
    expect(answersSeen.join('\n')).not.toContain('the password of mail');
    // Without a password the stored one stays, where it still belongs.
    const kept = await ask(place.admin, 'PUT', '/api/admin/mail', mail({ password: undefined, sender: 'alerts@example.org' }));
    expect(kept.body.data).toMatchObject({ hasPassword: true, sender: 'alerts@example.org' });
  });
  test.each([
    [{ port: 0 }, ['port']],
    [{ host: 'a b' }, ['host']],
    [{ sender: 'one@example.org, two@example.org' }, ['sender']],
    [{ sender: 'Nobody' }, ['sender']],
  ])('400 %o is told at its field', async (more, paths) =>
    expect(pathsOf(await ask(place.admin, 'PUT', '/api/admin/mail', mail(more)))).toEqual(paths),
  );
  test('401 for nobody', async () => expect((await ask(null, 'PUT', '/api/admin/mail', mail())).status).toBe(401));
  test('403 for all but administrators', async () => expect((await ask(place.head, 'PUT', '/api/admin/mail', mail())).status).toBe(403));
  test('409 the password does not go to another server', async () => {
    const answer = await ask(place.admin, 'PUT', '/api/admin/mail', mail({ host: 'elsewhere.example', password: undefined }));
    expect([codeOf(answer), pathsOf(answer)]).toEqual([[409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN'], ['password']]);
  });
});

describe('POST /api/admin/mail/test', () => {
  test('200 the mail arrives, and the server’s own words come back', async () => {
    const { body } = await ask(place.admin, 'POST', '/api/admin/mail/test', { to: 'somebody@example.org' });
    expect(body.data).toMatchObject({ isSent: true, errorCode: null });
    expect(mailbox.mails.at(-1)).toMatchObject({ to: ['somebody@example.org'], from: 'alerts@example.org', user: 'patchbay' });
  });
  test('200 a wrong password is told as what it is', async () => {
    await ask(place.admin, 'PUT', '/api/admin/mail', mail({ password: 'another one' }));
    const { body } = await ask(place.admin, 'POST', '/api/admin/mail/test', { to: 'somebody@example.org' });
    expect(body.data).toMatchObject({ isSent: false, errorCode: 'mail_auth' });
  });
  test('400 for what is no address', async () =>
    expect((await ask(place.admin, 'POST', '/api/admin/mail/test', { to: 'nobody' })).status).toBe(400));
  test('401 for nobody', async () => expect((await ask(null, 'POST', '/api/admin/mail/test', { to: 'a@example.org' })).status).toBe(401));
  test('403 for all but administrators', async () =>
    expect((await ask(place.head, 'POST', '/api/admin/mail/test', { to: 'a@example.org' })).status).toBe(403));
  test('404 where no server is set', async () => {
    await ask(place.admin, 'DELETE', '/api/admin/mail');
    expect((await ask(place.admin, 'POST', '/api/admin/mail/test', { to: 'a@example.org' })).status).toBe(404);
  });
});

describe('DELETE /api/admin/mail', () => {
  test('200 and nothing of the password is left', async () => {
    expect((await ask(place.admin, 'PUT', '/api/admin/mail', mail())).status).toBe(200);
    expect((await ask(place.admin, 'DELETE', '/api/admin/mail')).status).toBe(200);
    const rows = await place.house.database.db.selectFrom('mail_servers').select('password_encrypted').execute();
    expect(rows).toEqual([{ password_encrypted: null }]);
  });
  test('401 for nobody', async () => expect((await ask(null, 'DELETE', '/api/admin/mail')).status).toBe(401));
  test('403 for all but administrators', async () => expect((await ask(place.head, 'DELETE', '/api/admin/mail')).status).toBe(403));
  test('404 where none is set', async () => expect((await ask(place.admin, 'DELETE', '/api/admin/mail')).status).toBe(404));
});
