/** The parts of AWS's Converse wire that the house reads or writes, and what its families of models differ in. */
import { traitsOf, type ModelTraits } from '../claude-models.ts';
import type { Json } from '../shape.ts';

/** One piece of a message: `text`, `toolUse`, `reasoningContent` and so on, told apart by the member that is there. */
export type Part = Json;

export interface Turn {
  role: 'user' | 'assistant';
  content: Part[];
}

/**
 * Fields that a caller may say in the words of this wire; they pass as they are. Tiers and faster runs have other prices than
 * the book knows, so that a budget could be overrun: they are not among them.
 */
export const nativeFields: readonly string[] = ['guardrailConfig', 'requestMetadata', 'additionalModelResponseFieldPaths'];

/** What a model's own fields may never say: the limit of the answer stands in its place, where a budget has set it. */
export const limitNames: ReadonlySet<string> = new Set([
  'max_tokens',
  'maxTokens',
  'max_completion_tokens',
  'max_tokens_to_sample',
  'max_gen_len',
  'maxTokenCount',
  'max_new_tokens',
  'inferenceConfig',
  'n',
  'num_generations',
  'numResults',
]);

/** What a marker of the house's wire becomes: the prefix up to here is kept. */
export function cachePointOf(marker: unknown): Part {
  const ttl = typeof marker === 'object' && marker !== null ? (marker as { ttl?: unknown }).ttl : undefined;
  return { cachePoint: { type: 'default', ...((ttl === '1h' || ttl === '5m') && { ttl }) } };
}

export type Family = 'claude' | 'nova' | 'gpt-oss' | 'other';

/** `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, an inference profile's address and `amazon.nova-pro-v1:0` alike. */
export function familyOf(model: string): Family {
  const name = model.toLowerCase();
  if (name.includes('anthropic.') || name.includes('claude')) return 'claude';
  if (name.includes('amazon.nova')) return 'nova';
  return name.includes('gpt-oss') ? 'gpt-oss' : 'other';
}

/** What a Claude model can do; an address of one's own says nothing of it, and counts as current. */
export function claudeTraits(model: string): ModelTraits {
  const at = model.search(/claude/i);
  return traitsOf(at < 0 ? model : model.slice(at));
}

/** Image formats of this wire, by their media types. */
export const imageFormats: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

export const documentFormats: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

export const videoFormats: Readonly<Record<string, string>> = {
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
  'video/x-matroska': 'mkv',
  'video/mpeg': 'mpeg',
};
