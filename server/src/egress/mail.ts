/** Sends one mail over a guarded socket: the library speaks SMTP, and never opens a connection of its own. */
import { createTransport } from 'nodemailer';
import type { Clock } from '../lib/clock.ts';
import type { Secret } from '../lib/secret.ts';
import type { Egress } from './egress.ts';
import { codeOf, EgressError } from './error.ts';
import type { Trust } from './guard.ts';

export interface MailTarget {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  username: string | null;
  password: Secret | null;
  trust: Trust;
}

export interface OutgoingMail {
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Without angle brackets, unique for all time; a mail that is sent twice by mistake is shown once. */
  messageId: string;
  language: string;
}

/** A mail was not taken. `reply` is what the server said, one line and cut; the code is ours. */
export class MailFailure extends Error {
  override readonly name = 'MailFailure';
  readonly code: 'mail_auth' | 'mail_refused' | 'mail_tls' | 'mail_connection' | 'mail_timeout';
  readonly reply: string;
  constructor(code: MailFailure['code'], reply: string) {
    super('the mail was not taken');
    this.code = code;
    this.reply = reply;
  }
}

const replyCharsMax = 300;
const greetingTimeoutMs = 8_000;

const oneLine = (text: string): string =>
  text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, replyCharsMax);

const codes: Readonly<Record<string, MailFailure['code']>> = {
  EAUTH: 'mail_auth',
  ENOAUTH: 'mail_auth',
  EENVELOPE: 'mail_refused',
  EMESSAGE: 'mail_refused',
  ETLS: 'mail_tls',
  ETIMEDOUT: 'mail_timeout',
};

function failureOf(error: unknown): MailFailure {
  const reply =
    error !== null && typeof error === 'object' && 'response' in error && typeof error.response === 'string' ? error.response : '';
  // The library repeats the server's words and never the password; what it says of its own is left out all the same.
  return new MailFailure(codes[codeOf(error)] ?? 'mail_connection', oneLine(reply));
}

/** Sends it, within `timeoutMs` for everything. Answers what the server said. @throws MailFailure, EgressError */
export async function sendMail(
  { egress, clock }: { egress: Pick<Egress, 'openMail'>; clock: Clock },
  target: MailTarget,
  mail: OutgoingMail,
  timeoutMs: number,
): Promise<string> {
  const connection = await egress.openMail(target, target.trust, { timeoutMs });
  const stop = new AbortController();
  const timer = clock.after(timeoutMs, () => {
    stop.abort();
    connection.destroy();
  });
  const transport = createTransport({
    host: target.host,
    port: target.port,
    secure: target.security === 'tls',
    requireTLS: target.security === 'starttls',
    ignoreTLS: target.security === 'none',
    greetingTimeout: Math.min(greetingTimeoutMs, timeoutMs),
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_options, callback) => callback(null, { connection }),
    ...(target.username === null ? {} : { auth: { user: target.username, pass: target.password?.reveal() ?? '' } }),
  });
  try {
    const { from, to, subject, text, html, messageId, language } = mail;
    const sent = await transport.sendMail({
      from,
      to,
      subject,
      text,
      html,
      messageId: `<${messageId}>`,
      headers: { 'auto-submitted': 'auto-generated', 'content-language': language },
    });
    return oneLine(sent.response);
  } catch (error) {
    if (stop.signal.aborted) throw new EgressError('timeout');
    throw failureOf(error);
  } finally {
    timer.cancel();
    transport.close();
    connection.destroy();
  }
}
