/** About how many tokens a request comes to, where nobody has counted them. An estimate for people, never for money. */
import type { ChatRequest } from './chat.ts';

/** Characters of plain text per token, where nothing is known of the text. */
const charsPerToken = 4;
/*
 * Twentieths of a token by kind of character. A Latin word is one token of four letters or so. Signs and digits, of which code is full,
 * are joined by two or three. A Chinese, Japanese or Korean character is most of a token. Other alphabets, and Latin letters with marks,
 * lie between.
 */
const twentieths = 20;
const ofLetter = 5;
const ofSign = 9;
const ofIdeograph = 16;
const ofOther = 8;
/** A longer text is judged by its beginning. */
const judgedCharsMax = 100_000;

/** Hiragana to the compatibility forms without the private area, Hangul's own letters, and their full-width forms. */
const isIdeograph = (code: number): boolean =>
  (code >= 0x2e80 && code <= 0xd7ff) ||
  (code >= 0x1100 && code <= 0x11ff) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xff00 && code <= 0xffef);

function weightOf(code: number): number {
  if (code > 0x7f) return isIdeograph(code) ? ofIdeograph : ofOther;
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  return isLetter || code === 0x20 ? ofLetter : ofSign;
}

/** About how many tokens a text comes to, by the kinds of its characters. Not whole. */
export function tokensOfText(text: string): number {
  const judged = Math.min(text.length, judgedCharsMax);
  let weight = 0;
  for (let at = 0; at < judged; at += 1) weight += weightOf(text.charCodeAt(at));
  return judged === 0 ? 0 : (weight / twentieths) * (text.length / judged);
}
/** What a message costs besides its words. */
const tokensPerMessage = 4;
/** A picture of common size (about 1.15 megapixels) at the vendors' published formulas. */
const tokensPerImage = 1_500;
/** Base64 characters of a document per token: a page of some 80 KB is read as about 2,000 tokens. */
const fileCharsPerToken = 50;

/** How deep a request is looked into; bodies are refused long before that. */
const depthMax = 64;

function tokensOf(value: unknown, depth: number): number {
  if (typeof value === 'string') return tokensOfText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return 1;
  if (typeof value !== 'object' || value === null || depth > depthMax) return 0;
  const { type } = value as { type?: unknown };
  if (type === 'image_url') return tokensPerImage;
  if (type === 'file') return fileTokens((value as { file?: unknown }).file);
  let tokens = 0;
  for (const [key, inner] of Object.entries(value)) {
    // What stands beside the house's words says the same once more.
    if (key === 'patchbay' || key === 'type') continue;
    tokens += (Array.isArray(value) ? 0 : key.length / charsPerToken / 2) + tokensOf(inner, depth + 1);
  }
  return tokens;
}

function fileTokens(file: unknown): number {
  const data = typeof file === 'object' && file !== null ? (file as { file_data?: unknown }).file_data : undefined;
  return typeof data === 'string' ? data.length / fileCharsPerToken : 0;
}

/** Whole tokens, at least one. */
export function promptTokensEstimateOf({ messages, tools }: Pick<ChatRequest, 'messages' | 'tools'>): number {
  const said = Array.isArray(messages) ? (messages as unknown[]) : [];
  let tokens = said.length * tokensPerMessage + tokensOf(tools, 0);
  for (const message of said) tokens += tokensOf((message as { content?: unknown } | null)?.content, 0) + callTokens(message);
  return Math.max(1, Math.ceil(tokens));
}

/** Tokens per character of a text's script. */
function densityOf(text: string): number {
  const judged = Math.min(text.length, judgedCharsMax);
  let weight = 0;
  for (let at = 0; at < judged; at += 1) weight += Math.max(ofLetter, text.charCodeAt(at) > 0x7f ? weightOf(text.charCodeAt(at)) : 0);
  return weight / twentieths / judged;
}

/** Text of a message: said in one piece or in parts. */
function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as unknown[])
    .map((part) => (part as { text?: unknown } | null)?.text)
    .filter((text) => typeof text === 'string')
    .join(' ');
}

/**
 * About how many tokens an answer of this many characters comes to: an answer is mostly in the language of its question, so that the
 * script of what was said last tells how dense it is. Signs and digits do not: a question ends with one, and is often short.
 */
export function answerTokensEstimateOf({ messages }: Pick<ChatRequest, 'messages'>, chars: number): number {
  const said = Array.isArray(messages) ? (messages as unknown[]) : [];
  const last = said.map((message) => textIn((message as { content?: unknown } | null)?.content)).findLast((text) => text.length > 0) ?? '';
  return Math.ceil(chars * (last === '' ? 1 / charsPerToken : densityOf(last)));
}

const callTokens = (message: unknown): number => tokensOf((message as { tool_calls?: unknown } | null)?.tool_calls, 0);
