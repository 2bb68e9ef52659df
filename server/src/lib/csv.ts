/** Lines of comma-separated values (RFC 4180) that no spreadsheet takes for a formula. */

/** What makes a spreadsheet calculate a cell (OWASP, CSV injection): an apostrophe before it makes it a text. */
const formulaStart = /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/;
const needsQuotes = /[",\r\n]/;
const plainNumber = /^-?\d+(?:\.\d+)?$/;

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = String(value);
  const safe = formulaStart.test(text) && !plainNumber.test(text) ? `'${text}` : text;
  return needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line with its end. */
export const csvLine = (values: readonly (string | number | boolean | null)[]): string => `${values.map(cell).join(',')}\r\n`;
