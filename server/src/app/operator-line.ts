/** The operator's own door to a running server: a socket in the data directory that only its owner may open, for the command line. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, relative, resolve } from 'node:path';
import type { Log } from '../lib/log.ts';
import { CommandFailed, endOf } from './ends.ts';

/** What a running server says back, one JSON text per line. */
type Said = { say: string } | { result: unknown } | { ended: { line: string; exitCode: number } };

/** Runs one named operation; what it says goes to the terminal at once. */
export type RunOperation = (name: string, input: unknown, say: (line: string) => void) => Promise<unknown>;

const inputBytesMax = 64 * 1_048_576;
/** What an answer holds at most: an exported configuration of a large house. */
const answerBytesMax = 256 * 1_048_576;
/** `sun_path` of unix(7) has 108 bytes with its end. */
const pathBytesMax = 107;

/** Where the socket lies; null where no spelling of the path is short enough for one. */
export function operatorSocketOf(dataDir: string): string | null {
  const path = join(resolve(dataDir), 'operator.sock');
  const fits = [path, relative(process.cwd(), path)].find((spelling) => Buffer.byteLength(spelling) <= pathBytesMax);
  return fits ?? null;
}

export interface OperatorLine {
  close(): Promise<void>;
}

/** Opens the door. A place where there can be none is no reason not to serve: commands then say that the server must be stopped for them. */
export async function openOperatorLine({ dataDir, log }: { dataDir: string; log: Log }, run: RunOperation): Promise<OperatorLine> {
  const path = operatorSocketOf(dataDir);
  if (path === null) {
    log.warn({ dataDir }, 'the path of the data directory is too long for a socket: the command line cannot speak to this server');
    return { close: async () => undefined };
  }
  const server = createServer((message, response) => void answer(message, response, run));
  // Whoever holds the lock on the data directory is the only one to listen here; a socket that is left is of a run that was killed.
  rmSync(path, { force: true });
  try {
    await listen(server, path);
    chmodSync(path, 0o600);
  } catch (error) {
    log.warn({ err: error, path }, 'the command line cannot speak to this server');
  }
  return {
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, refuse) => {
    server.once('error', refuse);
    server.listen(path, () => {
      server.off('error', refuse);
      server.unref();
      done();
    });
  });
}

async function answer(message: IncomingMessage, response: ServerResponse, run: RunOperation): Promise<void> {
  const say = (said: Said): void => void response.write(`${JSON.stringify(said)}\n`);
  try {
    const input = JSON.parse(await textOf(message, inputBytesMax)) as unknown;
    response.writeHead(200, { 'content-type': 'application/jsonl' });
    say({ result: (await run((message.url ?? '/').slice(1), input, (line) => say({ say: line }))) ?? null });
  } catch (error) {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/jsonl' });
    say({ ended: endOf(error) });
  }
  response.end();
}

async function textOf(stream: AsyncIterable<Buffer | string>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > bytesMax) throw new CommandFailed('too much was sent at once');
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Asks a running server to do something. Undefined where none listens. @throws CommandFailed with the server's own line and exit code
 */
export async function askRunningServer(
  dataDir: string,
  name: string,
  input: unknown,
  say: (line: string) => void,
): Promise<{ result: unknown } | undefined> {
  const path = operatorSocketOf(dataDir);
  const reply = path === null ? undefined : await send(path, name, JSON.stringify(input));
  if (reply === undefined) return undefined;
  try {
    return { result: await resultIn(reply.setEncoding('utf8'), say) };
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(endedEarly, undefined, { cause: error });
  }
}

const endedEarly = 'the server ended before it had finished; run this again';

/** Reads line by line until the result. @throws CommandFailed with what the server said, and where it said no end */
async function resultIn(reply: AsyncIterable<string>, say: (line: string) => void): Promise<unknown> {
  let rest = '';
  let bytes = 0;
  for await (const chunk of reply) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new CommandFailed('the server answered with more than a command can take');
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const said = JSON.parse(line) as Said;
      if ('ended' in said) throw new CommandFailed(said.ended.line, said.ended.exitCode);
      if ('result' in said) return said.result;
      say(said.say);
    }
  }
  throw new CommandFailed(endedEarly);
}

function send(path: string, name: string, body: string): Promise<IncomingMessage | undefined> {
  return new Promise((done, refuse) => {
    // A line that was kept from an earlier question may lead to a server that is gone.
    const headers = { 'content-type': 'application/json' };
    const asked = request({ socketPath: path, method: 'POST', path: `/${name}`, headers, agent: false });
    asked.once('response', done);
    asked.once('error', (error: NodeJS.ErrnoException) => {
      const { code } = error;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') done(undefined);
      else if (code === 'EACCES')
        refuse(new CommandFailed('the running server belongs to another user of this machine; run this as that user'));
      else refuse(new CommandFailed(`the running server ended the conversation (${code ?? error.message}); run this again`));
    });
    asked.end(body);
  });
}
