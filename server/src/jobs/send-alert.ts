/** Sends one message to one channel through the guarded egress, and says what came of it. */
import { Webhook } from 'standardwebhooks';
import type { AlertChannel, ChannelSecret } from '../domain/alert.ts';
import { mailHtml, plainText, slackBody, teamsBody, telegramBody, webhookBody, whatsappBody } from '../domain/alert-payload.ts';
import { textOf, type AlertMessage, type AlertReader, type AlertText } from '../domain/alert-text.ts';
import { ownerKey, type Owner } from '../domain/owner.ts';
import { placeOfChannel, placeOfMailPassword } from '../domain/sealing.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { EgressError, type Egress } from '../egress/egress.ts';
import { MailFailure, sendMail } from '../egress/mail.ts';
import type { Clock } from '../lib/clock.ts';
import { Secret } from '../lib/secret.ts';
import type { Place } from '../vault/place.ts';
import { SecretUnreadable, type Vault } from '../vault/vault.ts';

export interface AlertSendDeps {
  keeper: { readonly snapshot: Snapshot };
  vault: Pick<Vault, 'open'>;
  egress: Pick<Egress, 'fetchWhole' | 'openMail'>;
  clock: Clock;
}

/** What came of one attempt. `answer` is what the receiver said, one line, without secrets. */
export interface SendResult {
  isSent: boolean;
  code: string | null;
  answer: string;
  /** Nothing that happens later makes it arrive. */
  isFinal: boolean;
  /** What the receiver asked to wait. */
  retryAfterMs: number | null;
}

/** One message: to whom of a mail channel, and an id under which a receiver knows it again. */
export interface AlertLetter {
  id: string;
  recipient: string;
  message: AlertMessage;
}

/** Everything for one message, from the look-up to the last byte of the answer. */
const sendTimeoutMs = 10_000;
const answerBytesMax = 65_536;
const answerCharsMax = 300;
const retryAfterMaxMs = 3_600_000;
const telegramOrigin = 'https://api.telegram.org';

const failed = (code: string, answer = '', isFinal = false): SendResult => ({ isSent: false, code, answer, isFinal, retryAfterMs: null });

/** Of an address, shorter parts are words that anybody may read, as `services` or `v2`. */
const secretPartCharsMin = 12;

/** Gateways put their tokens into the path or the query, and complain of these alone: each part that could be one, as it stands and decoded. */
function partsOf(address: string): string[] {
  const { pathname, search, searchParams } = new URL(address);
  const raw = search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  const parts = [...pathname.split('/'), ...raw, ...searchParams.values()].filter((part) => part.length >= secretPartCharsMin);
  return [address, ...(pathname.length > 1 ? [pathname] : []), ...parts];
}

/** A receiver may repeat what it was sent; nothing of the secret goes into a log or onto a page. */
function scrubbed(text: string, { url, token, signingSecret }: ChannelSecret): string {
  let clean = text.replaceAll(/\p{Cc}+/gu, ' ').trim();
  const secrets = [...(url === undefined ? [] : partsOf(url)), token, signingSecret];
  for (const secret of secrets) if (secret) clean = clean.replaceAll(secret, '***');
  return clean.slice(0, answerCharsMax);
}

function open(deps: AlertSendDeps, owner: Owner, box: string, place: Place): string {
  const keys = deps.keeper.snapshot.ownerKeys.get(ownerKey(owner)) ?? [];
  return deps.vault.open(box, place, (version) => keys.find((key) => key.version === version)).reveal();
}

/** The reader's own language and zone where the address is somebody's here, else the channel's. */
export function readerOf(snapshot: Snapshot, { language, timeZone }: AlertChannel, recipient: string): AlertReader {
  if (recipient === '') return { language, timeZone };
  const address = recipient.toLowerCase();
  for (const person of snapshot.people.values())
    if (person.email.toLowerCase() === address) return { language: person.language, timeZone: person.timeZone ?? timeZone };
  return { language, timeZone };
}

/** Sends it once. Never rejects: what went wrong is in the result. */
export async function sendAlert(deps: AlertSendDeps, channel: AlertChannel, letter: AlertLetter): Promise<SendResult> {
  const { snapshot } = deps.keeper;
  const reader = readerOf(snapshot, channel, letter.recipient);
  const text = textOf(letter.message, reader);
  try {
    if (channel.kind === 'email') return await mail(deps, letter, text, reader);
    const box = snapshot.alerting.sealed.get(channel.id);
    if (box === undefined) return failed('secret_missing', '', true);
    const secret = JSON.parse(open(deps, channel.owner, box, placeOfChannel(channel))) as ChannelSecret;
    return await post(deps, channel, secret, letter, text);
  } catch (error) {
    if (error instanceof SecretUnreadable) return failed('secret_unreadable', '', true);
    if (error instanceof MailFailure) return failed(error.code, error.reply);
    if (error instanceof EgressError) return failed(error.code, error.allowEntry ?? '');
    throw error;
  }
}

async function mail(deps: AlertSendDeps, letter: AlertLetter, text: AlertText, { language }: AlertReader): Promise<SendResult> {
  const { alerting, organizationId } = deps.keeper.snapshot;
  const server = alerting.mail;
  if (!server) return failed('mail_not_set', '', true);
  const box = alerting.sealedPassword;
  const owner: Owner = { scope: 'organization', id: organizationId };
  const password = box === null ? null : new Secret(open(deps, owner, box, placeOfMailPassword(organizationId, server)));
  const answer = await sendMail(
    deps,
    { ...server, password },
    {
      from: server.sender,
      to: letter.recipient,
      subject: text.title,
      text: `${plainText(text)}\n\n${text.footer}\n`,
      html: mailHtml(letter.message, text, language),
      messageId: `${letter.id}@${
        server.sender
          .split('@')
          .at(-1)
          ?.replace(/[^\w.-]/g, '') || 'patchbay'
      }`,
      language,
    },
    sendTimeoutMs,
  );
  return { isSent: true, code: null, answer, isFinal: true, retryAfterMs: null };
}

interface Request {
  url: URL;
  body: unknown;
  headers: Record<string, string>;
}

function requestOf(channel: AlertChannel, secret: ChannelSecret, letter: AlertLetter, text: AlertText): Request {
  const { settings } = channel;
  const to = (url: string): URL => new URL(url);
  switch (channel.kind) {
    case 'slack':
      return { url: to(secret.url ?? ''), body: slackBody(letter.message, text), headers: {} };
    case 'teams':
      return { url: to(secret.url ?? ''), body: teamsBody(letter.message, text), headers: {} };
    case 'telegram': {
      const base = secret.url ?? telegramOrigin;
      return { url: to(`${base}/bot${secret.token ?? ''}/sendMessage`), body: telegramBody(settings.chatId ?? '', text), headers: {} };
    }
    case 'whatsapp': {
      const name = settings.tokenHeader ?? 'authorization';
      const value = name === 'authorization' && !/\s/.test(secret.token ?? '') ? `Bearer ${secret.token ?? ''}` : (secret.token ?? '');
      const headers: Record<string, string> = secret.token === undefined ? {} : { [name]: value };
      return { url: to(secret.url ?? ''), body: whatsappBody(settings, text), headers };
    }
    case 'email':
    case 'webhook':
      return { url: to(secret.url ?? ''), body: webhookBody(letter.message, text), headers: {} };
  }
}

/** Signed as Standard Webhooks says: anybody with the secret can tell that it came from here, now, and unchanged. */
function signed(deps: AlertSendDeps, { signingSecret }: ChannelSecret, id: string, body: string): Record<string, string> {
  if (signingSecret === undefined) return {};
  const at = new Date(deps.clock.nowMs());
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(signingSecret).sign(id, at, body),
  };
}

async function post(
  deps: AlertSendDeps,
  channel: AlertChannel,
  secret: ChannelSecret,
  letter: AlertLetter,
  text: AlertText,
): Promise<SendResult> {
  const { url, body, headers } = requestOf(channel, secret, letter, text);
  // The box opened for this origin and for no other; an address that leads elsewhere was put together wrongly.
  if (url.origin !== channel.origin) return failed('secret_unreadable', '', true);
  const payload = JSON.stringify(body);
  const answer = await deps.egress.fetchWhole(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Patchbay',
        'content-length': String(Buffer.byteLength(payload)),
        ...headers,
        ...signed(deps, secret, letter.id, payload),
      },
      body: payload,
      trust: channel.trust,
    },
    { totalTimeoutMs: sendTimeoutMs, bodyBytesMax: answerBytesMax },
  );
  const said = `${answer.status} ${scrubbed(answer.body.toString('utf8'), secret)}`.trim();
  if (answer.status >= 200 && answer.status < 300) return { isSent: true, code: null, answer: said, isFinal: true, retryAfterMs: null };
  if (answer.status >= 300 && answer.status < 400) return failed('redirect', said);
  const seconds = Number(answer.headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, retryAfterMaxMs) : null;
  // 410: the receiver says that it is gone for good (standardwebhooks.com).
  return { ...failed(`http_${answer.status}`, said, answer.status === 410), retryAfterMs };
}
