/** How long things are kept and by which server mails go, in the configuration file. */
import type { MailServer } from '../../domain/alert.ts';
import { unfit, type FieldFault } from '../../domain/errors.ts';
import { retentionNouns, retentionRules, type RetentionDays, type RetentionNoun } from '../../domain/retention.ts';
import { placeOfMailPassword } from '../../domain/sealing.ts';
import { mailServer as storedMail } from '../../storage/alert-channels.ts';
import { retentionSettingsOf } from '../../storage/retention.ts';
import { SecretUnreadable } from '../../vault/vault.ts';
import { clearMailServer, isSameMailPlace, setMailServer } from '../mail-server.ts';
import { changeRetention } from '../retention.ts';
import { openBox } from '../secrets.ts';
import type { MailServerSpec } from './alert-shapes.ts';
import type { Context, Current, Kind } from './kind.ts';
import { unreadable } from './unreadable.ts';
import { variableOf } from './variables.ts';

/** What differs of the days that were saved; null is the default. */
function otherDays(spec: RetentionDays, before: RetentionDays): Partial<Record<RetentionNoun, number | null>> {
  const moved = retentionNouns.filter((noun) => spec[noun] !== before[noun]);
  return Object.fromEntries(moved.map((noun) => [noun, spec[noun] ?? null]));
}

export const retention: Kind<RetentionDays> = {
  section: 'retention',
  async read({ deps }) {
    const { days } = await retentionSettingsOf(deps.database);
    const saved = retentionNouns.filter((noun) => days[noun] !== undefined);
    return [{ id: 'retention', spec: Object.fromEntries(saved.map((noun) => [noun, days[noun]])) }];
  },
  keyOf: () => '',
  nameOf: () => 'retention',
  references: () => [],
  /** What the operator's environment says cannot be asked for: that is told before anything is begun. */
  async hiddenChanges({ deps }, spec, current) {
    const fixed = Object.keys(otherDays(spec, current?.spec ?? {})).filter(
      (noun) => deps.retentionDays[noun as RetentionNoun] !== undefined,
    );
    const told = (noun: string): FieldFault => ({
      path: noun,
      code: 'set_by_environment',
      message: `set by ${retentionRules[noun as RetentionNoun].settingName}`,
    });
    if (fixed.length > 0) throw unfit(...fixed.map(told));
    return [];
  },
  create: ({ deps, caller }, spec) => changeRetention(deps, caller, otherDays(spec, {})),
  change: ({ deps, caller }, { spec: before }, spec) => changeRetention(deps, caller, otherDays(spec, before)),
};

/** The password is null also where it does not open: the file's is another one then. */
async function storedPassword({ deps }: Context): Promise<{ server: MailServer; password: string | null } | null> {
  const stored = await storedMail(deps.database);
  if (!stored) return null;
  if (stored.sealed === null) return { server: stored.server, password: null };
  try {
    const opened = await openBox(deps, placeOfMailPassword(deps.keeper.snapshot.organizationId, stored.server), stored.sealed);
    return { server: stored.server, password: opened.reveal() };
  } catch (error) {
    if (error instanceof SecretUnreadable) return { server: stored.server, password: null };
    throw error;
  }
}

/** The password to set: undefined keeps the stored one, which belongs to its server. @throws Refusal where one is needed that cannot be read */
async function passwordOf(context: Context, spec: MailServerSpec): Promise<string | null | undefined> {
  const stored = await storedPassword(context);
  const hasStored = stored?.server.hasPassword ?? false;
  if (spec.password === null) return hasStored ? null : undefined;
  const value = context.secrets.get(spec.password);
  const isKept = stored !== null && hasStored && isSameMailPlace(stored.server, spec);
  if (value === undefined && !isKept) {
    const why = hasStored ? 'the stored value belongs to another server or name' : undefined;
    throw unreadable('password', spec.password, why);
  }
  return isKept && value === stored?.password ? undefined : value;
}

async function putMail(context: Context, spec: MailServerSpec): Promise<unknown> {
  const { password: _reference, ...server } = spec;
  const password = await passwordOf(context, spec);
  return setMailServer(context.deps, context.caller, { ...server, ...(password !== undefined && { password }) });
}

export const mailServer: Kind<MailServerSpec> = {
  section: 'mailServer',
  async read({ deps }): Promise<Current<MailServerSpec>[]> {
    const stored = await storedMail(deps.database);
    if (!stored) return [];
    const { host, port, security, username, sender, hasPassword } = stored.server;
    const password = hasPassword ? `env:${variableOf('MAIL', { owner: 'organization', name: 'server' }, 'PASSWORD')}` : null;
    return [{ id: 'mail-server', spec: { host, port, security, username, password, sender } }];
  },
  keyOf: () => '',
  nameOf: () => 'mail server',
  references: () => [],
  comparable: (spec) => ({ ...spec, password: spec.password !== null }),
  hiddenChanges: async (context, spec) => ((await passwordOf(context, spec)) === undefined ? [] : ['password']),
  create: putMail,
  change: (context, _current, spec) => putMail(context, spec),
  remove: ({ deps, caller }) => clearMailServer(deps, caller),
};
