/** How anything that ends a command is told: one line without secrets, and the exit code that a supervisor needs. */
import { translate, type Language } from '@patchbay/contract/translate';
import { Refusal, type FieldFault } from '../domain/errors.ts';
import { scrub } from '../lib/log.ts';
import { StorageStartError, StorageUnavailable } from '../storage/errors.ts';
import { SettingsError } from './settings.ts';
import { StartRefused } from './start-refused.ts';

export interface Ended {
  line: string;
  exitCode: number;
}

export const exitOk = 0;
export const exitFailed = 1;
/** EX_USAGE of sysexits.h: the command was given wrongly. */
export const exitUsage = 64;
/** EX_CONFIG of sysexits.h: starting again will not help until somebody changes the configuration. */
export const exitConfig = 78;
/** What a shell says of a program that SIGPIPE ended: whoever read the output has gone. */
export const exitUnread = 141;

const lineCharsMax = 1_000;
const faultsShownMax = 10;

/** A command that cannot go on, in one line for the person at the terminal. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: number;
  constructor(line: string, exitCode = exitFailed, options?: ErrorOptions) {
    super(line, options);
    this.exitCode = exitCode;
  }
}

/** One line and an exit code for whatever ended a command. What is not expected keeps its name, so that it can be reported. */
export function endOf(error: unknown, language: Language = 'en'): Ended {
  if (error instanceof CommandFailed) return { line: oneLine(error.message), exitCode: error.exitCode };
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
  if (error instanceof Refusal) return { line: oneLine(refusalLine(error, language)), exitCode: exitFailed };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { line: oneLine(`unexpected: ${text}`), exitCode: exitFailed };
}

/** The sentence that the page would show, its code, and each field that does not fit. */
function refusalLine({ code, values, details }: Refusal, language: Language): string {
  const sentence = translate(language, `errors.${code}`, values);
  const faults = Array.isArray(details) ? (details as unknown[]).filter(isFieldFault).slice(0, faultsShownMax) : [];
  const told = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return `${sentence} (${code})${told === '' ? '' : ` ${told}`}`;
}

const isFieldFault = (detail: unknown): detail is FieldFault =>
  typeof detail === 'object' && detail !== null && 'path' in detail && 'message' in detail;

const oneLine = (text: string): string => scrub(text).replaceAll(/\s+/g, ' ').trim().slice(0, lineCharsMax);
