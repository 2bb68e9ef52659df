/** The key of the audit log at work: links entries to each other and signs anchors, and never shows itself. */
import { createHmac, createSecretKey } from 'node:crypto';

export interface AuditSeal {
  /**
   * HMAC-SHA256(key, previous hash, length of the entry, entry) in hex: the hash of an entry that follows `previous`. Without the
   * key nobody can make one, and one entry altered, taken away or put in breaks every link after it (P24).
   */
  link: (previous: string, entry: string) => string;
  /** The signature of a text that is no entry, such as an anchor; never equal to a link. */
  mac: (text: string) => string;
}

export const auditKeyBytes = 32;
const lengthDigits = 8;

/** @throws RangeError for a key that is not 32 bytes: an empty key would sign for everybody */
export function createAuditSeal(bytes: Uint8Array): AuditSeal {
  if (bytes.length !== auditKeyBytes) throw new RangeError(`the key of the audit log has ${auditKeyBytes} bytes`);
  const key = createSecretKey(bytes);
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('hex');
  return {
    // The first letter keeps the two uses apart; previous hashes all have one length, and the entry's own goes before it.
    link: (previous, entry) => sign(`e${previous}${Buffer.byteLength(entry).toString(16).padStart(lengthDigits, '0')}${entry}`),
    mac: (text) => sign(`a${text}`),
  };
}
