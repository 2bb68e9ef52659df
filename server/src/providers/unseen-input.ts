/** What a request makes its provider read besides the bytes that are sent: tools that run at the vendor, and what is kept there under a name. */
import type { ChatRequest } from '../domain/chat.ts';
import type { Unseen } from '../domain/prompt-bound.ts';
import { memberValue } from '../lib/json-scan.ts';
import type { CallRequest } from './calling.ts';
import { isRecord, list, member, text, type Json } from './shape.ts';

/**
 * Tokens of instructions that a vendor puts before the tools of a request, whatever is said of them there: 530 at most with Claude
 * (platform.claude.com/docs/en/agents-and-tools/tool-use/overview, pricing).
 */
const toolPreambleTokensMax = 600;
/** One tool that a vendor has taught its models, and the caller runs: up to 735 for a screen, with 499 of instructions (the same page). */
const taughtToolTokensMax = 1_500;

/** Tools that the caller describes: what the model reads of them is in the request. */
const describedTypes: ReadonlySet<unknown> = new Set(['function', 'custom']);
const describedBy = ['function', 'name', 'input_schema', 'functionDeclarations', 'function_declarations'];
/** Tools that are described by the vendor, and run by the caller. */
const taughtTypes = /^((bash|text_editor|computer|memory)_\d{8}|local_shell|apply_patch|computer_use_preview|computer)$/;

/** Fields by which a vendor is told to look something up, or to read what it keeps; each with whoever has it. */
const fillingFields = [
  // OpenAI and Perplexity; xAI; OpenRouter; Alibaba; Cohere.
  'web_search_options',
  'search_parameters',
  'plugins',
  'enable_search',
  'connectors',
  // Azure's own data, Anthropic's connector and skills, Google's cache.
  'data_sources',
  'mcp_servers',
  'container',
  'cached_content',
  'cachedContent',
  // OpenAI's kept conversations.
  'previous_response_id',
  'conversation',
];

/** Models that look things up without being told to: OpenRouter's, OpenAI's and Perplexity's, Groq's. */
const lookingModels = /:online$|deep-research|^(groq\/)?compound/;

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);

/** Tokens that come with one tool; null where the vendor runs it, and puts what it found before the model. */
function toolTokensOf(tool: unknown): number | null {
  if (!isRecord(tool)) return 0;
  const type = tool['type'] ?? undefined;
  if (describedTypes.has(type)) return 0;
  if (typeof type === 'string' && taughtTypes.test(type)) return taughtToolTokensMax;
  return type === undefined && describedBy.some((name) => tool[name] !== undefined) ? 0 : null;
}

/** What stands in the body under a name: of another wire as the caller wrote it, else in the house's words or as the connection adds it. */
const sayingOf =
  ({ bytes, scan, wire }: Pick<CallRequest, 'bytes' | 'scan' | 'wire'>, body: ChatRequest) =>
  (name: string): unknown =>
    wire !== undefined && scan.members.has(name) ? memberValue(bytes, scan, name) : body[name];

const namesCache = (extra: unknown): boolean => {
  const google = member(extra, 'google');
  return isSaid(member(google, 'cached_content')) || isSaid(member(google, 'cachedContent'));
};

/** `body` is the request in the house's words, with what the connection adds. */
export function unseenInputOf(request: Pick<CallRequest, 'bytes' | 'scan' | 'wire'>, body: ChatRequest, model: string): Unseen {
  const said = sayingOf(request, body);
  const wire = request.wire?.id;
  const tools = list(said('tools'));
  const weights = tools.map(toolTokensOf);
  const hasTools =
    tools.length > 0 || list(said('functions')).length > 0 || isSaid(said('response_format')) || isSaid(said('output_config'));
  return {
    // The house's words leave out what only this wire can say, and a provider of the same wire gets the bytes.
    items: wire === 'responses' ? said('input') : wire === 'messages' ? said('messages') : undefined,
    addedTokens: (hasTools ? toolPreambleTokensMax : 0) + weights.reduce<number>((sum, tokens) => sum + (tokens ?? 0), 0),
    fillsWindow:
      weights.includes(null) ||
      fillingFields.some((name) => isSaid(said(name))) ||
      namesCache(said('extra_body')) ||
      lookingModels.test(model.toLowerCase()),
  };
}

/** Inputs of what is no conversation, by the names that the vendors have for them. */
export const inputsOf = (body: Json): unknown[] =>
  ['input', 'inputs', 'query', 'documents'].flatMap((name): unknown[] => {
    const said = body[name];
    return Array.isArray(said) ? said : text(said) === undefined ? [said] : [];
  });
