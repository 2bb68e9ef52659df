/** Colours code, language by language as they are met. Only tokens come out; the page makes elements of them, so no markup is trusted. */
import { createCssVariablesTheme, createHighlighterCore, type HighlighterCore, type LanguageInput } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';

/** Each grammar is a file of its own and is loaded when its first block is shown. */
const grammars: Readonly<Record<string, LanguageInput>> = {
  bash: () => import('shiki/langs/bash.mjs'),
  c: () => import('shiki/langs/c.mjs'),
  csharp: () => import('shiki/langs/csharp.mjs'),
  css: () => import('shiki/langs/css.mjs'),
  diff: () => import('shiki/langs/diff.mjs'),
  docker: () => import('shiki/langs/docker.mjs'),
  go: () => import('shiki/langs/go.mjs'),
  html: () => import('shiki/langs/html.mjs'),
  ini: () => import('shiki/langs/ini.mjs'),
  java: () => import('shiki/langs/java.mjs'),
  javascript: () => import('shiki/langs/javascript.mjs'),
  json: () => import('shiki/langs/json.mjs'),
  jsx: () => import('shiki/langs/jsx.mjs'),
  kotlin: () => import('shiki/langs/kotlin.mjs'),
  markdown: () => import('shiki/langs/markdown.mjs'),
  php: () => import('shiki/langs/php.mjs'),
  powershell: () => import('shiki/langs/powershell.mjs'),
  python: () => import('shiki/langs/python.mjs'),
  ruby: () => import('shiki/langs/ruby.mjs'),
  rust: () => import('shiki/langs/rust.mjs'),
  sql: () => import('shiki/langs/sql.mjs'),
  swift: () => import('shiki/langs/swift.mjs'),
  toml: () => import('shiki/langs/toml.mjs'),
  tsx: () => import('shiki/langs/tsx.mjs'),
  typescript: () => import('shiki/langs/typescript.mjs'),
  xml: () => import('shiki/langs/xml.mjs'),
  yaml: () => import('shiki/langs/yaml.mjs'),
};

const aliases: Readonly<Record<string, string>> = {
  sh: 'bash',
  shell: 'bash',
  zsh: 'bash',
  console: 'bash',
  // Its own grammar is as large as the rest of the page.
  cpp: 'c',
  'c++': 'c',
  cs: 'csharp',
  dockerfile: 'docker',
  golang: 'go',
  htm: 'html',
  js: 'javascript',
  mjs: 'javascript',
  jsonc: 'json',
  kt: 'kotlin',
  md: 'markdown',
  ps1: 'powershell',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  ts: 'typescript',
  yml: 'yaml',
};

/** More than this is shown without colours: nobody reads it for them, and the page must not wait. */
const codeCharsMax = 20_000;

export interface Token {
  content: string;
  /** A variable of the house's colours. */
  color: string | undefined;
  /** Its place in the code. */
  offset: number;
}

export interface Line {
  /** Where it begins. */
  offset: number;
  tokens: Token[];
}

const theme = createCssVariablesTheme({ name: 'patchbay', variablePrefix: '--pb-code-', fontStyle: false });

let highlighter: Promise<HighlighterCore> | null = null;

/** Lines of tokens; null for a language that is not known, and for code that is too long. */
export async function tokensOf(code: string, language: string): Promise<Line[] | null> {
  const asked = language.toLowerCase();
  const name = aliases[asked] ?? asked;
  const grammar = Object.hasOwn(grammars, name) ? grammars[name] : undefined;
  if (!grammar || code.length > codeCharsMax) return null;
  highlighter ??= createHighlighterCore({ themes: [theme], langs: [], engine: createJavaScriptRegexEngine({ forgiving: true }) });
  const shiki = await highlighter;
  if (!shiki.getLoadedLanguages().includes(name)) await shiki.loadLanguage(grammar);
  const { tokens } = shiki.codeToTokens(code, { lang: name, theme: 'patchbay' });
  let at = 0;
  return tokens.map((line) => {
    const offset = at;
    at += line.reduce((chars, { content }) => chars + content.length, 1);
    return { offset, tokens: line.map((token) => ({ content: token.content, color: token.color, offset: token.offset })) };
  });
}
