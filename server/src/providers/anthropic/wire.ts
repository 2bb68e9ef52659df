/** The parts of Anthropic's Messages wire that the house reads or writes; the rest travels as it came. */
import { member, type Json } from '../shape.ts';

/** The two versions that are in use; the newer one refuses sampling parameters altogether. */
export type ApiVersion = '2023-06-01' | '2026-10-21';
export const apiVersions: readonly ApiVersion[] = ['2023-06-01', '2026-10-21'];
export const apiVersionDefault: ApiVersion = '2023-06-01';

/** A content block: `type` is all that every block has. */
export interface Block extends Json {
  type: string;
}

const plainKeys: ReadonlySet<string> = new Set(['type', 'text', 'id', 'name', 'input']);

/** What a member says without meaning anything: every call of today names its caller, and nearly all of them were called by the model itself. */
const saysNothing = (key: string, value: unknown): boolean =>
  value === null || value === undefined || (key === 'caller' && member(value, 'type') === 'direct');

/** TRUE for a block that the house's message says completely: plain text, or a plain call. */
export const isPlain = (block: Json): boolean =>
  (block['type'] === 'text' || block['type'] === 'tool_use') &&
  Object.entries(block).every(([key, value]) => plainKeys.has(key) || saysNothing(key, value));

export interface Turn {
  role: 'user' | 'assistant';
  content: Block[];
}

/** The tool that stands for a JSON answer at models without an output format. Nobody else calls a tool so. */
export const jsonToolName = 'patchbay_json_answer';

/** Fields of this wire that a caller of the house's wire may say in Anthropic's own words; they pass as they are. */
export const nativeFields: readonly string[] = [
  'thinking',
  'output_config',
  'container',
  'mcp_servers',
  'context_management',
  'cache_control',
  'inference_geo',
  'speed',
  'diagnostics',
];
