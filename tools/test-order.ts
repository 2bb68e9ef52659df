/** Which test files share a process, and which begin first: what takes longest does, so that nothing long stands alone at the end. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that ask the process how it is, or change it for all: memory, CPU time, listeners. Each has a process of its own, and so have
 * those that are about processes dying.
 */
const asksTheProcess = /process\.(?:memoryUsage|cpuUsage|resourceUsage|on|once|off|removeAllListeners|chdir|umask)\(|support\/cpu\.ts'/;
const aboutProcesses = /^server\/test\/(?:chaos|cli|journal)\//;

/** The kinds of files in their order; a file is of the first kind that it fits. Processes end with their kind, so that none grows old. */
const kinds: readonly (readonly [name: string, path: RegExp])[] = [
  ['web', /^web\//],
  ['storage', /^server\/test\/storage\//],
  ['gateway', /^server\/test\/(?:gateway|conformance)\//],
  ['faces', /^server\/test\/faces\//],
  ['house', /^server\/test\/(?:app|control|jobs|support)\/|^client\//],
  ['parts', /^/],
];
const alone = 'alone';
/** Looks at every page for minutes; a run for each language, so that no process is left with both while the others are idle. */
const everyPage = 'web/test/every-page.test.ts';
const languages = ['en', 'id'];
/** The pages take longest; the smallest files come last. */
const order: readonly string[] = [...languages, 'web', alone, ...kinds.map(([name]) => name).slice(1)];

/** Of minutes, the longest first. The others begin by their size. */
export const longest: readonly string[] = [
  'web/test/shell.test.ts',
  'web/test/keys.test.ts',
  'web/test/people.test.ts',
  'web/test/wizard.test.ts',
  'web/test/routing.test.ts',
  'server/test/journal/kill.test.ts',
  'server/test/chaos/matrix.test.ts',
  'server/test/chaos/limits.test.ts',
  'server/test/chaos/keys.test.ts',
  'server/test/cli/postgres.test.ts',
  'server/test/storage/ledger-worker.test.ts',
  'server/test/storage/ledger.test.ts',
  'server/test/storage/usage-tallies.test.ts',
  'server/test/storage/snapshot.test.ts',
  'server/test/gateway/limits-share.test.ts',
  'server/test/faces/usage-imports.test.ts',
  'server/test/faces/hostile-texts.test.ts',
  'server/test/jobs/check-connections.test.ts',
  'server/test/app/start.test.ts',
  'server/test/control/audit-verify.test.ts',
  'server/test/providers/parameters.test.ts',
];

const testFiles = ['server', 'client', 'tools', 'web'].map((folder) => `${folder}/test/**/*.test.ts`);

/** The kind of a test file, by its path below the root and its text. */
export function kindOf(path: string, text: string): string {
  const kind = kinds.find(([, fits]) => fits.test(path))![0];
  // A page is looked at from outside; what its files ask the process does not depend on who was there before.
  return kind !== 'web' && (aboutProcesses.test(path) || asksTheProcess.test(text)) ? alone : kind;
}

interface Project {
  name: string;
  include: string[];
  /** Each file in a process of its own. */
  isolate: boolean;
  env?: Record<string, string>;
}

/** The projects of vitest: one for each kind, and one for each language of the file that looks at every page. */
export function projects(root: string): Project[] {
  const files = globSync(testFiles, { cwd: root }).filter((path) => path !== everyPage);
  const kindsOfFiles = new Map(files.map((path) => [path, kindOf(path, readFileSync(join(root, path), 'utf8'))]));
  return order.map((name) =>
    languages.includes(name)
      ? { name, include: [everyPage], isolate: true, env: { TEST_LANGUAGE: name } }
      : { name, include: files.filter((path) => kindsOfFiles.get(path) === name), isolate: name === alone },
  );
}

/** Kind by kind, since a process that goes on to another kind would have to begin anew, and each from its longest file to its smallest. */
export function inOrder<T extends Pick<TestSpecification, 'moduleId'> & { project: { name: string } }>(
  root: string,
  files: readonly T[],
): T[] {
  const places = files.map((file) => {
    const path = relative(root, file.moduleId);
    const place = longest.indexOf(path);
    return {
      file,
      path,
      kind: order.indexOf(file.project.name),
      place: place < 0 ? longest.length : place,
      bytes: statSync(file.moduleId).size,
    };
  });
  places.sort((a, b) => a.kind - b.kind || a.place - b.place || b.bytes - a.bytes || a.path.localeCompare(b.path));
  return places.map(({ file }) => file);
}

/** How vitest asks for an order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return inOrder(this.ctx.config.root, files);
  }
}
