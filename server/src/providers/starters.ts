/** What people start a connection with: a model and settings for a purpose, for the providers that are asked for most. */

/** What somebody wants of a model. */
export type Purpose = 'saver' | 'fast' | 'reasoning' | 'long' | 'code' | 'embeddings' | 'private';

export interface Starter {
  purpose: Purpose;
  model: string;
  /** As a form of this provider holds them; never a secret (D-28). */
  settings: Readonly<Record<string, unknown>>;
}

const starter = (purpose: Purpose, model: string, settings: Starter['settings'] = {}): Starter => ({ purpose, model, settings });

/** What is the same at both of Google's doors. Its page advises to leave Gemini 3 at the temperature that it has. */
const gemini: readonly Starter[] = [
  starter('fast', 'gemini-3.5-flash'),
  starter('saver', 'gemini-2.5-flash-lite', { maxOutputTokens: 2048 }),
  starter('reasoning', 'gemini-3.1-pro-preview', { reasoningEffort: 'high' }),
  starter('long', 'gemini-2.5-pro', { temperature: 0.2, maxOutputTokens: 16_384 }),
  starter('code', 'gemini-3.1-pro-preview', { reasoningEffort: 'medium', maxOutputTokens: 32_768 }),
];

const starters: Readonly<Record<string, readonly Starter[]>> = {
  openai: [
    starter('fast', 'gpt-4o', { temperature: 0.7 }),
    starter('saver', 'gpt-5-nano', { reasoningEffort: 'minimal', maxTokens: 2048 }),
    starter('reasoning', 'gpt-5.5', { reasoningEffort: 'high' }),
    starter('long', 'gpt-4.1', { temperature: 0.2, maxTokens: 8192 }),
    starter('code', 'gpt-5.3-codex', { reasoningEffort: 'medium' }),
    starter('embeddings', 'text-embedding-3-small'),
  ],
  anthropic: [
    starter('fast', 'claude-sonnet-5', { maxTokens: 4096 }),
    starter('saver', 'claude-haiku-4-5', { maxTokens: 1024 }),
    starter('reasoning', 'claude-opus-5-5', { reasoningEffort: 'high', maxTokens: 32_000 }),
    starter('long', 'claude-sonnet-4-6', { maxTokens: 8192 }),
    starter('code', 'claude-opus-5-5', { reasoningEffort: 'medium', maxTokens: 16_000 }),
  ],
  gemini: [...gemini, starter('embeddings', 'gemini-embedding-001')],
  vertex: gemini,
  // Temperatures as its page has them for conversations and for code (api-docs.deepseek.com/quick_start/parameter_settings).
  deepseek: [
    starter('fast', 'deepseek-chat', { temperature: 1.3 }),
    starter('saver', 'deepseek-v4-flash', { maxTokens: 2048 }),
    starter('reasoning', 'deepseek-reasoner', { maxTokens: 32_768 }),
    starter('code', 'deepseek-chat', { temperature: 0, maxTokens: 8192 }),
  ],
  ollama: [
    starter('private', 'llama3', { numCtx: 8192, keepAlive: '10m' }),
    starter('reasoning', 'deepseek-r1', { numCtx: 16_384 }),
    starter('long', 'qwen3', { numCtx: 32_768, temperature: 0.3 }),
    starter('code', 'qwen2.5-coder', { numCtx: 16_384, temperature: 0.2 }),
    starter('embeddings', 'nomic-embed-text'),
  ],
  vllm: [starter('private', 'llama3', { temperature: 0.7 })],
  groq: [
    starter('fast', 'llama-3.3-70b-versatile', { temperature: 0.6 }),
    starter('saver', 'llama-3.1-8b-instant', { maxTokens: 1024 }),
    starter('reasoning', 'openai/gpt-oss-120b', { reasoningEffort: 'high' }),
  ],
  mistral: [
    starter('fast', 'mistral-small-latest', { temperature: 0.3 }),
    starter('saver', 'ministral-8b-latest', { temperature: 0.3, maxTokens: 1024 }),
    starter('reasoning', 'magistral-medium-latest', { temperature: 0.7, maxTokens: 32_768 }),
    starter('long', 'mistral-large-2512', { temperature: 0.2, maxTokens: 8192 }),
    starter('code', 'codestral-latest', { temperature: 0.2, maxTokens: 8192 }),
    starter('embeddings', 'mistral-embed'),
  ],
  xai: [
    starter('fast', 'grok-4.3'),
    starter('reasoning', 'grok-4.6'),
    starter('long', 'grok-4-fast-reasoning', { temperature: 0.3 }),
    starter('code', 'grok-code-fast-1', { temperature: 0.2 }),
  ],
  openrouter: [
    starter('saver', 'deepseek/deepseek-chat', { maxTokens: 1024 }),
    starter('fast', 'openai/gpt-4o-mini', { temperature: 0.7 }),
    starter('long', 'google/gemini-2.5-flash', { temperature: 0.2 }),
    starter('code', 'anthropic/claude-sonnet-4.5', { maxTokens: 16_000 }),
  ],
  cohere: [
    starter('fast', 'command-a-03-2025', { temperature: 0.3 }),
    starter('saver', 'command-r7b-12-2024', { temperature: 0.3, maxTokens: 1024 }),
    starter('embeddings', 'embed-v4.0'),
  ],
  perplexity: [starter('fast', 'sonar'), starter('reasoning', 'sonar-reasoning-pro')],
};

/** Starters of a provider, the usual one first; empty where there are none. */
export const startersOf = (providerId: string): readonly Starter[] => (Object.hasOwn(starters, providerId) ? starters[providerId]! : []);
