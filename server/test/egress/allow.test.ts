/** The operator's allow list: what it opens is exactly what it says. */
import { describe, expect, test } from 'vitest';
import { addressBytes } from '../../src/egress/address.ts';
import { allowEntryFor, defaultPolicy, entryAllows, explicitPolicy, parseAllowList } from '../../src/egress/allow.ts';
import { isDangerousPort, isForbiddenName, judgeAddress, judgeUrl, policyNames } from '../../src/egress/guard.ts';

const opens = (list: string, host: string, port: number, address = host): boolean =>
  parseAllowList(list).some((entry) => entryAllows(entry, host, addressBytes(address), port));

describe('parseAllowList', () => {
  const cases: [string, string, number, string, boolean][] = [
    ['localhost:11434', 'localhost', 11434, '127.0.0.1', true],
    ['localhost:11434', 'localhost', 11435, '127.0.0.1', false],
    ['localhost:11434', '127.0.0.1', 11434, '127.0.0.1', false],
    ['LOCALHOST.:11434', 'localhost', 11434, '::1', true],
    ['127.0.0.1:11434', 'localhost', 11434, '127.0.0.1', true],
    ['127.1:11434', 'x', 11434, '127.0.0.1', true],
    ['127.0.0.1:11434', 'localhost', 11434, '::ffff:127.0.0.1', true],
    ['127.0.0.1:11434', 'localhost', 11434, '127.0.0.2', false],
    ['10.20.0.0/16:8000-9000', 'x', 8000, '10.20.255.1', true],
    ['10.20.0.0/16:8000-9000', 'x', 9000, '10.20.0.0', true],
    ['10.20.0.0/16:8000-9000', 'x', 9001, '10.20.0.0', false],
    ['10.20.0.0/16:8000-9000', 'x', 8500, '10.21.0.0', false],
    ['10.0.0.0/8:*', 'x', 1, '10.1.1.1', true],
    ['10.0.0.0/8:*', 'x', 65_535, '10.1.1.1', true],
    ['[::1]:8080', '::1', 8080, '::1', true],
    ['[fd12::/16]:443', 'x', 443, 'fd12:1::1', true],
    ['[fd12::]/16:443', 'x', 443, 'fd13:1::1', false],
    ['[::ffff:10.0.0.0/104]:80', 'x', 80, '10.9.9.9', true],
    ['[::ffff:10.0.0.0]:80', 'x', 80, '10.0.0.0', true],
    ['[::/0]:80', 'x', 80, 'fd00::1', true],
    [' a.example:1 ,, b.example:2 ,', 'b.example', 2, '10.0.0.1', true],
    ['bücher.example:443', 'xn--bcher-kva.example', 443, '10.0.0.1', true],
    ['ollama_box:11434', 'ollama_box', 11434, '10.0.0.1', true],
    ['', 'localhost', 11434, '127.0.0.1', false],
  ];
  test.each(cases)('"%s" for %s port %i at %s: %s', (list, host, port, address, expected) => {
    expect(opens(list, host, port, address)).toBe(expected);
  });

  const unreadable = [
    'localhost',
    'localhost:',
    ':8000',
    'localhost:0',
    'localhost:65536',
    'localhost:9000-8000',
    'localhost:80-',
    'localhost:-80',
    'localhost:http',
    'localhost:1.5',
    '*:443',
    '10.0.0.0/33:80',
    '10.0.0.0/x:80',
    '[fd12::/129]:80',
    'fd12::1:80',
    '[fd12::1:80',
    '[zz]:80',
    'name/8:80',
    'http://localhost:80',
    'user@host:80',
    'a b:80',
    'host?:80',
    '10.0.0.1;10.0.0.2:80',
    '[::1%eth0]:80',
    'a..%zz:80',
  ];
  test.each(unreadable)('"%s" is refused in one line that names it', (entry) => {
    expect(() => parseAllowList(`ok.example:80,${entry}`)).toThrow(/^PATCHBAY_EGRESS_ALLOW: cannot read ".+": [^\n]+$/);
  });

  test('the number of entries is bounded', () => {
    expect(parseAllowList(Array(1_000).fill('a.example:1').join(','))).toHaveLength(1_000);
    expect(() => parseAllowList(Array(1_001).fill('a.example:1').join(','))).toThrow('more than 1000 entries');
  });

  test('the entry that an operator would add can be read back and opens the target', () => {
    for (const [host, port] of [
      ['localhost', 1234],
      ['10.0.0.1', 80],
      ['fd12::1', 443],
    ] as const) {
      expect(opens(allowEntryFor(host, port), host, port)).toBe(true);
    }
  });
});

describe('the built-in default', () => {
  const policy = defaultPolicy();
  test.each([11434, 8000, 1234, 8080])('opens loopback port %i to an administrator and not to a member', (port) => {
    for (const address of ['127.0.0.1', '127.0.0.2', '::1', '::ffff:127.0.0.1']) {
      expect(judgeAddress(policy, 'administrator', 'localhost', port, address)).toEqual({ allowed: true });
      expect(judgeAddress(policy, 'member', 'localhost', port, address)).toEqual({ allowed: false, allowEntry: `localhost:${port}` });
    }
  });
  test.each([
    ['10.0.0.1', 11434],
    ['192.168.1.10', 8080],
    ['127.0.0.1', 80],
    ['127.0.0.1', 8081],
    ['127.0.0.1', 6379],
    ['fd00::1', 8000],
  ])('does not open %s:%i to anybody', (address, port) => {
    expect(judgeAddress(policy, 'administrator', address, port, address).allowed).toBe(false);
    expect(judgeAddress(policy, 'member', address, port, address).allowed).toBe(false);
  });
  test("is not explicit, while an operator's list is, even an empty one", () => {
    expect(policy.explicit).toBe(false);
    expect(explicitPolicy('', 3)).toEqual({ version: 3, entries: [], explicit: true });
    expect(judgeAddress(explicitPolicy(''), 'administrator', 'localhost', 11434, '127.0.0.1').allowed).toBe(false);
  });
});

describe('judging', () => {
  const everything = explicitPolicy(
    '0.0.0.0/0:*,[::/0]:*,metadata.google.internal:*,kubernetes.default.svc:*,consul:*,metadata:80,x.cluster.local:*',
  );

  test('an explicit list counts for members too', () => {
    const policy = explicitPolicy('ollama.lan:11434');
    expect(judgeAddress(policy, 'member', 'ollama.lan', 11434, '192.168.7.7')).toEqual({ allowed: true });
    expect(judgeAddress(policy, 'member', 'other.lan', 11434, '192.168.7.7')).toEqual({ allowed: false, allowEntry: 'other.lan:11434' });
  });

  test.each([
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '224.0.0.1',
    '0.0.0.0',
  ])('%s stays closed although it is listed, and no entry is proposed', (address) => {
    expect(judgeAddress(everything, 'administrator', address, 80, address)).toEqual({ allowed: false, allowEntry: null });
    expect(judgeAddress(everything, 'administrator', 'innocent.example', 80, address)).toEqual({ allowed: false, allowEntry: null });
  });

  test.each([
    'metadata',
    'METADATA',
    'metadata.',
    'metadata.google.internal',
    'metadata.google.internal.',
    'x.metadata.google.internal',
    'metadata.goog',
    'metadata.azure.internal',
    'metadata.internal',
    'instance-data',
    'instance-data.ec2.internal',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'anything.cluster.local',
    'consul',
    'vault.service.consul',
    'metadata.tencentyun.com',
    'metadata.packet.net',
    'metadata.platformequinix.com',
  ])('the name %s stays closed although it is listed, wherever it resolves to', (name) => {
    expect(isForbiddenName(name)).toBe(true);
    expect(judgeAddress(everything, 'administrator', name.toLowerCase(), 80, '8.8.8.8')).toEqual({ allowed: false, allowEntry: null });
    expect(judgeAddress(everything, 'administrator', name.toLowerCase(), 80, '10.0.0.1')).toEqual({ allowed: false, allowEntry: null });
  });
  test.each([
    'metadata.example.com',
    'my-metadata.internal',
    'api.internal',
    'cluster.local.example',
    'consul.example',
    'kubernetes.io',
    'vllm.models.svc',
  ])('the name %s is an ordinary one', (name) => expect(isForbiddenName(name)).toBe(false));

  test.each([22, 25, 445, 2375, 3306, 5432, 6379, 6443, 9200, 11211, 27017])('port %i needs an entry even at a public address', (port) => {
    expect(isDangerousPort(port)).toBe(true);
    expect(judgeAddress(explicitPolicy(''), 'administrator', '8.8.8.8', port, '8.8.8.8')).toEqual({
      allowed: false,
      allowEntry: `8.8.8.8:${port}`,
    });
    expect(judgeAddress(explicitPolicy(`8.8.8.8:${port}`), 'member', '8.8.8.8', port, '8.8.8.8')).toEqual({ allowed: true });
  });
  test('port 0 is never reached, and the usual ports need no entry', () => {
    expect(judgeAddress(everything, 'administrator', '8.8.8.8', 0, '8.8.8.8')).toEqual({ allowed: false, allowEntry: null });
    for (const port of [80, 443, 8000, 8080, 8443, 11434]) expect(isDangerousPort(port)).toBe(false);
  });

  test('a saved URL is judged as far as it can be without a look-up', () => {
    const policy = explicitPolicy('10.0.0.1:8000,search.lan:9200');
    const judge = (text: string) => judgeUrl(policy, 'member', new URL(text));
    expect(judge('http://10.0.0.1:8000/v1')).toEqual({ allowed: true });
    expect(judge('http://10.0.0.1/v1')).toEqual({ allowed: false, allowEntry: '10.0.0.1:80' });
    expect(judge('https://[fd12::1]/')).toEqual({ allowed: false, allowEntry: '[fd12::1]:443' });
    expect(judge('https://rebind.example/')).toEqual({ allowed: true });
    expect(judge('http://metadata.google.internal/')).toEqual({ allowed: false, allowEntry: null });
    expect(judge('http://search.lan:9200/')).toEqual({ allowed: true });
    expect(judge('http://other.lan:9200/')).toEqual({ allowed: false, allowEntry: 'other.lan:9200' });
    expect(judgeUrl({ ...policy, explicit: false }, 'member', new URL('http://search.lan:9200/')).allowed).toBe(false);
    expect(policyNames(policy, 'search.lan', 9200)).toBe(true);
    expect(policyNames(policy, 'search.lan', 9201)).toBe(false);
  });
});
