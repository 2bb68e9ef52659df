/** How commands speak: lines for people on standard output, one line for what went wrong on standard error, and an exit code. */
import { endOf } from '../app/ends.ts';

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
};

/** Names are other people's texts: control characters would let one write over the terminal. */
export const printable = (text: string): string => text.replaceAll(/[\p{C}]/gu, '?');

/** A table in plain text: as wide as its widest cells. */
export function tableLines(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [[...headings], ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** With `--json` a command's whole answer is one JSON text on standard output; else lines for people. */
export function report(terminal: Terminal, isJson: boolean, result: unknown, lines: readonly string[]): void {
  if (isJson) terminal.out(JSON.stringify(result, null, 2));
  else for (const line of lines) terminal.out(line);
}

/** Runs a command to its exit code; what it throws becomes one line. */
export async function runCommand(terminal: Terminal, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    const { line, exitCode } = endOf(error);
    terminal.err(`patchbay: ${line}`);
    return exitCode;
  }
}
