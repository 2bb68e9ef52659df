/** A provider on 127.0.0.1 for the pages: as many models as a test wants, one answer for all calls, and a count of those at once. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wholeBody } from '../../../server/test/support/fake-provider.ts';

export interface VendorAnswer {
  /** `never`: the call is taken and not answered. */
  status: number | 'never';
  body?: unknown;
  headers?: Record<string, string>;
  /** Answered once this has happened. */
  until?: Promise<void>;
}

export interface Vendor {
  /** `http://127.0.0.1:<port>/v1`. */
  baseUrl: string;
  models: string[];
  /** What completions answer; null for a plain good answer. */
  completion: VendorAnswer | null;
  /** What the list of models answers; null for the list. */
  list: VendorAnswer | null;
  keys: Set<string>;
  /** Most completions that were open at the same time. */
  mostAtOnce: number;
  completions: number;
  close(): Promise<void>;
}

const say = (response: ServerResponse, { status, body, headers }: VendorAnswer): void => {
  if (status === 'never') return;
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
};

export async function startVendor(): Promise<Vendor> {
  let open = 0;
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.resume();
    vendor.keys.add(request.headers.authorization?.replace('Bearer ', '') ?? '');
    if (request.method === 'GET') {
      const data = vendor.models.map((id) => ({ id, object: 'model' }));
      return say(response, vendor.list ?? { status: 200, body: { object: 'list', data } });
    }
    open += 1;
    vendor.completions += 1;
    vendor.mostAtOnce = Math.max(vendor.mostAtOnce, open);
    response.on('close', () => void (open -= 1));
    const answer = vendor.completion ?? { status: 200, body: wholeBody() };
    await answer.until;
    say(response, answer);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const vendor: Vendor = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    models: ['gpt-4o'],
    completion: null,
    list: null,
    keys: new Set(),
    mostAtOnce: 0,
    completions: 0,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return vendor;
}
