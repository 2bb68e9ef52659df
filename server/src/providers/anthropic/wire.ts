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

/** What a model of this maker is able to do, read from its id. */
export interface ModelTraits {
  /** Thinking with a token budget. */
  hasBudget: boolean;
  /** Thinking that the model doses itself, with an effort. */
  isAdaptive: boolean;
  /** An effort above `high`. */
  hasExtraEffort: boolean;
  /** Refuses temperature other than 1, and top_k, whatever the version. */
  refusesSampling: boolean;
  /** Refuses temperature and top_p together. */
  refusesBoth: boolean;
  hasOutputFormat: boolean;
}

/** `claude-sonnet-4-5-20250929` is 4.5; `claude-3-7-sonnet-latest` is 3.7; `claude-sonnet-4-20250514` is 4.0. Unknown names count as current. */
function generationOf(model: string): { family: string; major: number; minor: number } {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const older = /^claude-(\d)(?:-(\d))?-([a-z]+)/.exec(name);
  if (older) return { family: older[3] ?? '', major: Number(older[1]), minor: Number(older[2] ?? 0) };
  const newer = /^claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])/.exec(name);
  if (newer) return { family: newer[1] ?? '', major: Number(newer[2]), minor: Number(newer[3] ?? 0) };
  if (/^claude-(v?[12]|instant)/.test(name)) return { family: '', major: 2, minor: 0 };
  return { family: '', major: 4, minor: 5 };
}

export function traitsOf(model: string): ModelTraits {
  const { family, major, minor } = generationOf(model);
  const from = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return {
    hasBudget: from(3, 7) && !from(4, 6),
    isAdaptive: from(4, 6),
    hasExtraEffort: from(4, 7),
    refusesSampling: from(4, 7),
    refusesBoth: from(4, 1),
    hasOutputFormat: from(4, 5) || (family === 'opus' && from(4, 1)),
  };
}
