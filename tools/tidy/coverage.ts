/** Rules about tests: every folder has tests as long as its code, every route a test for each status that it declares. */
import { type Fault, type Source, closeOf, faultAt } from './source.ts';

/** How many lines of test a line of source needs. */
const timesTwo = new Set(['gateway', 'vault']);
/** Test folders that guard a server folder beside the one of its name. */
const alsoGuards: Readonly<Record<string, readonly string[]>> = { providers: ['conformance'], gateway: ['chaos'] };
/** Rooms that are tested through the front door of the next: what one has too few of, the other must have too many of. */
const testedThrough: Readonly<Record<string, string>> = { control: 'faces' };
/** Tables and texts: data that other tests read through, not code with branches of its own. */
const data = /\/(?:migrations\/|catalog[\w-]*\.ts$)/;

const linesOf = (source: Source): number => source.text.split('\n').filter((line) => line.trim() !== '').length;

function sumByFolder(sources: readonly Source[], pattern: RegExp): Map<string, number> {
  const sums = new Map<string, number>();
  for (const source of sources) {
    const folder = pattern.exec(source.path)?.[1];
    if (folder !== undefined && !data.test(source.path)) sums.set(folder, (sums.get(folder) ?? 0) + linesOf(source));
  }
  return sums;
}

export function proportionFaults(sources: readonly Source[]): Fault[] {
  const code = sumByFolder(sources, /^server\/src\/([^/]+)\//);
  const tests = sumByFolder(sources, /^server\/test\/([^/]+)\//);
  const needOf = (folder: string): number => (code.get(folder) ?? 0) * (timesTwo.has(folder) ? 2 : 1);
  const haveOf = (folder: string): number => [folder, ...(alsoGuards[folder] ?? [])].reduce((sum, name) => sum + (tests.get(name) ?? 0), 0);
  return [...code].flatMap(([folder, lines]) => {
    const door = testedThrough[folder];
    const need = needOf(folder);
    const have = haveOf(folder) + (door === undefined ? 0 : Math.max(0, haveOf(door) - needOf(door)));
    if (have >= need) return [];
    return [
      {
        path: `server/src/${folder}`,
        line: 1,
        rule: 'test-length',
        todo: `${lines} lines of code need ${need} lines of tests, server/test/${folder} has ${have}`,
      },
    ];
  });
}

interface TestCase {
  groups: string[];
  title: string;
}

const callName = /(?<![.\w$])(describe|suite|test|it|needs|onBothEngines)\b/g;
const groupNames: ReadonlySet<string> = new Set(['describe', 'suite', 'needs', 'onBothEngines']);

/** The offset after the `>` that closes the type arguments at `open`; `open` itself where nothing closes them. */
function afterTypeArguments(code: string, open: number): number {
  const marks = /[<>;]/g;
  marks.lastIndex = open;
  let depth = 0;
  for (let found = marks.exec(code); found && found[0] !== ';'; found = marks.exec(code)) {
    if (found[0] === '>' && code[found.index - 1] === '=') continue; // The arrow of a function's type closes nothing.
    depth += found[0] === '<' ? 1 : -1;
    if (depth === 0) return found.index + 1;
  }
  return open;
}

/**
 * The bracket that opens before a title: after `.each<...>(...)`, `.skipIf(...)` and the like, whatever is nested in them.
 * `needs` takes the name of a part before the title. Undefined where the word calls nothing that has a title.
 */
function titleBracketOf(code: string, name: string, end: number): number | undefined {
  const step = /\s*(?:\.\w+|([<(]))/y;
  let isTitleDue = name !== 'needs';
  step.lastIndex = end;
  for (let found = step.exec(code); found; found = step.exec(code)) {
    const at = step.lastIndex - 1;
    if (found[1] === '(') {
      if (isTitleDue && /^\(\s*['"`]/.test(code.slice(at, at + titleLookChars))) return at;
      isTitleDue = true;
      step.lastIndex = closeOf(code, at);
    } else if (found[1] === '<') {
      const after = afterTypeArguments(code, at);
      if (after === at) return undefined;
      step.lastIndex = after;
    }
  }
  return undefined;
}

/** White space between a bracket and its title that is looked through: a line break and its indent. */
const titleLookChars = 80;

/** The titles of the tests of a file, each with the titles of the groups around it. */
export function testCasesOf(source: Source): TestCase[] {
  const titles = new Map(source.literals.map((literal) => [literal.start, literal.value]));
  const open: { title: string; end: number }[] = [];
  const cases: TestCase[] = [];
  for (const found of source.code.matchAll(callName)) {
    const name = found[1] ?? '';
    const bracket = titleBracketOf(source.code, name, found.index + name.length);
    if (bracket === undefined) continue;
    const at = bracket + 1 + source.code.slice(bracket + 1).search(/\S/);
    // The text of a template begins after its backtick.
    const title = titles.get(at) ?? titles.get(at + 1) ?? '';
    while ((open.at(-1)?.end ?? Infinity) <= found.index) open.pop();
    if (groupNames.has(name)) open.push({ title, end: closeOf(source.code, bracket) });
    else cases.push({ groups: open.map((group) => group.title), title });
  }
  return cases;
}

export interface DeclaredRoute {
  name: string;
  statuses: string[];
  start: number;
}

/** The routes that a file declares with `route({ method, path, statuses, ... })`. */
export function routesOf(source: Source): DeclaredRoute[] {
  const routes: DeclaredRoute[] = [];
  for (const found of source.code.matchAll(/(?<![\w.])route\s*(?:<[^()]*>)?\(\s*(?=\{)/g)) {
    const start = found.index + found[0].length;
    const end = closeOf(source.code, start);
    const textOf = (name: string): string | undefined => {
      const at = new RegExp(`\\b${name}\\s*:\\s*(?=['"\`])`).exec(source.code.slice(start, end));
      const quote = at ? start + at.index + at[0].length : -1;
      return source.literals.find((literal) => literal.start === quote || literal.start === quote + 1)?.value;
    };
    const statuses = /\bstatuses\s*:\s*\[([\d,\s]*)\]/.exec(source.code.slice(start, end))?.[1]?.match(/\d+/g) ?? [];
    const [method, path] = [textOf('method'), textOf('path')];
    if (method !== undefined && path !== undefined) routes.push({ name: `${method} ${path}`, statuses, start });
  }
  return routes;
}

/** `sources` holds the server's faces and their tests. */
export function routeFaults(sources: readonly Source[]): Fault[] {
  const tested = new Set<string>();
  for (const source of sources) {
    if (!source.path.startsWith('server/test/faces/')) continue;
    for (const { groups, title } of testCasesOf(source)) for (const group of groups) tested.add(`${group}\n${title.split(/[\s:]/)[0]}`);
  }
  return sources.flatMap((source) => {
    if (!/^server\/src\/faces\/.*routes[\w-]*\.ts$/.test(source.path)) return [];
    return routesOf(source).flatMap(({ name, statuses, start }) => {
      if (statuses.length === 0)
        return [faultAt(source, start, 'route-statuses', `${name}: declare the statuses that it may answer: statuses: [200, ...]`)];
      const missing = statuses.filter((status) => !tested.has(`${name}\n${status}`));
      return missing.map((status) =>
        faultAt(source, start, 'route-test', `write describe('${name}') with test('${status} ...') in server/test/faces`),
      );
    });
  });
}
