/** Server-side request forgery, from the URL to the socket: every known trick must end without a connection at the canary. */
import { describe, expect, test } from 'vitest';
import { classifyAddress } from '../../src/egress/address.ts';
import { bareHost, explicitPolicy } from '../../src/egress/allow.ts';
import type { EgressPolicy } from '../../src/egress/allow.ts';
import { checkTargetUrl } from '../../src/egress/url.ts';
import { answering, listen, newEgress, okAnswer, recordDone, requestTo, secretValue, tableLookup, type Wire } from './wire.ts';

const closed: EgressPolicy = explicitPolicy('');

/** Where names lead in these tests: mostly to the canary's address, in the ways that attackers publish. */
const names = tableLookup({
  localhost: ['127.0.0.1'],
  'foo.localhost': ['127.0.0.1'],
  'localtest.me': ['127.0.0.1'],
  'lvh.me': ['::1'],
  '127.0.0.1.nip.io': ['127.0.0.1'],
  '169-254-169-254.sslip.io': ['169.254.169.254'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mixed-first.example': ['127.0.0.1', '93.184.216.34'],
  'mixed-family.example': ['2606:4700:4700::1111', '::1'],
  'only-aaaa.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::7f00:1'],
  'zone.example': ['fe80::1%lo'],
  'alias-of-metadata.example': ['169.254.169.254'],
  'etc-hosts-name': ['127.0.0.1'],
  'rfc1918.example': ['10.0.0.5'],
  'not-an-address.example': ['localhost'],
  'empty.example': [],
  'metadata.google.internal': ['127.0.0.1'],
  'metadata.goog': ['127.0.0.1'],
  metadata: ['127.0.0.1'],
  'instance-data': ['127.0.0.1'],
  'kubernetes.default.svc': ['127.0.0.1'],
  'x.cluster.local': ['127.0.0.1'],
  consul: ['127.0.0.1'],
  'xn--api-openai.example': ['127.0.0.1'],
});

/** `PORT` stands for the canary's port. Every input must be refused when it is saved, or when it is connected to. */
const inputs: string[] = [
  // Spellings of loopback and of "this host".
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '017700000001',
    '0',
    '0.0.0.0',
    '0x',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127%2e0%2e0%2e1',
    '%31%32%37.0.0.1',
    '127.0.0.2',
    '127.255.255.254',
    'localhost',
    'localhost.',
    'LOCALHOST',
    'foo.localhost',
    'loc%61lhost',
    'ⓛocalhost',
  ].map((host) => `http://${host}:PORT/v1`),
  ' http://127.0.0.1:PORT/ ',
  'http:/127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT\\',
  'http:127.0.0.1:PORT/',
  'http://127.0.0.1:PORT\t/',
  'http://127.0.0.1\n:PORT/',
  '//127.0.0.1:PORT/',
  // IPv6 and IPv4 inside it.
  ...[
    '::1',
    '::',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '::127.0.0.1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fe80::1',
    'fe80::1%25eth0',
    'fc00::1',
    'fd00:ec2::254',
    'fec0::1',
    'ff02::1',
    '100::1',
    '5f00::1',
    '::ffff:a9fe:a9fe',
    '::ffff:169.254.169.254',
  ].map((host) => `http://[${host}]:PORT/`),
  // Metadata and platform services.
  ...[
    '169.254.169.254',
    '169.254.169.254.',
    '2852039166',
    '0xA9FEA9FE',
    '0251.0376.0251.0376',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'metadata.google.internal',
    'metadata.goog',
    'metadata',
    'instance-data',
    'kubernetes.default.svc',
    'x.cluster.local',
    'consul',
  ].map((host) => `http://${host}:PORT/latest/meta-data/`),
  // Private and reserved networks.
  ...[
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '198.18.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ].map((host) => `http://${host}:PORT/`),
  // Who is the host?
  'http://api.openai.com@127.0.0.1:PORT/',
  'http://api.openai.com%2f@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT#@api.openai.com/',
  'http://127.0.0.1:PORT\\@api.openai.com/',
  'http://api.openai.com:80@127.0.0.1:PORT/',
  'http://user:pass@127.0.0.1:PORT/',
  // Other schemes.
  'file:///etc/passwd',
  'ftp://127.0.0.1:PORT/',
  'gopher://127.0.0.1:PORT/_INFO',
  'data:text/plain,hi',
  'javascript:alert(1)',
  'blob:http://127.0.0.1:PORT/x',
  'ws://127.0.0.1:PORT/',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  // Ports where something else listens, at a public name that leads here.
  ...[22, 25, 445, 2375, 3306, 5432, 6379, 6443, 9200, 11211, 27017, 0, 65536].map((port) => `http://localtest.me:${port}/`),
  // Names that resolve to the inside.
  ...[
    '127.0.0.1.nip.io',
    '169-254-169-254.sslip.io',
    'localtest.me',
    'lvh.me',
    'mixed.example',
    'mixed-first.example',
    'mixed-family.example',
    'only-aaaa.example',
    'mapped.example',
    'nat64.example',
    'zone.example',
    'alias-of-metadata.example',
    'etc-hosts-name',
    'rfc1918.example',
    'not-an-address.example',
    'empty.example',
    'unknown.example',
  ].map((host) => `http://${host}:PORT/v1`),
  // What a URL parser would drop or fold.
  'http://127.0.0.1:PORT/v1?x=',
  'http://127.0.0.1:PORT/v1/../../',
  'http://127.0.0.1:PORT/v1/%2e%2e/admin',
  'http://127.0.0.1:PORT/v1\r\nHost: evil',
  'http://127.0.0.1:PORT/v1 HTTP/1.1',
  'http://256.256.256.256/',
  'http://1.2.3.4.5/',
  'http://999999999999/',
  `http://127.0.0.1:PORT/${'a'.repeat(2_100)}`,
];

async function attack(text: string, canary: Wire): Promise<string> {
  const egress = newEgress({ policy: closed, lookup: names });
  let origin: string;
  try {
    origin = checkTargetUrl(text.replaceAll('PORT', String(canary.port))).origin;
  } catch {
    return 'refused when saved';
  }
  const { error } = await recordDone(egress, requestTo(origin, { trust: 'administrator' }));
  await expect(egress.trace(origin, 'administrator', { timeoutMs: 20_000 })).rejects.toMatchObject({ code: error?.code });
  return error?.code ?? 'answered';
}

describe('forged targets', () => {
  test.each(inputs)('%j brings no connection and no byte to the inside', async (text) => {
    const canary = await listen(answering(okAnswer));
    const outcome = await attack(text, canary);
    expect(['refused when saved', 'egress_blocked', 'dns_failed']).toContain(outcome);
    expect({ connections: canary.connections, bytes: canary.bytes }).toEqual({ connections: 0, bytes: 0 });
  });

  test('the list is the whole list', () => {
    expect(inputs.length).toBeGreaterThan(120);
    expect(new Set(inputs).size).toBe(inputs.length);
  });

  test('the spelling given to the HTTP layer directly, past the save-time rule, brings nothing either', async () => {
    const canary = await listen(answering(okAnswer));
    const egress = newEgress({ policy: closed, lookup: names });
    const hosts = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      'localhost',
      'localhost.',
      'LOCALHOST',
      '[::ffff:7f00:1]',
      '[::1]',
      'mixed.example',
      'user@127.0.0.1',
      '',
    ];
    for (const host of hosts) {
      for (const scheme of ['http', 'HTTP', 'https', 'ftp', 'unix', 'blob:http']) {
        const { error, events } = await recordDone(egress, requestTo(`${scheme}://${host}:${canary.port}`));
        expect(events).toHaveLength(1);
        expect(['egress_blocked', 'dns_failed']).toContain(error?.code);
      }
    }
    expect({ connections: canary.connections, bytes: canary.bytes }).toEqual({ connections: 0, bytes: 0 });
  });

  test('public targets are not mistaken for private ones', () => {
    for (const text of [
      'http://172.32.0.1/',
      'http://1.1.1.1/',
      'http://[2606:4700:4700::1111]/',
      'http://[::ffff:808:808]/',
      'http://1.2.3/',
    ]) {
      expect(classifyAddress(bareHost(checkTargetUrl(text).url.hostname))).toBe('public');
    }
    expect(checkTargetUrl('https://xn--pple-43d.com/').origin).toBe('https://xn--pple-43d.com');
  });
});

describe('names that change their mind', () => {
  test('a name that is public when saved and private when connected to is caught at the connection', async () => {
    const canary = await listen(answering(okAnswer));
    let asked = 0;
    const egress = newEgress({
      policy: closed,
      lookup: (_host, _options, answer) => {
        asked += 1;
        answer(null, [{ address: asked === 1 ? '93.184.216.34' : '127.0.0.1', family: 4 }]);
      },
    });
    const origin = `http://rebind.example:${canary.port}`;
    expect(checkTargetUrl(origin).origin).toBe(origin);
    await expect(egress.trace(origin, 'member', { timeoutMs: 50 })).rejects.toMatchObject({ name: 'EgressError' });
    const { error } = await recordDone(egress, requestTo(origin));
    expect(error?.code).toBe('egress_blocked');
    expect(error?.allowEntry).toBe(`rebind.example:${canary.port}`);
    expect(canary.connections).toBe(0);
  });

  test('the socket uses the very addresses that were judged: there is no second look-up to rebind', async () => {
    const wire = await listen(answering(okAnswer));
    const asked: string[] = [];
    const egress = newEgress({
      policy: explicitPolicy(`127.0.0.1:${wire.port}`),
      lookup: (host, _options, answer) => {
        asked.push(host);
        answer(null, [{ address: asked.length === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
      },
    });
    const { events } = await recordDone(egress, requestTo(`http://flip.example:${wire.port}`));
    expect(events).toEqual(['headers 200', 'data', 'end']);
    expect(asked).toEqual(['flip.example']);
  });

  test('a resolver in the old form, one address and a family, is judged the same', async () => {
    const canary = await listen(answering(okAnswer));
    const lookup = (_host: string, _options: object, answer: (error: null, address: string, family: number) => void) =>
      answer(null, '127.0.0.1', 4);
    const blocked = await recordDone(newEgress({ policy: closed, lookup }), requestTo(`http://old.example:${canary.port}`));
    expect(blocked.error?.code).toBe('egress_blocked');
    expect(canary.connections).toBe(0);
    const open = await recordDone(newEgress({ lookup }), requestTo(`http://old.example:${canary.port}`));
    expect(open.body).toBe('ok');
  });
});

describe('the allow list at the socket', () => {
  test('an entry lets exactly its host and port through', async () => {
    const [listed, other] = [await listen(answering(okAnswer)), await listen(answering(okAnswer))];
    const egress = newEgress({
      policy: explicitPolicy(`listed.example:${listed.port}`),
      lookup: tableLookup({ 'listed.example': ['127.0.0.1'], 'else.example': ['127.0.0.1'] }),
    });
    expect((await recordDone(egress, requestTo(`http://listed.example:${listed.port}`))).body).toBe('ok');
    for (const origin of [`http://listed.example:${other.port}`, `http://else.example:${listed.port}`, `http://127.0.0.1:${listed.port}`]) {
      const { error } = await recordDone(egress, requestTo(origin));
      expect(error?.code).toBe('egress_blocked');
      expect(error?.allowEntry).toBe(origin.slice('http://'.length));
    }
    expect([listed.connections, other.connections]).toEqual([1, 0]);
  });

  test('metadata stays closed although everything is listed, and no entry is proposed', async () => {
    const egress = newEgress({
      policy: explicitPolicy('0.0.0.0/0:*,[::/0]:*,metadata.google.internal:*,169.254.169.254:80'),
      lookup: tableLookup({ 'metadata.google.internal': ['127.0.0.1'], 'alias.example': ['169.254.169.254'] }),
    });
    for (const origin of [
      'http://169.254.169.254',
      'http://metadata.google.internal',
      'http://alias.example',
      'http://[fd00:ec2::254]',
      'http://100.100.100.200',
      'http://168.63.129.16',
    ]) {
      const { error } = await recordDone(egress, requestTo(origin, { trust: 'administrator' }));
      expect([error?.code, error?.allowEntry]).toEqual(['egress_blocked', undefined]);
    }
  });

  test('a forbidden name is not even looked up', async () => {
    const lookup = tableLookup({});
    await recordDone(newEgress({ lookup }), requestTo('http://metadata.google.internal'));
    expect(lookup.asked).toEqual([]);
  });

  test("the default policy opens a local model server to an administrator's connection and not to a member's", async () => {
    const wire = await listen(answering(okAnswer));
    const policy: EgressPolicy = { ...explicitPolicy(`127.0.0.1:${wire.port}`), explicit: false };
    const egress = newEgress({ policy });
    expect((await recordDone(egress, requestTo(wire.origin, { trust: 'administrator' }))).body).toBe('ok');
    // The administrator's kept connection is at hand, and still not the member's to use.
    const { error } = await recordDone(egress, requestTo(wire.origin, { trust: 'member' }));
    expect([error?.code, error?.allowEntry]).toEqual(['egress_blocked', `127.0.0.1:${wire.port}`]);
    expect(wire.connections).toBe(1);
  });

  test('a kept connection is not used again once the policy has changed', async () => {
    const wire = await listen(answering(okAnswer));
    const egress = newEgress({ policy: explicitPolicy(`127.0.0.1:${wire.port}`, 1) });
    await recordDone(egress, requestTo(wire.origin));
    expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
    expect(wire.connections).toBe(1);
    egress.usePolicy(explicitPolicy('', 2));
    const { error } = await recordDone(egress, requestTo(wire.origin));
    expect(error?.code).toBe('egress_blocked');
    egress.usePolicy(explicitPolicy(`127.0.0.1:${wire.port}`, 3));
    expect((await recordDone(egress, requestTo(wire.origin))).body).toBe('ok');
    expect(wire.connections).toBe(2);
  });

  test('a redirect comes out as its status and leads nowhere', async () => {
    const canary = await listen(answering(okAnswer));
    for (const status of [301, 302, 303, 307, 308]) {
      const location = status === 308 ? 'file:///etc/passwd' : `${canary.origin}/stolen`;
      const wire = await listen(
        answering(
          `HTTP/1.1 ${status} Moved\r\nlocation: ${location}\r\nrefresh: 0; url=${canary.origin}\r\nalt-svc: h2="127.0.0.1:${canary.port}"\r\ncontent-length: 0\r\n\r\n`,
        ),
      );
      const recorded = await recordDone(
        newEgress(),
        requestTo(wire.origin, { method: 'POST', body: '{"prompt":"secret"}', headers: { 'x-api-key': secretValue } }),
      );
      expect(recorded.events).toEqual([`headers ${status}`, 'end']);
      expect(wire.connections).toBe(1);
    }
    expect({ connections: canary.connections, bytes: canary.bytes }).toEqual({ connections: 0, bytes: 0 });
  });
});
