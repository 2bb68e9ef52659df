/** Tools of the Responses wire and the choice among them, in the house's words. */
import type { ChatRequest, Native } from '../../domain/chat.ts';
import { isRecord, list, member, parseJson, text, type Json } from '../../providers/shape.ts';

export const wireId = 'responses';

/** A free-form tool is a function with one text elsewhere, under this name. */
const customField = 'input';

export const customArguments = (input: string): string => JSON.stringify({ [customField]: input });

/** The text again; what came otherwise is handed over as it is. */
export const customInput = (args: string): string => text(member(parseJson(args), customField)) ?? args;

const nativeTool = (tool: Json, lost: readonly string[], isOnly = false): Native => ({
  wire: wireId,
  native: tool,
  lost,
  ...(isOnly && { isOnly }),
});

const functionKeys: ReadonlySet<string> = new Set(['type', 'name', 'description', 'parameters', 'strict']);

function functionTool(tool: Json): Json {
  const lost = Object.keys(tool).filter((key) => !functionKeys.has(key) && tool[key] !== null && tool[key] !== undefined);
  return {
    type: 'function',
    function: {
      name: text(tool['name']) ?? '',
      ...(text(tool['description']) !== undefined && { description: tool['description'] }),
      ...(isRecord(tool['parameters']) && { parameters: tool['parameters'] }),
      ...(typeof tool['strict'] === 'boolean' && { strict: tool['strict'] }),
    },
    ...(lost.length > 0 && { patchbay: nativeTool(tool, lost) }),
  };
}

function customTool(tool: Json): Json {
  const hasGrammar = isRecord(tool['format']) && tool['format']['type'] !== 'text';
  return {
    type: 'function',
    function: {
      name: text(tool['name']) ?? '',
      ...(text(tool['description']) !== undefined && { description: tool['description'] }),
      parameters: { type: 'object', properties: { [customField]: { type: 'string' } }, required: [customField] },
    },
    patchbay: nativeTool(tool, hasGrammar ? ['format'] : []),
  };
}

function toolOf(tool: unknown): Json | null {
  if (!isRecord(tool)) return null;
  if (tool['type'] === 'function') return functionTool(tool);
  if (tool['type'] === 'custom') return customTool(tool);
  return { type: text(tool['type']) ?? 'unknown', patchbay: nativeTool(tool, [], true) };
}

const named = (name: unknown): Json => ({ type: 'function', function: { name: text(name) ?? '' } });

const isFunction = (tool: unknown): boolean => member(tool, 'type') === 'function' || member(tool, 'type') === 'custom';

/** The choice; null for one that means a tool which runs at the provider, and for one that nobody here knows. */
function choiceOf(choice: unknown): unknown {
  if (typeof choice === 'string') return choice;
  if (isFunction(choice)) return named(member(choice, 'name'));
  const mode = member(choice, 'mode') ?? 'auto';
  if (member(choice, 'type') !== 'allowed_tools' || (mode !== 'auto' && mode !== 'required')) return null;
  const tools = list(member(choice, 'tools'))
    .filter(isFunction)
    .map((tool) => named(member(tool, 'name')));
  return { type: 'allowed_tools', allowed_tools: { mode, tools } };
}

/** Writes tools and choice into a request; answers what of the choice others will miss: null for nothing. */
export function putTools(body: Json, request: ChatRequest): string | null {
  const tools = list(body['tools'])
    .map(toolOf)
    .filter((tool) => tool !== null);
  if (tools.length > 0) request.tools = tools;
  const asked = body['tool_choice'];
  if (asked === undefined || asked === null) return null;
  const choice = choiceOf(asked);
  if (choice === null) return 'tool_choice';
  request.tool_choice = choice;
  return list(member(asked, 'tools')).every(isFunction) ? null : 'tool_choice.tools';
}

/** Names of the free-form tools of a request: their calls are told as such. */
export const customNames = (tools: unknown): ReadonlySet<string> =>
  new Set(
    list(tools)
      .filter((tool) => member(tool, 'type') === 'custom')
      .map((tool) => text(member(tool, 'name')) ?? ''),
  );
