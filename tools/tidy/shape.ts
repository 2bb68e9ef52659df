/** Rules about the shape of a file: its length, its functions' length, its opening sentence, and the ways around checks that are closed. */
import { type Fault, type Source, closeOf, faultAt, faultsOf } from './source.ts';

export const fileLinesMax = 400;
export const functionLinesMax = 70;

export function fileLengthFaults(source: Source): Fault[] {
  const lines = source.text.trimEnd().split('\n').length;
  if (lines <= fileLinesMax) return [];
  return [
    faultAt(
      source,
      source.text.length - 1,
      'file-length',
      `${lines} lines, ${fileLinesMax} allowed: give a part of it a file and a name of its own`,
    ),
  ];
}

/** Skips blanks. */
function skip(code: string, at: number): number {
  let next = at;
  while (next < code.length && /\s/.test(code[next] ?? '')) next += 1;
  return next;
}

/**
 * Where the body begins of a function whose parameter list ends at `at`, or undefined if none follows. Between them may stand a
 * return type, whose own braces follow a `:`, an operator or an opening bracket, which the body's brace never does.
 */
function bodyAfterParameters(code: string, at: number): number | undefined {
  let next = skip(code, at);
  if (code[next] === '{') return next;
  if (code[next] !== ':') return undefined;
  let expectsType = true;
  next += 1;
  for (next = skip(code, next); next < code.length; next = skip(code, next)) {
    const char = code[next] ?? '';
    if (char === '{' && !expectsType) return next;
    if ('{(['.includes(char)) {
      next = closeOf(code, next);
      expectsType = false;
    } else if (/[\w$'"`.>]/.test(char)) {
      const word = /^(?:[\w$.]+|['"`]\s*['"`]|>)/.exec(code.slice(next, next + 200))?.[0] ?? char;
      next += word.length;
      expectsType = /^(?:is|keyof|typeof|readonly|asserts|extends|infer)$/.test(word);
    } else if (code.startsWith('=>', next) || '|&<,?:'.includes(char)) {
      next += char === '=' ? 2 : 1;
      expectsType = true;
    } else return undefined;
  }
  return undefined;
}

const head =
  /\bfunction\b\s*\*?\s*[\w$]*\s*(?:<[^(]*>)?\s*\(|=>\s*\{|(?<=[{};,\n]\s*)(?:(?:async|static|get|set|override|private|public|protected)\s+)*[*#]?[\w$]+\s*(?:<[^(]*>)?\(/g;
const notAFunction = /^(?:if|for|while|switch|catch|with|return|await|typeof|new|throw|yield|super|import)\b/;
/** What registers tests is a group of them, and a group is as long as its tests are many. */
const registersTests = /(?<![\w.])(?:test|it)(?:\.\w+)*\s*\(/;

interface FunctionSpan {
  start: number;
  end: number;
}

/** The functions with a body in braces, outer ones and inner ones alike. */
export function functionsOf({ code }: Source): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  for (const found of code.matchAll(head)) {
    const start = found.index;
    if (found[0].startsWith('=>')) {
      spans.push({ start, end: closeOf(code, start + found[0].length - 1) });
      continue;
    }
    if (notAFunction.test(found[0])) continue;
    const body = bodyAfterParameters(code, closeOf(code, start + found[0].length - 1));
    if (body !== undefined) spans.push({ start, end: closeOf(code, body) });
  }
  return spans;
}

export function functionLengthFaults(source: Source): Fault[] {
  return functionsOf(source).flatMap(({ start, end }) => {
    const lines = source.lineOf(end - 1) - source.lineOf(start) + 1;
    const isGroup = /(?:^|\/)test\//.test(source.path) && registersTests.test(source.code.slice(start + 1, end));
    if (lines <= functionLinesMax || isGroup) return [];
    return [
      faultAt(
        source,
        start,
        'function-length',
        `${lines} lines, ${functionLinesMax} allowed: decide in the parent, move the work into named leaves`,
      ),
    ];
  });
}

const wordsInOpeningMin = 4;

/** Each file opens with a comment that says what it is for. */
export function openingFaults(source: Source): Fault[] {
  const text = source.text.replace(/^#!.*\n/, '');
  const opening = /^\s*(?:\/\*\*?([\s\S]*?)\*\/|((?:\/\/.*(?:\n|$))+)|((?:#.*(?:\n|$))+))/.exec(text);
  const words = (opening?.[1] ?? opening?.[2] ?? opening?.[3] ?? '').match(/[A-Za-z]{2,}/g) ?? [];
  if (words.length >= wordsInOpeningMin) return [];
  return [faultAt(source, 0, 'opening', 'open the file with a comment of one sentence: what it is for, or what only it may do')];
}

export function anyFaults(source: Source): Fault[] {
  const pattern = /(?:(?<![\w$]\?)[:<|&,(=[]|\b(?:as|extends|is|satisfies)|=>)\s*any\b(?!\s*[:(.])(?=\s*[\])}>,;=|&[\n]|\s*$)/g;
  return faultsOf(source, pattern, 'any', 'say what it is, or `unknown` and look before you use it');
}

export function checkOffFaults(source: Source): Fault[] {
  return source.comments.flatMap(({ start, text }) => {
    if (/@ts-(?:ignore|nocheck|expect-error)/.test(text))
      return [faultAt(source, start, 'type-check-off', 'make the types fit; the type checker is not switched off')];
    if (/(?:oxlint|eslint|tslint)-disable|biome-ignore/.test(text))
      return [faultAt(source, start, 'lint-off', 'fix what the linter found; it is not switched off line by line')];
    return [];
  });
}

export function laterFaults(source: Source): Fault[] {
  return source.comments.flatMap(({ start, text }) => {
    const found = /\b(?:TODO|FIXME|XXX|HACK)\b/.exec(text);
    return found ? [faultAt(source, start + found.index, 'later', `do it now or open an issue; no ${found[0]} stays in the code`)] : [];
  });
}

/** Support files say which tests a machine can run; nobody else leaves tests out. */
export function skippedTestFaults(source: Source): Fault[] {
  if (!/(?:^|\/)test\//.test(source.path) || /\/test\/support\//.test(source.path)) return [];
  const pattern =
    /\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo|fails|skipIf|runIf)\b|\b(?:xit|xdescribe|fit|fdescribe)\s*\(|\b(?:context|ctx|task)\.skip\s*\(/g;
  return faultsOf(source, pattern, 'skipped-test', "every test runs; a test that needs a part of the machine says needs('postgres')");
}

/**
 * What a page shows comes when it has come: a test that reads it once passes on a quiet machine and fails on a busy one. What is read
 * for what must never be there (`content()`) and whole checks (axe) are asked once.
 */
export function askedOnceFaults(source: Source): Fault[] {
  if (!source.path.startsWith('web/test/')) return [];
  const pattern =
    /(?<![.\w])expect\((?:\s*[([]*\s*await\b[^;]*?\.(?:innerText|textContent|count|inputValue|is(?:Visible|Hidden|Disabled|Enabled|Checked)|getAttribute|all(?:InnerTexts|TextContents)|boundingBox|title|evaluate|evaluateAll)\(|(?:new URL\()?page\.url\(\)\)?[^;]*\)\.to)/g;
  return faultsOf(source, pattern, 'asked-once', 'ask until it is so: `await expect.poll(() => …)`');
}

/** A page that breaks because one of its files did not come while the server was gone loses what was typed into it. */
export function unwaitedFileFaults(source: Source): Fault[] {
  if (!source.path.startsWith('web/src/')) return [];
  const pattern = /(?<!wanted\(\(\) => )(?<!typeof )\bimport\(\s*'[^)]*\)(?!\.catch\()/g;
  // The code has blanks where the text has the name of the file.
  const ofOwn = [...source.code.matchAll(pattern)].filter(({ index }) => /^import\(\s*'\./.test(source.text.slice(index)));
  const todo = 'wait for the server: `wanted(() => import(…))`, or `.catch(…)` what comes ahead of time';
  return ofOwn.map(({ index }) => faultAt(source, index, 'unwaited-file', todo));
}
