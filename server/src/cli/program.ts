/** The table of commands. Each is loaded when it is asked for, so that `--help` answers at once. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ChainPlace } from '../domain/audit-chain.ts';
import { settingsOfProcess } from '../app/settings.ts';
import { ending, processTerminal } from './output.ts';
import { addConfigurationCommands } from './program-configuration.ts';

const json = (): Option => new Option('--json', 'answer with one JSON text on standard output');

/** Parses the command line and runs the command; sets the process's exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command('patchbay')
    .description('A patch panel between people, applications and AI models')
    .version(ownVersion())
    .addHelpText(
      'after',
      `
Commands work on the installation in PATCHBAY_DATA_DIR or PATCHBAY_DATABASE_URL. Where its server is running they ask the
server, so nothing has to be stopped. Exit codes: 0 done, 1 failed, 64 wrong usage, 78 only a changed setting helps,
141 whoever read the output has left.`,
    );
  addServing(program);
  addConnections(program);
  addPeople(program);
  addKeeping(program);
  addConfigurationCommands(program, json, ending);
  await program.parseAsync(argv);
}

function addServing(program: Command): void {
  program
    .command('start')
    .description('serve the gateway, the control plane and the page')
    // Said by a supervisor of several, to each of them; nobody else has a use for it.
    .addOption(new Option('--worker').hideHelp())
    .action(({ worker }: { worker?: boolean }) =>
      ending(async () => {
        const settings = settingsOfProcess();
        // A supervisor has no need of anything that a server is made of.
        if (settings.workers > 1 && !worker) return (await import('./workers.ts')).supervise(settings);
        return (await import('./start.ts')).start(settings, processTerminal, worker === true);
      }),
    );
  program
    .command('doctor')
    .description('look at everything that a start needs, say what is wrong, and change nothing')
    .addOption(json())
    .action((options: { json?: boolean }) =>
      ending(async () => (await import('./doctor.ts')).doctor(settingsOfProcess, processTerminal, { isJson: options.json === true })),
    );
  program
    .command('migrate-env')
    .description('make a connection from LLM_BASE_URL, LLM_API_KEY and LLM_MODEL')
    .action(() => ending(async () => (await import('./migrate-env.ts')).migrateEnv(settingsOfProcess(), processTerminal)));
}

function addConnections(program: Command): void {
  const connections = program.command('connections').description('look at stored connections');
  connections
    .command('list')
    .description('list all connections with masked keys')
    .addOption(json())
    .action((options: { json?: boolean }) =>
      ending(async () =>
        (await import('./connections.ts')).listConnections(settingsOfProcess(), processTerminal, { isJson: options.json === true }),
      ),
    );
  connections
    .command('test')
    .description('call the provider of one connection, or of every active one')
    .argument('[name]', 'name or id of the connection; without it all active ones')
    .addOption(json())
    .action((name: string | undefined, options: { json?: boolean }) =>
      ending(async () => {
        const wish = { which: name ?? null, isJson: options.json === true };
        return (await import('./connections.ts')).testConnections(settingsOfProcess(), processTerminal, wish);
      }),
    );
}

interface UserFlags {
  name?: string;
  role: 'administrator' | 'manager' | 'user';
  language: 'en' | 'id';
  passwordStdin?: boolean;
  json?: boolean;
}

function addPeople(program: Command): void {
  program
    .command('user')
    .description('people of the installation')
    .command('create')
    .description('make a person; without a password a one-time link is printed')
    .argument('<email>', 'their email address')
    .option('--name <name>', 'what they are called; without it the part before the @')
    .addOption(new Option('--role <role>', 'what they may do').choices(['administrator', 'manager', 'user']).default('user'))
    .addOption(new Option('--language <language>', 'the language of their page').choices(['en', 'id']).default('en'))
    .option('--password-stdin', 'read their password from standard input')
    .addOption(json())
    .action((email: string, flags: UserFlags) =>
      ending(async () => {
        const { role, language } = flags;
        const isPasswordFromInput = flags.passwordStdin === true;
        const wish = { email, name: flags.name ?? null, role, language, isPasswordFromInput, isJson: flags.json === true };
        return (await import('./people.ts')).createPerson(settingsOfProcess(), processTerminal, wish, process.stdin);
      }),
    );
  program
    .command('token')
    .description('personal tokens, by which programs manage Patchbay')
    .command('create')
    .description('make a personal token and print it once')
    .argument('<name>', 'what the token is for')
    .option('--user <email>', 'whose rights it has; without it the first administrator')
    .option('--days <days>', 'after how many days it ends; without it never', wholeNumber)
    .addOption(json())
    .action((name: string, flags: { user?: string; days?: number; json?: boolean }) =>
      ending(async () => {
        const wish = { email: flags.user ?? null, name, days: flags.days ?? null, isJson: flags.json === true };
        return (await import('./people.ts')).createPersonalToken(settingsOfProcess(), processTerminal, wish);
      }),
    );
}

interface RestoreFlags {
  data?: string;
  keyFile?: string;
  force?: boolean;
  json?: boolean;
}

interface RotationFlags {
  newKeyFile?: string;
  dryRun?: boolean;
  finish?: boolean;
  json?: boolean;
}

function addKeeping(program: Command): void {
  program
    .command('backup')
    .description('write everything into one file while serving; the master key is not in it')
    .argument('<file>', 'the file to write, or a folder for one with the moment in its name')
    .addOption(json())
    .action((to: string, flags: { json?: boolean }) =>
      ending(async () => (await import('./backup.ts')).backup(settingsOfProcess(), processTerminal, { to, isJson: flags.json === true })),
    );
  program
    .command('restore')
    .description('bring a backup into an empty place, after it and the master key were checked')
    .argument('<file>', 'the backup')
    .option('--data <dir>', 'the data directory to restore into; without it PATCHBAY_DATA_DIR')
    .option('--key-file <file>', 'a file with the master key, which is put into the data directory')
    .option('--force', 'put aside what is there, in place of refusing')
    .addOption(json())
    .action((file: string, flags: RestoreFlags) =>
      ending(async () => {
        const { data, keyFile, force, json: isJson } = flags;
        const wish = { file, dataDir: data ?? null, keyFile: keyFile ?? null, isForced: force === true, isJson: isJson === true };
        return (await import('./restore.ts')).restore(settingsOfProcess(), processTerminal, wish);
      }),
    );
  program
    .command('copy-to-postgres')
    .description('copy the embedded database into an empty PostgreSQL database, whole and proven, or not at all')
    .argument('<url>', 'postgres://user:password@host/database')
    .addOption(json())
    .action((url: string, flags: { json?: boolean }) =>
      ending(async () => {
        const wish = { url, isJson: flags.json === true };
        return (await import('./copy-to-postgres.ts')).copyDatabase(settingsOfProcess(), processTerminal, wish);
      }),
    );
  program
    .command('rotate-master-key')
    .description('seal every secret under a new master key while serving; run it again after an interruption')
    .option('--new-key-file <file>', 'the new key; it is made and written there where the file does not exist')
    .option('--dry-run', 'count what would be sealed anew, and try whether all of it opens')
    .option('--finish', 'the settings hold the new key: the old one shall open nothing any more')
    .addOption(json())
    .action((flags: RotationFlags) =>
      ending(async () => {
        const { newKeyFile, dryRun, finish, json: isJson } = flags;
        const wish = { newKeyFile: newKeyFile ?? null, isDryRun: dryRun === true, isFinishing: finish === true, isJson: isJson === true };
        return (await import('./rotate-master-key.ts')).rotateMasterKey(settingsOfProcess(), processTerminal, wish);
      }),
    );
  program
    .command('audit')
    .description('the audit log')
    .command('verify')
    .description('walk the chain of the audit log and name the first place where it was touched')
    .option(
      '--anchor <number:hash...>',
      'a place that the log must still reach to, as auditAnchor in the lines of the server',
      anchorsRead,
      [],
    )
    .addOption(json())
    .action((flags: { json?: boolean; anchor: ChainPlace[] }) =>
      ending(async () =>
        (await import('./audit-verify.ts')).verifyAuditLog(settingsOfProcess(), processTerminal, {
          isJson: flags.json === true,
          anchors: flags.anchor,
        }),
      ),
    );
}

function anchorsRead(text: string, before: ChainPlace[]): ChainPlace[] {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (!match) throw new InvalidArgumentError('a number, a colon and 64 hexadecimal digits');
  return [...before, { seq: Number(match[1]), hash: match[2]! }];
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a whole number');
  return Number(text);
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
