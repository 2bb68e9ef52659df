/** The providers that the product names itself, one row each: the first choices of every form. */
import { hosted, local, type ProviderRow } from './row.ts';

/** Vendors that know `max_tokens` alone. */
const olderLimit = { max_completion_tokens: 'max_tokens' };

/** Models of OpenAI's that answer by Responses alone (platform.openai.com, models). */
const responsesOnly = /^(o[13]-pro|gpt-5(\.\d+)?-pro|gpt-5(\.\d+)?-codex|codex-mini|computer-use-preview|o[34](-mini)?-deep-research)/;

/** The models of the older wire that goes on with a text; every other one answers there with 404 (platform.openai.com, completions). */
const olderModels = /instruct|^(davinci|babbage)-002/;

/** They fail in the way that their names say, so that anybody can see what an application does then. */
const demoFailures = ['demo-fail-401', 'demo-fail-429', 'demo-fail-500', 'demo-fail-timeout', 'demo-fail-midstream'];

/** What both houses that run these models offer besides conversations. */
const openAiOperations = {
  embeddings: {},
  completions: { models: olderModels },
  'images.generations': {},
  'images.edits': {},
  'audio.speech': {},
  'audio.transcriptions': {},
  'audio.translations': {},
} satisfies ProviderRow['operations'];

/** What is the same at both of Google's addresses. */
const google = {
  id: 'gemini',
  name: 'Google Gemini',
  aiType: 'GOOGLE',
  capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning', 'embeddings'],
  models: {
    default: 'gemini-3.5-flash',
    suggested: [
      'gemini-3.8-flash',
      'gemini-3.5-flash',
      'gemini-3.1-pro-preview',
      'gemini-2.5-pro',
      'gemini-2.5-flash',
      'gemini-2.5-flash-lite',
      'gemini-pro',
      'gemini-pro-vision',
    ],
  },
  retired: { 'gemini-pro': 'gemini-2.5-flash', 'gemini-pro-vision': 'gemini-2.5-flash' },
  keyPage: 'https://aistudio.google.com/app/apikey',
  keyPrefix: 'AIza',
  keyHint: 'AIza...',
  priceId: 'google',
} satisfies Partial<ProviderRow>;

/** The same provider at its OpenAI-compatible address, which many people enter because other programs ask for it. */
const googleByOpenAi = hosted({
  ...google,
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
  operations: { embeddings: {}, 'images.generations': {} },
  // This endpoint answers 400 for a field that it does not know.
  drop: ['logit_bias', 'logprobs', 'top_logprobs', 'service_tier', 'metadata', 'prediction', 'top_k', 'safety_settings'],
  developerRole: 'system',
  docs: 'https://ai.google.dev/gemini-api/docs/openai',
});

/** What is the same at both of Ollama's addresses. */
const ollama = {
  id: 'ollama',
  keepsModels: true,
  name: 'Ollama',
  capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning', 'embeddings'],
  models: { default: 'llama3', suggested: ['llama3', 'mistral', 'llama3.2', 'qwen3', 'gemma3', 'deepseek-r1', 'gpt-oss:20b'] },
} satisfies Partial<ProviderRow>;

/** The same server at its OpenAI-compatible address, for those who enter `/v1`: bytes pass through, and the options are lost. */
const ollamaByOpenAi = local({
  ...ollama,
  baseUrl: 'http://localhost:11434/v1',
  operations: { embeddings: {}, completions: {} },
  rename: olderLimit,
  // This endpoint passes over these without a word, which would be a silent loss.
  drop: ['top_k', 'repeat_penalty', 'num_ctx', 'keep_alive', 'logit_bias', 'user', 'n', 'parallel_tool_calls'],
  docs: 'https://docs.ollama.com/api/openai-compatibility',
});

export const firstRows: readonly ProviderRow[] = [
  hosted({
    id: 'openai',
    name: 'OpenAI',
    aiType: 'OPENAI',
    baseUrl: 'https://api.openai.com/v1',
    // Most callers name no model for it, and mean this one (platform.openai.com, moderations).
    operations: { ...openAiOperations, moderations: { default: 'omni-moderation-latest' } },
    hosts: ['.api.openai.com'],
    capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning', 'embeddings', 'audio', 'images'],
    families: 'openai',
    responses: { models: responsesOnly },
    models: {
      default: 'gpt-4o',
      suggested: [
        'gpt-4o',
        'gpt-4o-mini',
        'gpt-5.5',
        'gpt-5-mini',
        'gpt-5-nano',
        'gpt-4.1',
        'o3',
        'o4-mini',
        'gpt-4-turbo',
        'gpt-3.5-turbo',
      ],
    },
    keyPage: 'https://platform.openai.com/api-keys',
    keyPrefix: 'sk-',
    keyHint: 'sk-proj-...',
    priceId: 'openai',
    docs: 'https://platform.openai.com/docs/api-reference/chat',
  }),
  hosted({
    id: 'anthropic',
    name: 'Anthropic',
    aiType: 'ANTHROPIC',
    protocol: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    paths: { '': '/v1' },
    auth: { kind: 'header', header: 'x-api-key' },
    capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning'],
    models: {
      default: 'claude-sonnet-5',
      suggested: [
        'claude-opus-5-5',
        'claude-sonnet-5',
        'claude-haiku-4-5',
        'claude-sonnet-4-6',
        'claude-opus-4-6',
        'claude-3-5-sonnet-20240620',
      ],
    },
    keyPage: 'https://console.anthropic.com/settings/keys',
    keyPrefix: 'sk-ant-',
    keyHint: 'sk-ant-...',
    priceId: 'anthropic',
    reportsUsageInStream: 'always',
    docs: 'https://platform.claude.com/docs/en/api/messages',
  }),
  hosted({
    ...google,
    protocol: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    operations: { embeddings: {} },
    paths: { '': '/v1beta', '/v1': '/v1beta' },
    wires: [{ pathEnd: '/openai', row: googleByOpenAi }],
    auth: { kind: 'header', header: 'x-goog-api-key' },
    reportsUsageInStream: 'always',
    docs: 'https://ai.google.dev/api/generate-content',
  }),
  hosted({
    ...google,
    id: 'vertex',
    name: 'Google Vertex AI',
    aiType: 'OTHER',
    protocol: 'gemini',
    addressing: 'vertex',
    baseUrl: 'https://aiplatform.googleapis.com/v1',
    hosts: ['*-aiplatform.googleapis.com'],
    paths: { '': '/v1' },
    listsModels: false,
    // The JSON key file of a service account, or an API key of the express mode.
    auth: { kind: 'service_account', header: 'x-goog-api-key' },
    keyPage: 'https://console.cloud.google.com/iam-admin/serviceaccounts',
    keyPrefix: null,
    keyHint: '{"type": "service_account", ...}',
    reportsUsageInStream: 'always',
    docs: 'https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference',
  }),
  hosted({
    id: 'deepseek',
    name: 'DeepSeek',
    baseUrl: 'https://api.deepseek.com',
    capabilities: ['chat', 'stream', 'tools', 'json', 'reasoning'],
    rename: olderLimit,
    // Not among the parameters of its reference, and passed over (api-docs.deepseek.com, create chat completion).
    drop: ['logit_bias', 'n', 'seed', 'user', 'parallel_tool_calls', 'service_tier', 'store', 'metadata', 'prediction'],
    modelDrops: [
      // Taken without a word and without effect, the last two refused (api-docs.deepseek.com, reasoning model).
      {
        models: /^deepseek-reasoner/,
        drop: ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs'],
      },
      // "setting these parameters will not trigger an error" and does nothing (api-docs.deepseek.com/guides/thinking_mode).
      { models: /^deepseek-(v[4-9]|flash|pro)/, drop: ['temperature', 'presence_penalty', 'frequency_penalty'], whileThinking: true },
    ],
    // What it makes of them itself (the same page); said here, so that the caller learns of it.
    values: [{ field: 'reasoning_effort', to: { minimal: 'low', medium: 'high', xhigh: 'high', ultra: 'max' } }],
    developerRole: 'system',
    models: {
      // The older names were switched off on 2026-07-24; they stay suggested, and are shown as retired (R-025, C-38).
      default: 'deepseek-flash',
      suggested: ['deepseek-chat', 'deepseek-reasoner', 'deepseek-flash', 'deepseek-v4-flash', 'deepseek-v4-pro', 'deepseek-coder'],
    },
    retired: { 'deepseek-coder': 'deepseek-chat' },
    keyPage: 'https://platform.deepseek.com/api_keys',
    keyPrefix: 'sk-',
    keyHint: 'sk-...',
    priceId: 'deepseek',
    docs: 'https://api-docs.deepseek.com',
  }),
  hosted({
    id: 'azure-openai',
    name: 'Azure OpenAI',
    baseUrl: null,
    operations: openAiOperations,
    hosts: ['.openai.azure.com', '.cognitiveservices.azure.com', '.services.ai.azure.com'],
    addressing: 'deployments',
    auth: { kind: 'header', header: 'api-key' },
    capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning', 'embeddings', 'audio', 'images'],
    families: 'openai',
    responses: { models: responsesOnly },
    models: { default: null, suggested: ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-5'] },
    keyPage: 'https://portal.azure.com',
    keyHint: 'Key 1',
    priceId: 'azure',
    docs: 'https://learn.microsoft.com/azure/ai-services/openai/reference',
  }),
  local({
    ...ollama,
    protocol: 'ollama',
    baseUrl: 'http://localhost:11434',
    operations: { embeddings: {} },
    // People paste the address of an endpoint too; the longer ones hold nothing that is kept.
    paths: { '/api': '', '/api/chat': '', '/api/generate': '', '/api/tags': '' },
    wires: [{ pathEnd: '/v1', row: ollamaByOpenAi }],
    reportsUsageInStream: 'always',
    docs: 'https://docs.ollama.com/api/chat',
  }),
  local({
    id: 'vllm',
    name: 'vLLM',
    baseUrl: 'http://localhost:8000/v1',
    operations: { embeddings: {}, completions: {}, rerank: {}, 'audio.transcriptions': {}, 'audio.translations': {} },
    capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning', 'embeddings'],
    rename: { repeat_penalty: 'repetition_penalty' },
    // Passed over (docs.vllm.ai, online serving).
    drop: ['user'],
    models: { default: 'llama3', suggested: ['llama3', 'mistral'] },
    docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
  }),
  hosted({
    id: 'custom',
    name: 'Custom (OpenAI-compatible)',
    baseUrl: null,
    // A server that lacks one of these says so itself; nobody else can know.
    operations: { ...openAiOperations, completions: {}, moderations: {}, rerank: {} },
    needsSecret: false,
    responses: { models: null },
    capabilities: ['chat', 'stream', 'tools', 'vision', 'json', 'reasoning', 'embeddings'],
    docs: 'https://platform.openai.com/docs/api-reference/chat',
  }),
  local({
    id: 'demo',
    name: 'Demo (built in)',
    baseUrl: null,
    isInternal: true,
    capabilities: ['chat', 'stream', 'tools'],
    models: { default: 'demo-small', suggested: ['demo-small', 'demo-large', ...demoFailures] },
  }),
];
