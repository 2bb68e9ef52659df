/** The audit log of a whole house: linked from its first entry, whole after a restart, anchored at an address of the operator's. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyAudit } from '../../src/control/audit-verify.ts';
import { openHouse, type House } from '../support/house.ts';

let receiver: Server;
let url: string;
const received: { path: string; body: Record<string, unknown> }[] = [];
let isBroken = false;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown> });
      response.writeHead(isBroken ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/anchors/of-the-tests`;
});
afterAll(() => new Promise((resolve) => receiver.close(resolve)));

const verdictOf = ({ database, deps }: House) => verifyAudit({ database, vault: deps.vault });

test('every entry is a link from the first on, and the answer says from which configuration it was given', async () => {
  const house = await openHouse({ auditWebhookUrl: url, egressAllow: '127.0.0.1:*' });
  const ada = await house.createResident('Ada', 'administrator');
  const reply = await house.request('POST', '/api/tokens', { token: ada.token, body: { name: 'script' } });
  expect(reply.status).toBe(201);
  expect(Number(reply.headers.get('x-patchbay-config-rev'))).toBe(house.deps.keeper.snapshot.revision);
  const ready = await house.request('GET', '/readyz');
  expect(ready.body['configRevision']).toBe(house.deps.keeper.snapshot.revision);
  const verdict = await verdictOf(house);
  expect(verdict).toMatchObject({ isSound: true, prefix: 0 });
  expect(verdict.checked).toBeGreaterThan(1);
  const seq = verdict.head.seq;
  await house.close();
  // The stop says where the log stands; a cut end shows against it, whatever becomes of the database.
  expect(received.at(-1)).toMatchObject({
    path: '/anchors/of-the-tests',
    body: { type: 'patchbay.audit.anchor', seq, hash: verdict.head.hash },
  });
});

test('an address that does not take the anchor holds nothing up, and its path is not in the log', async () => {
  isBroken = true;
  const house = await openHouse({ auditWebhookUrl: url, egressAllow: '127.0.0.1:*' });
  await house.createResident('Ada', 'administrator');
  await house.close();
  isBroken = false;
  expect(house.logged.join('\n')).toContain('could not be told');
  expect(house.logged.join('\n')).not.toContain('of-the-tests');
});

test('an address that Patchbay may not reach stops the start', async () => {
  await expect(openHouse({ auditWebhookUrl: 'http://user:secret@127.0.0.1/x' })).rejects.toThrow('PATCHBAY_AUDIT_WEBHOOK_URL');
});
