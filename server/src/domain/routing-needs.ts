/** What a request asks of a model, and which targets of a group cannot give it. */
import type { ChatRequest } from './chat.ts';

export interface Needs {
  tools: boolean;
  jsonSchema: boolean;
  /** Other kinds of input than text: `image`, `audio`, `file`. */
  input: readonly string[];
  /** Estimated tokens of the prompt; null where it is short enough for every target. */
  tokensIn: number | null;
  /** Where it must be computed, `eu`; null for anywhere. */
  region: string | null;
}

/** What is known of a target; null for what nobody says. Who is not known is not left out. */
export interface Abilities {
  tools: boolean | null;
  structuredOutput: boolean | null;
  input: readonly string[] | null;
  contextWindow: number | null;
  region: string | null;
}

export type Unfit = 'no_tools' | 'no_json_schema' | 'no_such_input' | 'too_long' | 'other_region';

const partKinds: Readonly<Record<string, string>> = { image_url: 'image', input_audio: 'audio', file: 'file' };

/** Kinds of input beside text, each once. */
function inputOf(messages: unknown): string[] {
  const kinds = new Set<string>();
  for (const message of Array.isArray(messages) ? (messages as unknown[]) : []) {
    const content = (message as { content?: unknown } | null)?.content;
    if (!Array.isArray(content)) continue;
    for (const part of content as unknown[]) {
      const kind = partKinds[String((part as { type?: unknown } | null)?.type)];
      if (kind !== undefined) kinds.add(kind);
    }
  }
  return [...kinds];
}

/** Reads a conversation's needs from its parsed body. */
export function needsOf(
  request: Pick<ChatRequest, 'messages'> & Readonly<Record<string, unknown>>,
): Pick<Needs, 'tools' | 'jsonSchema' | 'input'> {
  const format = request['response_format'];
  return {
    tools: Array.isArray(request['tools']) && request['tools'].length > 0,
    jsonSchema: typeof format === 'object' && format !== null && (format as { type?: unknown }).type === 'json_schema',
    input: inputOf(request.messages),
  };
}

/** Why a target cannot serve the request; null where it can, or where nobody knows. */
export function unfitFor(needs: Needs, able: Abilities): Unfit | null {
  if (needs.region !== null && able.region?.toLowerCase() !== needs.region.toLowerCase()) return 'other_region';
  if (needs.tools && able.tools === false) return 'no_tools';
  if (needs.jsonSchema && able.structuredOutput === false) return 'no_json_schema';
  if (able.input !== null && needs.input.some((kind) => !able.input!.includes(kind))) return 'no_such_input';
  if (needs.tokensIn !== null && able.contextWindow !== null && needs.tokensIn > able.contextWindow) return 'too_long';
  return null;
}

/**
 * The targets that can serve a request, and why the others cannot. A prompt's length is an estimate, so targets that it would only
 * be too long for are asked when no other is left; a region that was asked for is never left.
 */
export function fitting<Target>(
  needs: Needs,
  targets: readonly Target[],
  ableOf: (target: Target) => Abilities,
): { fit: Target[]; unfit: { target: Target; why: Unfit }[] } {
  const judged = targets.map((target) => ({ target, why: unfitFor(needs, ableOf(target)) }));
  const fit = judged.filter(({ why }) => why === null);
  const kept = fit.length > 0 ? fit : judged.filter(({ why }) => why === 'too_long');
  return {
    fit: kept.map(({ target }) => target),
    unfit: judged.flatMap(({ target, why }) => (why === null || kept.some((one) => one.target === target) ? [] : [{ target, why }])),
  };
}
