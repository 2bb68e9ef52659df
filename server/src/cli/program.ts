/** The table of commands. Each is loaded when it is asked for, so that `--help` answers at once. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { settingsOfProcess } from '../app/settings.ts';
import { processTerminal, runCommand } from './output.ts';

/** Parses the command line and runs the command; sets the process's exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command('patchbay').description('A patch panel between people, applications and AI models').version(ownVersion());

  program
    .command('start')
    .description('serve the gateway, the control plane and the page')
    .action(() => ending(async () => (await import('./start.ts')).start(settingsOfProcess(), processTerminal)));

  program
    .command('migrate-env')
    .description('make a connection from LLM_BASE_URL, LLM_API_KEY and LLM_MODEL')
    .action(() => ending(async () => (await import('./migrate-env.ts')).migrateEnv(settingsOfProcess(), processTerminal)));

  const connections = program.command('connections').description('look at stored connections');
  connections
    .command('list')
    .description('list all connections with masked keys')
    .action(() => ending(async () => (await import('./connections-list.ts')).listConnections(settingsOfProcess(), processTerminal)));

  program
    .command('doctor')
    .description('check settings, database, master key, disk and the list of private targets')
    .action(() => ending(async () => (await import('./doctor.ts')).doctor(settingsOfProcess, processTerminal)));

  await program.parseAsync(argv);
}

async function ending(command: () => Promise<number>): Promise<void> {
  process.exitCode = await runCommand(processTerminal, command);
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
