/** Turns passwords into PHC strings: Argon2id where the runtime has it, else scrypt; a few at a time, because each takes memory. */
import { argon2, scrypt, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../domain/errors.ts';
import type { Ids } from '../../lib/ids.ts';

/** OWASP's figures for Argon2id: 19 MiB, two passes, one lane. About 30 ms. */
const argonMemoryKib = 19_456;
const argonPasses = 2;
const argonLanes = 1;
/** For a runtime without Argon2: 2^17 blocks of 8, 128 MiB. About a third of a second. */
const scryptLogN = 17;
const scryptBlocks = 8;
const scryptLanes = 1;
const saltBytes = 16;
const hashBytes = 32;
const atOnceMax = 4;
/** Further sign-ins are refused with 503 rather than kept waiting. */
const waitingMax = 64;

export interface Passwords {
  /** A PHC string (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`). @throws Refusal OVERLOADED */
  hash(password: string): Promise<string>;
  /** Whether a password belongs to a PHC string of either kind; false for a string of no known kind. @throws Refusal OVERLOADED */
  verify(phc: string, password: string): Promise<boolean>;
}

type Algorithm = 'argon2id' | 'scrypt';

const hasArgon = typeof argon2 === 'function';

/** The same password can be typed in several ways in Unicode; one form is hashed (RFC 8265, 4.2.2). */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFC'), 'utf8');
const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

interface Cost {
  algorithm: Algorithm;
  memory: number;
  passes: number;
  lanes: number;
}

function derive(cost: Cost, password: string, salt: Uint8Array, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer): void => (error ? reject(error) : resolve(key));
    const { memory, passes, lanes } = cost;
    if (cost.algorithm === 'argon2id') {
      argon2('argon2id', { message: bytesOf(password), nonce: salt, parallelism: lanes, tagLength: length, memory, passes }, done);
    } else {
      const N = 2 ** memory;
      scrypt(bytesOf(password), salt, length, { N, r: passes, p: lanes, maxmem: 256 * N * passes }, done);
    }
  });
}

const argonPattern = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const scryptPattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

function parse(phc: string): { cost: Cost; salt: Buffer; key: Buffer } | null {
  const argon = argonPattern.exec(phc);
  const match = argon ?? scryptPattern.exec(phc);
  if (!match) return null;
  const [, memory, passes, lanes, salt = '', key = ''] = match;
  return {
    cost: { algorithm: argon ? 'argon2id' : 'scrypt', memory: Number(memory), passes: Number(passes), lanes: Number(lanes) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
}

/** Lets `atOnceMax` pieces of work run, the others wait in line. */
function createGate(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) throw new Refusal('OVERLOADED', { values: { seconds: 2 }, retryAfterS: 2 });
      // Whoever leaves hands over its place, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/** @param algorithm for new hashes; chosen by the runtime unless a test says otherwise */
export function createPasswords(ids: Pick<Ids, 'bytes'>, algorithm: Algorithm = hasArgon ? 'argon2id' : 'scrypt'): Passwords {
  const pass = createGate();
  return {
    hash: (password) =>
      pass(async () => {
        const salt = ids.bytes(saltBytes);
        if (algorithm === 'argon2id') {
          const cost: Cost = { algorithm, memory: argonMemoryKib, passes: argonPasses, lanes: argonLanes };
          const key = await derive(cost, password, salt, hashBytes);
          return `$argon2id$v=19$m=${argonMemoryKib},t=${argonPasses},p=${argonLanes}$${encode(salt)}$${encode(key)}`;
        }
        const cost: Cost = { algorithm, memory: scryptLogN, passes: scryptBlocks, lanes: scryptLanes };
        const key = await derive(cost, password, salt, hashBytes);
        return `$scrypt$ln=${scryptLogN},r=${scryptBlocks},p=${scryptLanes}$${encode(salt)}$${encode(key)}`;
      }),
    verify: (phc, password) =>
      pass(async () => {
        const parsed = parse(phc);
        // A database that came from a newer runtime may hold hashes that this one cannot make again: then nobody is let in.
        if (!parsed || (parsed.cost.algorithm === 'argon2id' && !hasArgon)) return false;
        const key = await derive(parsed.cost, password, parsed.salt, parsed.key.length);
        return timingSafeEqual(key, parsed.key);
      }),
  };
}
