/** Money between people and the books: decimal dollars outside, integer nano-dollars inside, exact both ways. */

const nanoDigits = 9;
const decimal = /^(\d{1,15})(?:\.(\d{1,9})0*)?$/;

/**
 * US dollars as integer nano-dollars, or null for what is no amount, is finer than a nano-dollar, or is beyond 2^53 - 1
 * nano-dollars (about nine million dollars). A number is read by its shortest decimal text, so 0.1 is exactly 0.1.
 */
export function nanoUsdOf(amount: string | number): number | null {
  const match = decimal.exec(typeof amount === 'number' ? textOf(amount) : amount.trim());
  if (!match) return null;
  const nano = BigInt(match[1]!) * 10n ** BigInt(nanoDigits) + BigInt((match[2] ?? '').padEnd(nanoDigits, '0'));
  return nano > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(nano);
}

/** Small numbers print as `1e-7`; nine decimals say them in full, where nothing lies below those. */
function textOf(amount: number): string {
  const text = String(amount);
  if (!text.includes('e')) return text;
  const full = amount.toFixed(nanoDigits);
  return Number(full) === amount ? full : text;
}

/** Nano-dollars as the shortest decimal text of dollars: 12500000000 is `12.5`. Sums may be more than a number holds. */
export function decimalUsdOf(nanoUsd: number | bigint): string {
  const digits = String(nanoUsd < 0 ? -nanoUsd : nanoUsd).padStart(nanoDigits + 1, '0');
  const fraction = digits.slice(-nanoDigits).replace(/0+$/, '');
  return `${nanoUsd < 0 ? '-' : ''}${digits.slice(0, -nanoDigits)}${fraction === '' ? '' : `.${fraction}`}`;
}
