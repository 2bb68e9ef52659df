/** What the command line may ask of a house, the same in a running server and in a stopped one: the table of contents of `patchbay <command>`. */
import { verifyAudit } from '../control/audit-verify.ts';
import type { ChainPlace } from '../domain/audit-chain.ts';
import type { Caller } from '../control/change.ts';
import { applyConfiguration, exportConfiguration, type ApplyWish } from '../control/configuration/apply.ts';
import type { ConfigurationDeps } from '../control/configuration/kind.ts';
import { finishRotation, isRotationUnfinished, rotateMasterKey, type RotationReport } from '../control/master-key-rotation.ts';
import { listForOperator, testForOperator } from '../control/operator-connections.ts';
import { createTokenFor, createUserFor } from '../control/operator-people.ts';
import { decodeMasterKey, parseMasterKey } from '../vault/keys.ts';
import { CommandFailed } from './ends.ts';
import { replaceKeyFile } from './master-key.ts';
import type { Settings } from './settings.ts';

/** The rooms of a house that operations enter. */
export type OperatorDeps = ConfigurationDeps;

export interface Operating {
  deps: OperatorDeps;
  settings: Pick<Settings, 'dataDir' | 'masterKey' | 'admin'>;
  /** Where people find the page. */
  url: string;
  /** Brings everything that the journal holds into the database, for at most some seconds. FALSE where something is left. */
  drainBooks: () => Promise<boolean>;
  say: (line: string) => void;
  /** Who asked, where it was no command. */
  caller?: Caller;
}

/**
 * In whose name a command acts: the administrator whom the settings name, else the first one. Whoever may open the data directory may
 * act so; the audit log says that it was the command line.
 * @throws CommandFailed before the set-up
 */
export function operatorCaller({ deps, settings, caller: asking }: Pick<Operating, 'deps' | 'settings' | 'caller'>): Caller {
  const caller = asking ?? administratorOf(deps, settings.admin?.email ?? null);
  if (caller === null) throw new CommandFailed('there is no administrator yet; open the set-up link of the first start');
  return caller;
}

/** The named administrator, else the first one; null before the set-up. */
export function administratorOf(deps: Pick<OperatorDeps, 'keeper' | 'ids'>, email: string | null): Caller | null {
  const { snapshot } = deps.keeper;
  const administrators = [...snapshot.people.values()].filter((person) => person.role === 'administrator' && !person.isDisabled);
  const oldest = administrators.toSorted((one, other) => (one.userId < other.userId ? -1 : 1))[0];
  const chosen = administrators.find((person) => person.email === email) ?? oldest;
  const actor = chosen && snapshot.actorOf(chosen.userId, 'system');
  return actor ? { actor, origin: { requestId: deps.ids.uuid(), address: '', agent: 'command line' } } : null;
}

/** A copy of the embedded database as of one moment, with everything that was served before it. */
async function copyDatabase({ deps, drainBooks }: Operating, { path }: { path: string }): Promise<{ isWhole: boolean }> {
  const isWhole = await drainBooks();
  await deps.database.driver.backup(path);
  return { isWhole };
}

let rotating: Promise<unknown> = Promise.resolve();

interface RotationAsked {
  /** As the operator keeps it; null takes up what is under way, or makes a key for the data directory. */
  newKey: string | null;
  isDryRun: boolean;
}

type Rotated = RotationReport & {
  isKeyFileReplaced: boolean;
  /** Where the key before lies, for backups from its time; null where the settings had it. */
  oldKeyFile: string | null;
};

/** Two rotations at once would do each other's work twice: the second one waits, and finds nothing left. */
function rotate(operating: Operating, asked: RotationAsked): Promise<Rotated> {
  const turn = rotating.then(() => rotateNow(operating, asked));
  rotating = turn.catch(() => undefined);
  return turn;
}

async function rotateNow(operating: Operating, { newKey, isDryRun }: RotationAsked): Promise<Rotated> {
  const { deps, settings, say } = operating;
  const caller = operatorCaller(operating);
  const isKeptHere = settings.masterKey === null;
  const wish = { newKey: newKey === null ? null : parseMasterKey(newKey), makesKey: isKeptHere, isDryRun };
  const report = await rotateMasterKey(deps, caller, wish, say);
  if (report.state !== 'done' || !isKeptHere) return { ...report, isKeyFileReplaced: false, oldKeyFile: null };
  // The file first: from the moment that the old key does not open the new one, only the file does.
  const oldKeyFile = replaceKeyFile(settings.dataDir, deps.vault.masterKeyText(deps.vault.current));
  await finishRotation(deps, caller);
  return { ...report, isKeyFileReplaced: true, oldKeyFile };
}

/** The settings hold the new key now. @throws CommandFailed where this process was not given it */
async function finish(operating: Operating, { newKey }: { newKey: string | null }): Promise<{ isFinished: boolean }> {
  const given = newKey === null ? operating.settings.masterKey?.reveal() : newKey;
  const current = operating.deps.vault.masterKeyText(operating.deps.vault.current).reveal();
  if (given !== undefined && !Buffer.from(decodeMasterKey(given)).equals(Buffer.from(current, 'base64')))
    throw new CommandFailed('PATCHBAY_MASTER_KEY is still the old key; set the new one, start again, and then finish');
  return { isFinished: await finishRotation(operating.deps, operatorCaller(operating)) };
}

/** Goes on with a rotation that a crash interrupted. Never throws: what is left is taken up at the next start, or by the command. */
export async function resumeRotation(operating: Operating): Promise<void> {
  const { deps, settings } = operating;
  try {
    if (!(await isRotationUnfinished(deps, settings.masterKey === null)) || administratorOf(deps, settings.admin?.email ?? null) === null)
      return;
    deps.log.warn('a rotation of the master key was interrupted; going on with it');
    await rotate(operating, { newKey: null, isDryRun: false });
  } catch (error) {
    deps.log.error({ err: error }, 'the rotation of the master key could not be finished; run `patchbay rotate-master-key`');
  }
}

/** Every operation by its name. What goes in and comes out is plain JSON. */
export const operations = {
  'database.copy': copyDatabase,
  'master-key.rotate': rotate,
  'master-key.finish': finish,
  'audit.verify': async ({ deps, say }: Operating, { anchors }: { anchors: ChainPlace[] }) => {
    const seen = deps.database.audit?.seen() ?? null;
    return verifyAudit(deps, {
      anchors: seen === null ? anchors : [...anchors, seen],
      onProgress: (checked) => say(`${checked} entries verified`),
    });
  },
  'configuration.export': async (operating: Operating, _input: object) => exportConfiguration(operating.deps, operatorCaller(operating)),
  'configuration.apply': (operating: Operating, wish: ApplyWish) => applyConfiguration(operating.deps, operatorCaller(operating), wish),
  'connections.list': async (operating: Operating, _input: object) => listForOperator(operating.deps),
  'connections.test': (operating: Operating, input: { which: string | null }) =>
    testForOperator(operating.deps, operatorCaller(operating), input.which, operating.say),
  'users.create': async (operating: Operating, input: Parameters<typeof createUserFor>[2]) => {
    const { token, ...made } = await createUserFor(operating.deps, operatorCaller(operating), input);
    return { ...made, link: token === null ? null : `${operating.url}/invite/${token}` };
  },
  'tokens.create': (operating: Operating, input: Parameters<typeof createTokenFor>[2]) =>
    createTokenFor(operating.deps, operatorCaller(operating), input),
};

export type OperationName = keyof typeof operations;
export type OperationInput<Name extends OperationName> = Parameters<(typeof operations)[Name]>[1];
export type OperationResult<Name extends OperationName> = Awaited<ReturnType<(typeof operations)[Name]>>;

/** Runs an operation that was asked for over the socket. @throws CommandFailed for a name of another version */
export async function runNamed(operating: Operating, name: string, input: unknown): Promise<unknown> {
  const operation = Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined;
  if (operation === undefined) throw new CommandFailed(`the running server does not know ${name}; restart it after an update`);
  return (operation as (operating: Operating, input: unknown) => Promise<unknown>)(operating, input);
}
