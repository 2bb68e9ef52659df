/** `patchbay export` and `patchbay apply`: the configuration as one file that can live in git. */
import { readFileSync, writeFileSync } from 'node:fs';
import { CommandFailed, exitFailed, exitOk, exitUsage } from '../app/ends.ts';
import type { OperationResult } from '../app/operations.ts';
import type { Settings } from '../app/settings.ts';
import { readDocument, type Fault } from '../control/configuration/document.ts';
import { operate } from './operate.ts';
import { printable, report, type Terminal } from './output.ts';

const textBytesMax = 32 * 1_048_576;
const secretCharsMax = 65_536;
const faultsShownMax = 20;

/** Prints the file, or writes it. The same configuration gives the same bytes. */
export async function exportConfiguration(
  settings: Settings,
  terminal: Terminal,
  { output, isJson }: { output: string | null; isJson: boolean },
): Promise<number> {
  const { result: text } = await operate(settings, 'configuration.export', {}, () => undefined);
  if (output !== null) {
    writeFileSync(output, text);
    report(terminal, isJson, { file: output, bytes: Buffer.byteLength(text) }, [`Written: ${output}`]);
    return exitOk;
  }
  if (isJson) terminal.out(JSON.stringify({ configuration: text }));
  else terminal.out(text.replace(/\n$/, ''));
  return exitOk;
}

export interface ApplyOptions {
  /** `-` is standard input. */
  file: string;
  isDryRun: boolean;
  isPruning: boolean;
  isJson: boolean;
}

type Applied = OperationResult<'configuration.apply'>;

/** Exit code 0 when everything is as the file says (or would be); 1 with the lines of what does not fit, or was refused. */
export async function applyConfiguration(
  settings: Settings,
  terminal: Terminal,
  { file, isDryRun, isPruning, isJson }: ApplyOptions,
  input: AsyncIterable<unknown>,
): Promise<number> {
  const text = file === '-' ? await wholeOf(input) : readText(file);
  const { configuration, faults } = readDocument(text);
  if (configuration === null) return tellFaults(terminal, isJson, file, { steps: [], unchanged: 0, done: 0, faults });
  const { secrets, missing } = secretsNamed(configuration);
  const { result } = await operate(settings, 'configuration.apply', { text, secrets, isDryRun, isPruning }, () => undefined);
  if (result.faults.length > 0) return tellFaults(terminal, isJson, file, result);
  const kept = missing.length === 0 ? [] : [`Not readable here, so what is stored is kept: ${missing.join(', ')}`];
  report(terminal, isJson, result, [...result.steps.map(stepLine), ...kept, summaryOf(result, isDryRun)]);
  return exitOk;
}

const marks = { create: '+', change: '~', delete: '-' } as const;

const stepLine = ({ action, section, name, fields }: Applied['steps'][number]): string =>
  printable(`${marks[action]} ${section} ${name}${fields.length === 0 ? '' : `: ${fields.join(', ')}`}`);

function summaryOf({ steps, unchanged, done }: Applied, isDryRun: boolean): string {
  const count = (action: string): number => steps.filter((step) => step.action === action).length;
  const told = `${count('create')} to create, ${count('change')} to change, ${count('delete')} to delete, ${unchanged} as they should be`;
  return isDryRun
    ? `Nothing was changed: ${told}.`
    : steps.length === 0
      ? `Nothing to do: ${unchanged} objects are as the file says.`
      : `Done, ${done} steps: ${told}.`;
}

function tellFaults(terminal: Terminal, isJson: boolean, file: string, applied: Applied): number {
  if (isJson) terminal.out(JSON.stringify(applied, null, 2));
  else {
    for (const fault of applied.faults.slice(0, faultsShownMax)) terminal.err(printable(faultLine(file, fault)));
    const rest = applied.faults.length - faultsShownMax;
    if (rest > 0) terminal.err(`and ${rest} more`);
    terminal.err(
      applied.done > 0
        ? `${applied.done} of ${applied.steps.length} steps were carried out; the others were not. Running this again goes on.`
        : 'Nothing was changed.',
    );
  }
  return exitFailed;
}

const faultLine = (file: string, { line, path, message }: Fault): string => `${file}:${line}: ${path === '' ? '' : `${path}: `}${message}`;

function readText(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > textBytesMax) throw new CommandFailed(`${file} is too large`, exitUsage);
    return text;
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`, exitUsage);
  }
}

async function wholeOf(input: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > textBytesMax) throw new CommandFailed('standard input is too long', exitUsage);
  }
  return text;
}

/** The values behind the references of connections and alert channels, as far as this process can read them. */
function secretsNamed({
  connections = [],
  alertChannels = [],
  mailServer,
}: NonNullable<ReturnType<typeof readDocument>['configuration']>): {
  secrets: Record<string, string>;
  missing: string[];
} {
  const references = [
    ...connections.flatMap(({ secret, accessKeyId, headers }) => [secret, accessKeyId, ...Object.values(headers)]),
    ...alertChannels.flatMap(({ url, token, signingSecret }) => [url, token, signingSecret]),
    mailServer?.password ?? null,
  ];
  const secrets: Record<string, string> = {};
  const missing = new Set<string>();
  for (const reference of references) {
    if (reference === null) continue;
    const value = secretBehind(reference);
    if (value === null) missing.add(reference);
    else secrets[reference] = value;
  }
  return { secrets, missing: [...missing] };
}

function secretBehind(reference: string): string | null {
  const name = reference.slice(reference.indexOf(':') + 1);
  if (reference.startsWith('env:')) return process.env[name]?.trim() || null;
  try {
    const text = readFileSync(name, 'utf8').trim();
    return text === '' || text.length > secretCharsMax ? null : text;
  } catch {
    return null;
  }
}
