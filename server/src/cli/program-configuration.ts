/** The commands that bring the configuration into one file and back: `export` and `apply`. */
import type { Command, Option } from 'commander';
import { settingsOfProcess } from '../app/settings.ts';
import { processTerminal } from './output.ts';

interface ApplyFlags {
  dryRun?: boolean;
  prune?: boolean;
  json?: boolean;
}

export function addConfigurationCommands(
  program: Command,
  json: () => Option,
  ending: (command: () => Promise<number>) => Promise<void>,
): void {
  program
    .command('export')
    .description('print the whole configuration as YAML, with references in the place of secrets')
    .option('--output <file>', 'write it there in place of standard output')
    .addOption(json())
    .action((flags: { output?: string; json?: boolean }) =>
      ending(async () => {
        const wish = { output: flags.output ?? null, isJson: flags.json === true };
        return (await import('./configuration.ts')).exportConfiguration(settingsOfProcess(), processTerminal, wish);
      }),
    );
  program
    .command('apply')
    .description('make the configuration what a file says; what is so already is not touched')
    .argument('<file>', 'the YAML file, or - for standard input')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--prune', 'delete what the file does not name')
    .addOption(json())
    .action((file: string, flags: ApplyFlags) =>
      ending(async () => {
        const wish = { file, isDryRun: flags.dryRun === true, isPruning: flags.prune === true, isJson: flags.json === true };
        return (await import('./configuration.ts')).applyConfiguration(settingsOfProcess(), processTerminal, wish, process.stdin);
      }),
    );
}
