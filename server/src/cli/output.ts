/** How commands speak: lines for people on standard output, one line for what went wrong on standard error, and an exit code. */
import { endOf, exitFailed, exitOk, exitUnread } from '../app/ends.ts';

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
};

/**
 * Whoever reads the output may leave (`| head -1`), and the disk under it may be full. The command goes on to its end: it may be in the
 * middle of a backup. Its own failure is told before this one.
 */
function outliveReaders(): void {
  let isLost = false;
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (isLost) return;
    isLost = true;
    if (code !== 'EPIPE') processTerminal.err(`patchbay: the output could not be written: ${message}`);
    process.exitCode ||= code === 'EPIPE' ? exitUnread : exitFailed;
  });
  // Nowhere is left to say that nobody reads what went wrong; the exit code says it.
  process.stderr.on('error', () => undefined);
}

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

/** The one command of this process, and its exit code. */
export async function ending(command: () => Promise<number>): Promise<void> {
  outliveReaders();
  const code = await runCommand(processTerminal, command);
  // A command that ended well does not undo what its output came to.
  process.exitCode = code || (process.exitCode ?? exitOk);
}
