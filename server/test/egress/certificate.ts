/** Makes self-signed certificates for the TLS tests, so that no key lies in the repository and no tool is needed. */
import { generateKeyPairSync, sign } from 'node:crypto';

const sequence = 0x30;
const set = 0x31;

/** One DER element (X.690): tag, length, content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? Buffer.from([content.length]) : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const ecdsaWithSha256 = der(sequence, objectId('2a8648ce3d040302'));
const utcTime = (date: Date): Buffer => der(0x17, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));

export interface Certificate {
  key: string;
  cert: string;
}

/** A self-signed certificate (RFC 5280) for one DNS name and 127.0.0.1, valid between the given times. */
export function selfSigned(name: string, from: Date, to: Date): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = der(sequence, der(set, der(sequence, objectId('550403'), der(0x0c, Buffer.from(name)))));
  const names = der(sequence, der(0x82, Buffer.from(name)), der(0x87, Buffer.from([127, 0, 0, 1])));
  const alternativeNames = der(sequence, objectId('551d11'), der(0x04, names));
  const toBeSigned = der(
    sequence,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    subject,
    der(sequence, utcTime(from), utcTime(to)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(sequence, alternativeNames)),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = der(sequence, toBeSigned, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  };
}
