/** `patchbay user create` and `patchbay token create`: people and tokens without a page. */
import { passwordCharsMax, passwordCharsMin } from '@patchbay/contract/people';
import { nameText } from '@patchbay/contract/text';
import { z } from 'zod';
import { CommandFailed, exitOk, exitUsage } from '../app/ends.ts';
import type { Settings } from '../app/settings.ts';
import type { Language, OrganizationRole } from '../domain/owner.ts';
import { isoOf } from '../lib/iso-time.ts';
import { systemClock } from '../lib/clock.ts';
import { operate } from './operate.ts';
import { report, type Terminal } from './output.ts';

export interface UserOptions {
  email: string;
  name: string | null;
  role: OrganizationRole;
  language: Language;
  isPasswordFromInput: boolean;
  isJson: boolean;
}

const inputBytesMax = 4_096;
const dayMs = 86_400_000;
const daysMax = 3_650;

/** With a password from standard input the person can sign in at once; else a link is printed by which they choose one. */
export async function createPerson(
  settings: Settings,
  terminal: Terminal,
  { email, name, role, language, isPasswordFromInput, isJson }: UserOptions,
  input: AsyncIterable<unknown>,
): Promise<number> {
  if (!z.email().max(254).safeParse(email).success) throw new CommandFailed(`${email.slice(0, 100)} is not an email address`, exitUsage);
  const password = isPasswordFromInput ? await passwordFrom(input) : null;
  const wish = { email, name: nameOf(name ?? email.split('@')[0] ?? email), role, language, password };
  const { result } = await operate(settings, 'users.create', wish, () => undefined);
  report(terminal, isJson, result, [
    result.link === null
      ? `${result.email} can sign in now, as ${result.role}.`
      : `Send ${result.email} this link; it works once, within seven days, and is not shown again: ${result.link}`,
  ]);
  return exitOk;
}

function nameOf(text: string): string {
  const read = nameText.safeParse(text);
  if (!read.success) throw new CommandFailed('a name has from 1 to 255 characters, and at least one that can be seen', exitUsage);
  return read.data;
}

async function passwordFrom(input: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > inputBytesMax) break;
  }
  const password = text.replace(/\r?\n$/, '');
  if (password.length < passwordCharsMin || password.length > passwordCharsMax)
    throw new CommandFailed(
      `the password on standard input must have from ${passwordCharsMin} to ${passwordCharsMax} characters`,
      exitUsage,
    );
  return password;
}

export interface TokenOptions {
  /** Null is the administrator in whose name commands act. */
  email: string | null;
  name: string;
  /** Null is no end. */
  days: number | null;
  isJson: boolean;
}

/** Prints the token once; with `--json` it is a field. */
export async function createPersonalToken(
  settings: Settings,
  terminal: Terminal,
  { email, name, days, isJson }: TokenOptions,
): Promise<number> {
  if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= daysMax))
    throw new CommandFailed(`--days must be a whole number from 1 to ${daysMax}`, exitUsage);
  const expiresAtMs = days === null ? null : systemClock.nowMs() + days * dayMs;
  const { result } = await operate(settings, 'tokens.create', { email, name: nameOf(name), expiresAtMs }, () => undefined);
  const { expiresAtMs: endsMs, ...made } = result;
  const expiresAt = endsMs === null ? null : isoOf(endsMs);
  if (!isJson)
    terminal.err(`A personal token of ${made.email}${expiresAt === null ? '' : `, good until ${expiresAt}`}. It is not shown again:`);
  report(terminal, isJson, { ...made, expiresAt }, [made.token]);
  return exitOk;
}
