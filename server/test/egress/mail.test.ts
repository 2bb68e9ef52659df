/** Mail by a real mail server: what arrives, what is refused and said, and that nothing goes out but through the guard. */
import { afterEach, describe, expect, test } from 'vitest';
import { explicitPolicy } from '../../src/egress/allow.ts';
import { createEgress, EgressError, type Egress } from '../../src/egress/egress.ts';
import { judgeAddress } from '../../src/egress/guard.ts';
import { MailFailure, sendMail, type MailTarget, type OutgoingMail } from '../../src/egress/mail.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Secret } from '../../src/lib/secret.ts';
import { openMailbox, openSilence, readMail, type Mailbox, type MailboxOptions } from '../support/alert-receivers.ts';
import { selfSigned } from './certificate.ts';

const opened: { close(): Promise<void> }[] = [];
const egresses: Egress[] = [];
afterEach(async () => {
  for (const egress of egresses.splice(0)) egress.destroy();
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

const mail = (part: Partial<OutgoingMail> = {}): OutgoingMail => ({
  from: 'Patchbay <patchbay@example.org>',
  to: 'sari@example.org',
  subject: 'Critical: “Línea” does not answer',
  text: 'Línea does not answer.\n.\nA line with a dot alone.',
  html: '<p>Línea does not answer.</p>',
  messageId: 'id-1@example.org',
  language: 'en',
  ...part,
});
async function mailbox(options: MailboxOptions = {}): Promise<Mailbox> {
  const box = await openMailbox(options);
  opened.push(box);
  return box;
}
function egressOf(allow = '127.0.0.1:*'): Egress {
  const egress = createEgress({ policy: explicitPolicy(allow), clock: systemClock });
  egresses.push(egress);
  return egress;
}
const target = (port: number, part: Partial<MailTarget> = {}): MailTarget => ({ host: '127.0.0.1', port, security: 'none', username: null, password: null, trust: 'administrator', ...part }); // prettier-ignore
const send = (of: MailTarget, what = mail(), egress = egressOf(), timeoutMs = 8_000) =>
  sendMail({ egress, clock: systemClock }, of, what, timeoutMs);
const failure = (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => error); // prettier-ignore

describe('a mail', () => {
  test('arrives as it was written, in both bodies, and says that no person sent it', async () => {
    const { port, mails } = await mailbox();
    expect(await send(target(port))).toMatch(/^250 /);
    expect(mails).toMatchObject([{ from: 'patchbay@example.org', to: ['sari@example.org'], user: null }]);
    const { headers, text, html } = readMail(mails[0]!.raw);
    expect([headers.get('subject'), headers.get('message-id'), headers.get('auto-submitted')]).toEqual([
      'Critical: “Línea” does not answer',
      '<id-1@example.org>',
      'auto-generated',
    ]);
    expect(text.replaceAll('\r\n', '\n').trim()).toBe(mail().text);
    expect(html.trim()).toBe(mail().html);
  });
  test('cannot be given further headers or receivers by a name with line breaks', async () => {
    const { port, mails } = await mailbox();
    await send(target(port), mail({ subject: 'x\r\nBcc: everybody@example.org\r\n\r\nbody' }));
    expect(mails[0]).toMatchObject({ to: ['sari@example.org'] });
    expect(readMail(mails[0]!.raw).headers.has('bcc')).toBe(false);
  });
  test('is signed in with a name, and a wrong password is told as that', async () => {
    const { port, mails } = await mailbox({ user: { name: 'patchbay', password: 'right' } });
    await send(target(port, { username: 'patchbay', password: new Secret('right') }));
    expect(mails[0]?.user).toBe('patchbay');
    const refused = await failure(send(target(port, { username: 'patchbay', password: new Secret('wrong-password') })));
    expect(refused).toMatchObject({ name: 'MailFailure', code: 'mail_auth' });
    expect(JSON.stringify([refused, (refused as MailFailure).reply, (refused as Error).message])).not.toContain('wrong-password');
  });
  test('that the server does not take is told in the server’s words', async () => {
    const { port } = await mailbox({ refusal: 'nobody of that name' });
    expect(await failure(send(target(port)))).toMatchObject({ code: 'mail_refused', reply: expect.stringContaining('550') as string });
  });
  test('goes to no server that offers no encryption where that is asked for', async () => {
    const { port, mails } = await mailbox();
    expect(await failure(send(target(port, { security: 'starttls' })))).toBeInstanceOf(MailFailure);
    expect(mails).toEqual([]);
  });
  test.each(['tls', 'starttls'] as const)('goes by %s to no server whose certificate nobody vouches for', async (security) => {
    const dayMs = 86_400_000;
    const [from, to] = [-dayMs, dayMs].map((ms) => new Date(systemClock.nowMs() + ms));
    const { key, cert } = selfSigned('localhost', from!, to!);
    const { port, mails } = await mailbox({ tls: { key, cert, isImplicit: security === 'tls' } });
    expect(await failure(send(target(port, { security })))).toMatchObject({
      name: 'MailFailure',
      code: expect.stringMatching(/mail_tls|mail_connection/) as string,
    });
    expect(mails).toEqual([]);
  });
  test('is given up in time where the server says nothing, and nothing stays open', async () => {
    const silence = await openSilence();
    opened.push(silence);
    const egress = egressOf();
    expect(await failure(send(target(silence.port), mail(), egress, 300))).toMatchObject({
      code: expect.stringMatching(/timeout/) as string,
    });
    await expect.poll(() => egress.openSockets()).toBe(0);
  });
});

describe('the guard', () => {
  test('keeps mail from private addresses that are not listed', async () => {
    const { port, mails } = await mailbox();
    const refused = await failure(send(target(port), mail(), egressOf('10.0.0.1:25')));
    expect(refused).toBeInstanceOf(EgressError);
    expect(refused).toMatchObject({ code: 'egress_blocked', allowEntry: `127.0.0.1:${port}` });
    expect(mails).toEqual([]);
  });
  test('lets mail to the ports of mail at public addresses, and HTTP never', () => {
    const policy = explicitPolicy('');
    for (const port of [25, 465, 587]) {
      expect(judgeAddress(policy, 'member', 'mail.example.org', port, '93.184.216.34', 'mail')).toEqual({ allowed: true });
      expect(judgeAddress(policy, 'member', 'mail.example.org', port, '93.184.216.34')).toMatchObject({ allowed: false });
    }
    expect(judgeAddress(policy, 'member', 'mail.example.org', 22, '93.184.216.34', 'mail')).toMatchObject({ allowed: false });
    expect(judgeAddress(policy, 'administrator', 'mail.example.org', 25, '169.254.169.254', 'mail')).toEqual({
      allowed: false,
      allowEntry: null,
    });
  });
});
