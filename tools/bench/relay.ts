/** Passes requests on and answers back, and does nothing else: node:http and undici as the product uses them, for a comparison. */
import { createServer, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

const connectionsMax = 2_000;
const [port, upstreamPort] = process.argv.slice(2).map(Number);
const upstream = new Pool(`http://127.0.0.1:${upstreamPort}`, {
  connections: connectionsMax,
  pipelining: 1,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
});
const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: 'Bearer sk-upstream' };

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? parts[0]! : Buffer.concat(parts));

/** Whole answers leave whole; the events of a stream leave as they come. */
class Relayed implements Dispatcher.DispatchHandler {
  private readonly response: ServerResponse;
  private readonly parts: Buffer[] = [];
  private status = 0;
  private type = '';

  constructor(response: ServerResponse) {
    this.response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Nobody reads for a caller who is gone.
    this.response.once('close', () => {
      if (!this.response.writableFinished) controller.abort(new Error('the caller hung up'));
    });
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    answered: Record<string, string | string[] | undefined>,
  ): void {
    this.status = status;
    this.type = String(answered['content-type']);
    if (this.isStream()) this.response.writeHead(status, ['content-type', this.type]);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isStream()) this.parts.push(chunk);
    else if (!this.response.write(chunk)) {
      controller.pause();
      this.response.once('drain', () => controller.resume());
    }
  }

  onResponseEnd(): void {
    if (this.isStream()) return void this.response.end();
    const body = joined(this.parts);
    this.response.writeHead(this.status, ['content-type', this.type, 'content-length', String(body.length)]);
    // As in the product: with its head in one piece.
    this.response.end(body.toString('latin1'), 'latin1');
  }

  onResponseError(): void {
    this.response.destroy();
  }

  private isStream(): boolean {
    return this.type.startsWith('text/event-stream');
  }
}

createServer({ noDelay: true }, (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (chunk: Buffer) => parts.push(chunk));
  request.on('end', () => {
    const body = parts.length === 0 ? null : joined(parts);
    upstream.dispatch({ path: request.url ?? '/', method: body === null ? 'GET' : 'POST', headers, body }, new Relayed(response));
  });
}).listen(port, '127.0.0.1');
