/** Receivers of alerts on 127.0.0.1 that a test commands: a webhook, one that never answers, and a real mail server. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Posted {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
}

export interface Hook {
  url: string;
  origin: string;
  posts: Posted[];
  /** Status and body of the answers from now on. */
  answer(status: number, body?: string, headers?: Record<string, string>): void;
  close(): Promise<void>;
}

export async function openHook(): Promise<Hook> {
  const posts: Posted[] = [];
  let [status, body, headers]: [number, string, Record<string, string>] = [200, 'ok', {}];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      posts.push({ path: request.url ?? '', headers: request.headers, text, json: JSON.parse(text) as Record<string, unknown> });
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/hooks/in?key=of-the-test`,
    origin,
    posts,
    answer: (newStatus, newBody = '', newHeaders = {}) => void ([status, body, headers] = [newStatus, newBody, newHeaders]),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Takes connections and says nothing for as long as it lives. */
export async function openSilence(): Promise<{ url: string; port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/never`,
    port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

export interface ReceivedMail {
  from: string;
  to: string[];
  /** As it came over the wire. */
  raw: string;
  user: string | null;
  isSecure: boolean;
}

export interface Mailbox {
  port: number;
  mails: ReceivedMail[];
  close(): Promise<void>;
}

export interface MailboxOptions {
  /** Who may sign in; without it nobody need. */
  user?: { name: string; password: string };
  /** Refuses every recipient with this line. */
  refusal?: string;
  /** Key and certificate, PEM: TLS by STARTTLS, or from the first byte. */
  tls?: { key: string; cert: string; isImplicit: boolean };
}

/** A mail server as they are: it speaks SMTP, and keeps what it takes. */
export async function openMailbox({ user, refusal, tls }: MailboxOptions = {}): Promise<Mailbox> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: user === undefined,
    disabledCommands: [...(user ? [] : ['AUTH']), ...(tls && !tls.isImplicit ? [] : ['STARTTLS'])],
    allowInsecureAuth: true,
    secure: tls?.isImplicit ?? false,
    ...(tls ? { key: tls.key, cert: tls.cert } : {}),
    onAuth(auth, _session, done) {
      if (auth.username === user?.name && auth.password === user?.password) done(null, { user: auth.username ?? '' });
      else done(new Error('the name or the password is wrong'));
    },
    onRcptTo(_address, _session, done) {
      done(refusal === undefined ? null : Object.assign(new Error(refusal), { responseCode: 550 }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
          user: typeof session.user === 'string' ? session.user : null,
          isSecure: session.secure,
        });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** The parts of a mail in plain words: headers by lower-case name, and the text of its two bodies. */
export function readMail(raw: string): { headers: Map<string, string>; text: string; html: string } {
  const [head = ''] = raw.split('\r\n\r\n');
  const headers = new Map(
    head
      .replaceAll(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line): [string, string] => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        decodeWords(line.slice(line.indexOf(':') + 1).trim()),
      ]),
  );
  const boundary = /boundary="?([^";]+)"?/.exec(head.replaceAll(/\r\n[ \t]+/g, ' '))?.[1] ?? '';
  const parts = raw.split(`--${boundary}`).slice(1);
  const partOf = (type: string): string => decodeBody(parts.find((part) => part.includes(`Content-Type: ${type}`)) ?? '');
  return { headers, text: partOf('text/plain'), html: partOf('text/html') };
}

const fromQuoted = (text: string): string =>
  Buffer.from(
    text.replaceAll(/=\r?\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    'latin1',
  ).toString('utf8');

const decodeWords = (text: string): string =>
  text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B' ? Buffer.from(word, 'base64').toString('utf8') : fromQuoted(word.replaceAll('_', ' ')),
    );

function decodeBody(part: string): string {
  const [head = '', ...rest] = part.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  if (/transfer-encoding: base64/i.test(head)) return Buffer.from(body, 'base64').toString('utf8');
  return /transfer-encoding: quoted-printable/i.test(head) ? fromQuoted(body) : body;
}
