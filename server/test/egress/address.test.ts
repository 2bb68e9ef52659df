/** The classifier: every special range by its bytes, at both edges, whatever the spelling. */
import { describe, expect, test } from 'vitest';
import { addressBytes, classifyAddress, rangeHolds, unwrapMapped } from '../../src/egress/address.ts';

const forbidden = [
  '0.0.0.0',
  '0.255.255.255',
  '169.254.0.0',
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.255.255',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.0',
  '192.0.0.192',
  '192.0.0.255',
  '192.0.2.1',
  '192.88.99.1',
  '198.51.100.7',
  '203.0.113.255',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::7f00:1',
  '::127.0.0.1',
  '::8.8.8.8',
  '::ffff:0:127.0.0.1',
  '::ffff:0:8.8.8.8',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::ffff:168.63.129.16',
  '::ffff:6464:64c8',
  '::ffff:0.0.0.0',
  '64:ff9b::7f00:1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::7f00:1',
  '64:ff9b:1::808:808',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  '2002:c0a8:101::',
  '2001:0:7f00:1::',
  '2001:1ff::1',
  '2001:db8::1',
  '2001:db8:ffff::',
  '3fff::1',
  '3fff:fff::1',
  '5f00::1',
  '100::1',
  '100:0:0:1::1',
  'fe80::1',
  'febf::1',
  'fec0::1',
  'ff02::1',
  'ff00::',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd00:42::42',
  '4000::1',
  'e000::1',
  '1::1',
  '0:0:1::',
];
const privates = [
  '10.0.0.0',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '172.16.0.0',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.255.255',
  '198.18.0.1',
  '198.19.255.255',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.1.2.3',
  '::FFFF:C0A8:101',
  'fc00::1',
  'fd12:3456:789a::1',
  'fdff::1',
];
const publics = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.1',
  '192.0.1.1',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:808:808',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '2002:808:808::1',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2001:200::1',
  '2620:fe::fe',
  '3ffe::1',
  '2a00:1450:4001:830::200e',
];
const notLiterals = [
  '',
  'localhost',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.0.0.1.',
  '256.0.0.1',
  '1.2.3',
  '1.2.3.4.5',
  '[::1]',
  '::1/128',
  ':::1',
  '1::2::3',
  'fe80::1%eth0',
  'fe80::1%1',
  '::ffff:1.2.3',
  '1.1.1.1 ',
  '①②⑦.⓪.⓪.①',
];

describe('classifyAddress', () => {
  test.each(forbidden)('%s is forbidden', (literal) => expect(classifyAddress(literal)).toBe('forbidden'));
  test.each(privates)('%s is private', (literal) => expect(classifyAddress(literal)).toBe('private'));
  test.each(publics)('%s is public', (literal) => expect(classifyAddress(literal)).toBe('public'));
  test.each(notLiterals)('"%s" is no literal and therefore forbidden', (literal) => expect(classifyAddress(literal)).toBe('forbidden'));
});

describe('addressBytes', () => {
  test('IPv4 has four bytes, IPv6 sixteen, in network order', () => {
    expect([...(addressBytes('10.20.30.40') ?? [])]).toEqual([10, 20, 30, 40]);
    expect([...(addressBytes('2001:db8::a:1') ?? [])]).toEqual([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 1]);
    expect([...(addressBytes('1:2:3:4:5:6:7:8') ?? [])]).toEqual([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]);
    expect([...(addressBytes('64:ff9b::1.2.3.4') ?? [])]).toEqual([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    expect([...(addressBytes('1::') ?? [])]).toEqual([0, 1, ...new Uint8Array(14)]);
  });

  test('every spelling of one address has the same bytes', () => {
    const spellings = ['::ffff:1.2.3.4', '::ffff:102:304', '0:0:0:0:0:ffff:102:304', '::FFFF:0102:0304', '0:0::ffff:1.2.3.4'];
    const seen = new Set(spellings.map((literal) => Buffer.from(addressBytes(literal) ?? []).toString('hex')));
    expect([...seen]).toEqual(['00000000000000000000ffff01020304']);
  });

  test('only the mapped form is the same address as its IPv4', () => {
    expect(unwrapMapped(addressBytes('::ffff:1.2.3.4') ?? new Uint8Array())).toHaveLength(4);
    expect(unwrapMapped(addressBytes('::1.2.3.4') ?? new Uint8Array())).toHaveLength(16);
    expect(unwrapMapped(addressBytes('1.2.3.4') ?? new Uint8Array())).toHaveLength(4);
  });
});

describe('rangeHolds', () => {
  const range = (literal: string, bits: number) => ({ bytes: addressBytes(literal) ?? new Uint8Array(), bits });
  const cases: [string, number, string, boolean][] = [
    ['10.0.0.0', 8, '10.255.1.2', true],
    ['10.0.0.0', 8, '11.0.0.0', false],
    ['10.20.0.0', 14, '10.23.255.255', true],
    ['10.20.0.0', 14, '10.24.0.0', false],
    ['10.1.2.3', 32, '10.1.2.3', true],
    ['10.1.2.3', 32, '10.1.2.2', false],
    ['10.1.2.2', 31, '10.1.2.3', true],
    ['0.0.0.0', 0, '8.8.8.8', true],
    ['::', 0, '8.8.8.8', false],
    ['fd12::', 17, 'fd12:7fff::1', true],
    ['fd12::', 17, 'fd12:8000::1', false],
  ];
  test.each(cases)('%s/%i and %s: %s', (literal, bits, address, held) => {
    expect(rangeHolds(range(literal, bits), addressBytes(address) ?? new Uint8Array())).toBe(held);
  });
});
