/** How commands speak: lines for people on standard output, one line for what went wrong on standard error, and an exit code. */
import { SettingsError } from '../app/settings.ts';
import { StartRefused } from '../app/start-refused.ts';
import { Refusal } from '../domain/errors.ts';
import { scrub } from '../lib/log.ts';
import { StorageStartError, StorageUnavailable } from '../storage/errors.ts';

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
};

export const exitOk = 0;
export const exitFailed = 1;
/** EX_CONFIG of sysexits.h: starting again will not help until somebody changes the configuration. */
export const exitConfig = 78;

const lineCharsMax = 1_000;

/** One line and an exit code for whatever ended a command. What is not expected keeps its name, so that it can be reported. */
export function endOf(error: unknown): { line: string; exitCode: number } {
  if (error instanceof SettingsError || error instanceof StartRefused || error instanceof StorageStartError) {
    return { line: oneLine(error.message), exitCode: exitConfig };
  }
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (syscall === 'listen') {
    const place = `${address ?? ''}:${port ?? ''}`;
    const reason = code === 'EADDRINUSE' ? 'another program listens there' : (code ?? 'unknown reason');
    return { line: `cannot listen on ${place}: ${reason}; choose another with PATCHBAY_HOST and PATCHBAY_PORT`, exitCode: exitFailed };
  }
  if (error instanceof StorageUnavailable) return { line: oneLine(`the database does not answer: ${error.message}`), exitCode: exitFailed };
  if (error instanceof Refusal)
    return { line: oneLine(`refused: ${error.code} ${JSON.stringify(error.details ?? {})}`), exitCode: exitFailed };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { line: oneLine(`unexpected: ${text}`), exitCode: exitFailed };
}

const oneLine = (text: string): string => scrub(text).replaceAll(/\s+/g, ' ').trim().slice(0, lineCharsMax);

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
