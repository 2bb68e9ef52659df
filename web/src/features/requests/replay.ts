/** A kept request as the beginning of a chat: its messages, its model and its parameters, from each wire that the house speaks. Pure. */

/** As chats take them (contract/chats.ts). */
const messagesMax = 200;
const messageCharsMax = 100_000;
const promptCharsMax = 32_000;
const modelCharsMax = 255;

interface Said {
  role: 'user' | 'assistant';
  content: string;
}

export interface Replay {
  settings: Record<string, string | number>;
  /** Everything before the last question. */
  messages: Said[];
  /** The last question, to be sent by hand; empty where the last word was an answer. */
  question: string;
}

type Body = Readonly<Record<string, unknown>>;
const isBody = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);
const textParts: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text']);

/** Null for what is more than text: pictures, sound, calls of tools. */
function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts = (content as unknown[]).map((part) =>
    isBody(part) && textParts.has(part['type']) && typeof part['text'] === 'string' ? part['text'] : null,
  );
  return texts.includes(null) ? null : texts.join('\n');
}

interface Spoken {
  role: string;
  text: string;
}

function spokenIn(body: Body): Spoken[] | null {
  const { messages, input, system, instructions } = body;
  const list: unknown = messages ?? (typeof input === 'string' ? [{ role: 'user', content: input }] : input);
  if (!Array.isArray(list)) return null;
  const first = system ?? instructions;
  const all: unknown[] = first === undefined || first === null ? list : [{ role: 'system', content: first }, ...(list as unknown[])];
  const spoken = all.flatMap((one): Spoken[] => {
    if (!isBody(one) || typeof one['role'] !== 'string' || one['tool_calls'] !== undefined) return [];
    const text = textOf(one['content']);
    return text === null ? [] : [{ role: one['role'], text }];
  });
  return spoken.length === all.length ? spoken : null;
}

const systemRoles: ReadonlySet<string> = new Set(['system', 'developer']);

const parameters: readonly [setting: string, names: readonly string[], least: number, most: number, isWhole?: boolean][] = [
  ['temperature', ['temperature'], 0, 2],
  ['topP', ['top_p'], 0, 1],
  ['maxTokens', ['max_tokens', 'max_completion_tokens', 'max_output_tokens'], 1, 1_000_000, true],
  ['frequencyPenalty', ['frequency_penalty'], -2, 2],
  ['presencePenalty', ['presence_penalty'], -2, 2],
  ['seed', ['seed'], 0, 2_147_483_647, true],
];

function settingsOf(body: Body, systemPrompt: string): Replay['settings'] {
  const settings: Replay['settings'] = {};
  const model = body['model'];
  if (typeof model === 'string' && model !== '' && model.length <= modelCharsMax) settings['model'] = model;
  if (systemPrompt !== '') settings['systemPrompt'] = systemPrompt;
  for (const [setting, names, least, most, isWhole] of parameters) {
    const value = names.map((name) => body[name]).find((one) => typeof one === 'number');
    if (typeof value === 'number' && value >= least && value <= most && (!isWhole || Number.isInteger(value))) settings[setting] = value;
  }
  return settings;
}

/** Null for what no chat could repeat: a request that was cut, or one with more in it than texts of two voices. */
export function replayOf({ text, isTruncated }: { text: string | null; isTruncated: boolean }): Replay | null {
  if (text === null || isTruncated) return null;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isBody(body) || (Array.isArray(body['tools']) && body['tools'].length > 0)) return null;
  const spoken = spokenIn(body);
  if (spoken === null) return null;
  const systemPrompt = spoken.flatMap(({ role, text: said }) => (systemRoles.has(role) ? [said] : [])).join('\n\n');
  const voices = spoken.filter(({ role }) => !systemRoles.has(role));
  const said = voices.flatMap(({ role, text: content }): Said[] => (role === 'user' || role === 'assistant' ? [{ role, content }] : []));
  const isFit = said.length > 0 && said.length === voices.length && said.length <= messagesMax && systemPrompt.length <= promptCharsMax;
  if (!isFit || said.some(({ content }) => content.length > messageCharsMax)) return null;
  const last = said.at(-1);
  const question = last?.role === 'user' ? last.content : '';
  return { settings: settingsOf(body, systemPrompt), messages: question === '' ? said : said.slice(0, -1), question };
}
