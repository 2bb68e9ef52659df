/** A provider's own account of what was used, line by line, in the house's words; and why a file was not taken. Pure. */

/** One line, in the house's words: tokens of the whole prompt, nano-dollars, half-open time. */
export interface ExportLine {
  fromMs: number;
  toMs: number;
  /** The provider's name or id of the key; empty where the file does not say. */
  keyName: string;
  model: string;
  isBatch: boolean;
  requests: number;
  tokensIn: number;
  tokensCached: number;
  tokensCacheWrite: number;
  tokensOut: number;
  costNanoUsd: number;
}

export type ExportMeasure = 'tokens' | 'cost';

/** Why a file was not taken; `line` counts from 1, `column` is the file's own name of it. */
export type ExportFaultCode =
  | 'empty'
  | 'unknown_columns'
  | 'not_csv'
  | 'not_json'
  | 'not_utf8'
  | 'number'
  | 'time'
  | 'zone'
  | 'currency'
  | 'span'
  | 'missing'
  | 'too_long'
  | 'too_many_lines'
  | 'page_missing';

export class ExportFault extends Error {
  override readonly name = 'ExportFault';
  readonly code: ExportFaultCode;
  readonly line: number | null;
  readonly column: string | null;
  constructor(code: ExportFaultCode, line: number | null, column: string | null) {
    super(`${code} in line ${line ?? '?'}, column ${column ?? '?'}`);
    this.code = code;
    this.line = line;
    this.column = column;
  }
}

/** The text of one column of the line that is read; empty where the file has no such column. */
export type Cells = (column: string) => string;

const decimal = /^(-?)(\d{1,15})(?:\.(\d{1,60}))?(?:e([+-]?\d{1,2}))?$/i;

/**
 * An amount as nano-units, rounded half away from zero: providers write more digits than nine. `scale` moves the point first, -2 where
 * the amount is in cents. Null for what is no amount, or is beyond what a number holds.
 */
export function nanoOf(text: string, scale = 0): number | null {
  const match = decimal.exec(text.trim());
  if (!match) return null;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  // The digits as one integer, and how many places its point lies right of where nano-units begin.
  const digits = BigInt(whole! + fraction);
  const shift = 9 + scale + Number(exponent) - fraction.length;
  const nano = shift >= 0 ? digits * 10n ** BigInt(shift) : (digits + 10n ** BigInt(-shift) / 2n) / 10n ** BigInt(-shift);
  if (nano > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return sign === '-' ? -Number(nano) : Number(nano);
}

/** Whether a line tells of any use, and not of its time alone. */
export const tellsOfUse = (line: ExportLine): boolean => line.tokensIn + line.tokensOut + line.requests > 0 || line.costNanoUsd !== 0;
