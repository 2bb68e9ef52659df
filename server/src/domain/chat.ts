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
  prompt_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number; [key: string]: unknown } | null;
  completion_tokens_details?: { reasoning_tokens?: number; [key: string]: unknown } | null;
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
