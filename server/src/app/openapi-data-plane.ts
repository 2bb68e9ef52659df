/** `/v1` and `/ollama` in the words of OpenAPI: their routes have no schemas of ours, since each body is the vendor's wire and is passed on as it is. */
import { operations } from '../providers/operations/operations.ts';

type Json = Record<string, unknown>;

/** What any of them can answer besides a success; the shape is that of the wire it was asked on. */
const refusals = [400, 401, 402, 403, 404, 405, 409, 413, 415, 429, 499, 500, 502, 503, 504] as const;
const chatError = { $ref: '#/components/schemas/DataPlaneError' };
const messagesError = { $ref: '#/components/schemas/MessagesError' };

interface Wire {
  path: string;
  method?: 'get' | 'post' | 'delete';
  operationId: string;
  summary: string;
  /** Fields that the vendor's document demands, by their types; all others are taken and passed on. */
  body?: { required: Json; others?: Json; isForm?: boolean };
  parameters?: readonly string[];
  answers?: readonly string[];
  error?: Json;
}

const text = { type: 'string' };
const objects = { type: 'array', items: { type: 'object' } };
const flag = { type: 'boolean' };
const json = ['application/json'];
const jsonOrStream = ['application/json', 'text/event-stream'];

/** Sources: platform.openai.com/docs/api-reference, docs.anthropic.com/en/api; Cohere's and Jina's wire for reranking. */
const wires: readonly Wire[] = [
  {
    path: '/v1/chat/completions',
    operationId: 'createChatCompletion',
    summary: 'A completion of a chat, whole or as a stream, by any provider',
    body: { required: { messages: objects }, others: { model: text, stream: flag } },
    answers: jsonOrStream,
  },
  {
    path: '/v1/responses',
    operationId: 'createResponse',
    summary: 'A response on the wire of OpenAI Responses, by any provider',
    body: { required: { input: { anyOf: [text, objects] } }, others: { model: text, stream: flag, previous_response_id: text } },
    answers: jsonOrStream,
  },
  { path: '/v1/responses/{id}', method: 'get', operationId: 'getResponse', summary: 'A kept response', parameters: ['id'] },
  { path: '/v1/responses/{id}', method: 'delete', operationId: 'deleteResponse', summary: 'Forget a kept response', parameters: ['id'] },
  {
    path: '/v1/responses/{id}/input_items',
    method: 'get',
    operationId: 'listResponseInput',
    summary: 'What a kept response was asked with',
    parameters: ['id'],
  },
  {
    path: '/v1/messages',
    operationId: 'createMessage',
    summary: 'A message on the wire of Anthropic Messages, by any provider',
    body: { required: { model: text, messages: objects, max_tokens: { type: 'integer' } }, others: { stream: flag } },
    answers: jsonOrStream,
    error: messagesError,
  },
  {
    path: '/v1/messages/count_tokens',
    operationId: 'countMessageTokens',
    summary: 'How many tokens a message would have',
    body: { required: { model: text, messages: objects } },
    error: messagesError,
  },
  {
    path: '/v1/route/explain',
    operationId: 'explainRoute',
    summary: 'Who would be asked, at what price, and what would be changed on the way; nobody is asked',
    body: { required: {}, others: { model: text, messages: objects } },
  },
  { path: '/v1/models', method: 'get', operationId: 'listModels', summary: 'The models that this caller may name' },
  { path: '/v1/models/{id}', method: 'get', operationId: 'getModel', summary: 'One model with what it can do', parameters: ['id'] },
];

const bodies: Readonly<Record<string, { summary: string; required: Json }>> = {
  embeddings: { summary: 'Embeddings of texts', required: { input: { anyOf: [text, { type: 'array' }] } } },
  completions: { summary: 'The older wire that goes on with a text', required: { prompt: { anyOf: [text, { type: 'array' }] } } },
  moderations: { summary: 'Whether texts are harmful', required: { input: { anyOf: [text, { type: 'array' }] } } },
  rerank: { summary: 'Documents in the order of their relevance', required: { query: text, documents: { type: 'array' } } },
  'images.generations': { summary: 'Pictures from a text', required: { prompt: text } },
  'images.edits': { summary: 'Pictures changed by a text', required: { prompt: text } },
  'audio.speech': { summary: 'A text spoken', required: { input: text, voice: {} } },
  'audio.transcriptions': {
    summary: 'Speech as text',
    required: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
  },
  'audio.translations': {
    summary: 'Speech as English text',
    required: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
  },
};

const operationIdOf = (id: string): string => `create${id.replaceAll(/(?:^|\.)([a-z])/g, (_all, letter: string) => letter.toUpperCase())}`;

const operationWires: readonly Wire[] = Object.values(operations).map(({ id, path, takes, answers }) => ({
  path: `/v1${path}`,
  operationId: operationIdOf(id),
  summary: bodies[id]!.summary,
  body: { required: bodies[id]!.required, others: { model: text }, isForm: takes === 'form' },
  answers: answers === 'bytes' ? ['application/octet-stream'] : json,
}));

/** docs.ollama.com/api, below an address of its own. */
const asked = { required: { model: text }, others: { stream: flag } };
const jsonOrLines = ['application/json', 'application/x-ndjson'];
const ollamaWires: readonly Wire[] = [
  { path: 'chat', operationId: 'ollamaChat', summary: "A chat on Ollama's wire, by any provider", body: asked, answers: jsonOrLines },
  { path: 'generate', operationId: 'ollamaGenerate', summary: "A prompt on Ollama's wire", body: asked, answers: jsonOrLines },
  { path: 'embed', operationId: 'ollamaEmbed', summary: "Embeddings of texts on Ollama's wire", body: asked },
  { path: 'embeddings', operationId: 'ollamaEmbeddings', summary: "The embedding of one text on Ollama's older wire", body: asked },
  { path: 'show', operationId: 'ollamaShow', summary: 'What a model can do', body: { required: { model: text } } },
  { path: 'tags', method: 'get', operationId: 'ollamaTags', summary: 'The models that this caller may name' },
  { path: 'ps', method: 'get', operationId: 'ollamaPs', summary: 'Models that are loaded here: none' },
  { path: 'version', method: 'get', operationId: 'ollamaVersion', summary: 'The version of the wire' },
].map((wire) => ({ ...wire, path: `/ollama/api/${wire.path}`, error: { $ref: '#/components/schemas/OllamaError' } }) as Wire);

const contentOf = (types: readonly string[], schema: Json): Json => Object.fromEntries(types.map((type) => [type, { schema }]));

function bodyOf({ required, others, isForm }: NonNullable<Wire['body']>): Json {
  const schema = { type: 'object', properties: { ...required, ...others }, required: Object.keys(required), additionalProperties: true };
  return { required: true, content: contentOf([isForm ? 'multipart/form-data' : 'application/json'], schema) };
}

function operationOf(wire: Wire): Json {
  const failed = { description: 'Refused, or failed at the provider', content: contentOf(json, wire.error ?? chatError) };
  return {
    operationId: wire.operationId,
    summary: wire.summary,
    tags: ['data plane'],
    security: [{ accessKey: [] }],
    ...(wire.parameters ? { parameters: wire.parameters.map((name) => ({ name, in: 'path', required: true, schema: text })) } : {}),
    ...(wire.body ? { requestBody: bodyOf(wire.body) } : {}),
    responses: {
      200: { description: 'Answered', content: contentOf(wire.answers ?? json, {}) },
      ...Object.fromEntries(refusals.map((status) => [status, failed])),
    },
  };
}

const errorWith = (properties: Json): Json => ({ type: 'object', properties, required: Object.keys(properties) });
const code = { type: ['string', 'null'] };

/** The schemas of the data plane's errors. */
export const dataPlaneSchemas: Json = {
  DataPlaneError: errorWith({ error: errorWith({ message: text, type: text, param: code, code }) }),
  MessagesError: errorWith({ type: { const: 'error' }, error: errorWith({ type: text, message: text }) }),
  OllamaError: errorWith({ error: text }),
};

/** `paths` of the data plane. */
export function dataPlanePaths(): Record<string, Json> {
  const paths: Record<string, Json> = {};
  for (const wire of [...wires, ...operationWires, ...ollamaWires]) (paths[wire.path] ??= {})[wire.method ?? 'post'] = operationOf(wire);
  return paths;
}
