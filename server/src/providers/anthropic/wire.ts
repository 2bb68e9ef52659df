/** The parts of Anthropic's Messages wire that the house reads or writes; the rest travels as it came. */
import type { Json } from '../shape.ts';

/** The two versions that are in use; the newer one refuses sampling parameters altogether. */
export type ApiVersion = '2023-06-01' | '2026-10-21';
export const apiVersions: readonly ApiVersion[] = ['2023-06-01', '2026-10-21'];
export const apiVersionDefault: ApiVersion = '2023-06-01';

/** A content block: `type` is all that every block has. */
export interface Block extends Json {
  type: string;
}

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
