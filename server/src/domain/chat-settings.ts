/** What a chat's settings say to a provider: the fields of its request, in the house's names (D-40). Pure. */
import type { ChatSettings } from '@patchbay/contract/chats';

export type { ChatSettings };

/** Settings that stand for one field of the request. */
const fieldOf = {
  temperature: 'temperature',
  maxTokens: 'max_tokens',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  reasoningEffort: 'reasoning_effort',
  seed: 'seed',
  stop: 'stop',
  logitBias: 'logit_bias',
  mirostatTau: 'mirostat_tau',
  repeatLastN: 'repeat_last_n',
  repeatPenalty: 'repeat_penalty',
  tfsZ: 'tfs_z',
  useMmap: 'use_mmap',
  useMlock: 'use_mlock',
} as const satisfies Partial<Record<keyof ChatSettings, string>>;

/** What the free parameters may never say: the chat itself says it. */
const reserved: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'tools',
  'tool_choice',
  'patchbay',
  '__proto__',
  'constructor',
  'prototype',
]);

/** The request's parameters; a field of its own wins over a free parameter of the same name. */
export function parametersOf(settings: ChatSettings): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings.parameters ?? {})) if (!reserved.has(name)) fields[name] = value;
  for (const [setting, field] of Object.entries(fieldOf)) {
    const value = settings[setting as keyof typeof fieldOf];
    if (value !== null && value !== undefined) fields[field] = value;
  }
  return fields;
}

/** The whole body of a request, as `/v1/chat/completions` would have come in. */
export function requestBodyOf(
  settings: ChatSettings,
  model: string | null,
  messages: readonly { role: 'user' | 'assistant'; content: string }[],
): Record<string, unknown> {
  const system =
    settings.systemPrompt === null || settings.systemPrompt.trim() === '' ? [] : [{ role: 'system', content: settings.systemPrompt }];
  return {
    ...(model !== null && { model }),
    messages: [...system, ...messages.map(({ role, content }) => ({ role, content }))],
    ...parametersOf(settings),
    stream: settings.stream !== false,
  };
}
