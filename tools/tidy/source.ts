/** Reads a source file once and blanks what is not code, so that every rule can search with plain patterns and count braces. */

export interface Literal {
  /** Where the opening quote stands (for a template: where this piece of its text begins). */
  start: number;
  value: string;
  /** A piece of a template that is followed by `${`. */
  isOpen: boolean;
}

export interface Import {
  specifier: string;
  start: number;
  isType: boolean;
  isReexport: boolean;
}

export interface Source {
  /** Relative to the repository, with `/`. */
  path: string;
  text: string;
  /** The text with the contents of comments, strings, templates and regular expressions replaced by blanks; offsets are equal. */
  code: string;
  comments: { start: number; text: string }[];
  literals: Literal[];
  imports: Import[];
  lineOf(offset: number): number;
}

export interface Fault {
  path: string;
  line: number;
  rule: string;
  /** What to do, as an instruction. */
  todo: string;
}

/** After these a slash begins a regular expression; after anything else it divides. */
const beforeRegex = /(?:[=([,:;!&|?{+\-*%~^]|=>|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|await|yield))\s*$/;
const regexLiteral = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const singleQuoted = /'(?:\\[\s\S]|[^'\\\n])*'/y;
const doubleQuoted = /"(?:\\[\s\S]|[^"\\\n])*"/y;
const lookBackChars = 40;

interface Scan {
  text: string;
  parts: string[];
  comments: Source['comments'];
  literals: Literal[];
}

const blank = (piece: string): string => piece.replace(/[^\n]/g, ' ');

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Reads a comment, string or regular expression that begins here; answers its end, or the same offset when none begins. */
function readOpaque(scan: Scan, at: number): number {
  const { text } = scan;
  const two = text.slice(at, at + 2);
  if (two === '//' || two === '/*') {
    const close = two === '//' ? text.indexOf('\n', at) : text.indexOf('*/', at + 2) + 2;
    const end = close < at + 2 ? text.length : close;
    scan.comments.push({ start: at, text: text.slice(at, end) });
    scan.parts.push(blank(text.slice(at, end)));
    return end;
  }
  const first = text[at];
  if (first === '/') {
    const regex =
      beforeRegex.test(text.slice(Math.max(0, at - lookBackChars), at)) || at === 0 ? matchAt(regexLiteral, text, at) : undefined;
    if (regex === undefined) return at;
    scan.parts.push(`/${blank(regex.slice(2))}/`);
    return at + regex.length;
  }
  // A lone apostrophe, as in the text of an element, opens nothing.
  const quoted = matchAt(first === "'" ? singleQuoted : doubleQuoted, text, at);
  if (quoted === undefined) return at;
  scan.literals.push({ start: at, value: quoted.slice(1, -1), isOpen: false });
  scan.parts.push(`${first}${blank(quoted.slice(1, -1))}${first}`);
  return at + quoted.length;
}

/** Reads the text of a template up to its end or its next `${`; answers where to go on and whether a `${` was met. */
function readTemplate(scan: Scan, from: number): { end: number; opens: boolean } {
  const { text } = scan;
  let at = from;
  while (at < text.length && text[at] !== '`' && !(text[at] === '$' && text[at + 1] === '{')) at += text[at] === '\\' ? 2 : 1;
  const opens = text[at] === '$';
  scan.literals.push({ start: from, value: text.slice(from, at), isOpen: opens });
  scan.parts.push(blank(text.slice(from, at)), opens ? '${' : '`');
  return { end: at + (opens ? 2 : 1), opens };
}

const interesting = /[/'"`{}]/g;

function scanText(text: string): Scan {
  const scan: Scan = { text, parts: [], comments: [], literals: [] };
  /** For each `${` that is open: how many braces were opened inside it. */
  const templates: number[] = [];
  let at = 0;
  while (at < text.length) {
    interesting.lastIndex = at;
    const found = interesting.exec(text);
    const next = found?.index ?? text.length;
    scan.parts.push(text.slice(at, next));
    at = next;
    if (!found) break;
    const char = found[0];
    const depth = templates.at(-1);
    if (char === '`' || (char === '}' && depth === 0)) {
      scan.parts.push(char);
      if (char === '}') templates.pop();
      const read = readTemplate(scan, at + 1);
      if (read.opens) templates.push(0);
      at = read.end;
    } else if (char === '{' || char === '}') {
      if (depth !== undefined) templates[templates.length - 1] = depth + (char === '{' ? 1 : -1);
      scan.parts.push(char);
      at += 1;
    } else {
      const end = readOpaque(scan, at);
      if (end === at) scan.parts.push(char);
      at = end === at ? at + 1 : end;
    }
  }
  return scan;
}

function lineFinder(text: string): (offset: number) => number {
  let starts: number[] | undefined;
  return (offset) => {
    if (!starts) {
      starts = [0];
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    }
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

const importHead = /(?<![.\w$])(?:from\s*|import\s*\(\s*|import\s+)(?=['"])/g;

function findImports(code: string, literals: readonly Literal[]): Import[] {
  const byStart = new Map(literals.map((literal) => [literal.start, literal.value]));
  const imports: Import[] = [];
  for (const head of code.matchAll(importHead)) {
    const start = head.index + head[0].length;
    const specifier = byStart.get(start);
    if (specifier === undefined) continue;
    const statement = head[0].startsWith('from')
      ? (/(?:import|export)\b(?:(?!\b(?:import|export)\b)[^;])*$/.exec(code.slice(0, head.index))?.[0] ?? '')
      : '';
    imports.push({
      specifier,
      start: head.index,
      isType: /^(?:import|export)\s+type\b/.test(statement),
      isReexport: statement.startsWith('export'),
    });
  }
  return imports;
}

export function readSource(path: string, text: string): Source {
  const { parts, comments, literals } = scanText(text);
  const code = parts.join('');
  return { path, text, code, comments, literals, imports: findImports(code, literals), lineOf: lineFinder(text) };
}

/** A fault at an offset of a source. */
export function faultAt(source: Source, offset: number, rule: string, todo: string): Fault {
  return { path: source.path, line: source.lineOf(offset), rule, todo };
}

/** A fault for every place in the code (never in comments or strings) where the pattern is found. The pattern is global. */
export function faultsOf(source: Source, pattern: RegExp, rule: string, todo: string): Fault[] {
  return [...source.code.matchAll(pattern)].map((found) => faultAt(source, found.index, rule, todo));
}

/** The offset after the bracket that closes the one at `open`, or the end of the code. */
export function closeOf(code: string, open: number): number {
  const brackets = /[()[\]{}]/g;
  brackets.lastIndex = open;
  let depth = 0;
  for (let found = brackets.exec(code); found; found = brackets.exec(code)) {
    depth += '([{'.includes(found[0]) ? 1 : -1;
    if (depth === 0) return found.index + 1;
  }
  return code.length;
}
