/** The house language: OpenAI's Chat Completions, as far as the house itself reads it. What it does not read passes on untouched. */

/** A parsed request body. Only the named fields are checked here; every other field is the provider's business. */
export interface ChatRequest {
  model?: string;
  messages?: unknown;
  stream?: boolean;
  stream_options?: { include_usage?: boolean; [key: string]: unknown } | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  stop?: string | string[] | null;
  tools?: unknown;
  tool_choice?: unknown;
  [key: string]: unknown;
}

export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: {
    cached_tokens?: number;
    cache_write_tokens?: number;
    cache_write_1h_tokens?: number;
    [key: string]: unknown;
  } | null;
  completion_tokens_details?: { reasoning_tokens?: number; [key: string]: unknown } | null;
  /** The tier that served the answer, where it is not the standard one. */
  service_tier?: string;
}

export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** What Chat Completions cannot say travels beside it under one name, so that a round trip loses nothing. */
export interface Extension {
  /** Blocks of the vendor, kept as they came: thinking with signatures, citations, server tools, unknown ones. */
  blocks?: unknown[];
  [key: string]: unknown;
}

/**
 * What only one wire can say, kept as it came there beside the nearest thing that the house can say: on a part, a tool, a
 * message or the request itself, under `patchbay`. A provider of that wire gets it back; for every other it is left out.
 */
export interface Native {
  /** The wire that it came by: `messages`, `responses`. */
  wire: string;
  /** Stands in place of a part or a tool; its members are put into a message or the request. */
  native: unknown;
  /** What other wires do not get, by name, for the report. Empty where the house's words say it all. */
  lost: readonly string[];
  /** What other wires get something like, by name. */
  approximated?: readonly string[];
  /** The part or tool has no counterpart at all: other wires go without it. A message of a role that the house does not know is refused. */
  isOnly?: boolean;
  /** Fields of the request that say the same in the house's words, and give way to the native ones. */
  stands?: readonly string[];
}

export interface ChatMessage {
  role: 'assistant';
  content: string | null;
  refusal?: string | null;
  reasoning_content?: string;
  tool_calls?: ToolCall[];
  patchbay?: Extension;
  [key: string]: unknown;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call';

export interface ChatResponse {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: { index: number; message: ChatMessage; finish_reason: FinishReason | null; logprobs?: unknown; [key: string]: unknown }[];
  usage?: ChatUsage | null;
  [key: string]: unknown;
}

export interface ChatDelta {
  role?: 'assistant';
  content?: string | null;
  reasoning_content?: string;
  refusal?: string | null;
  tool_calls?: { index: number; id?: string; type?: 'function'; function?: { name?: string; arguments?: string } }[];
  patchbay?: Extension;
  [key: string]: unknown;
}

export interface ChatChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: { index: number; delta: ChatDelta; finish_reason: FinishReason | null; [key: string]: unknown }[];
  usage?: ChatUsage | null;
  [key: string]: unknown;
}
