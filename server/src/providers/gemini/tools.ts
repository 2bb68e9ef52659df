/** Functions, the choice among them, and answers in a given JSON form, in Google's words. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { allowedOf, described, nameOf } from '../content.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { isEmptyObject, smallSchemaOf } from './schema.ts';
import type { ModelTraits } from './wire.ts';

interface Declared {
  functions: Json[];
  /** Google's own tools, said by a caller who knows them: search, code execution and the like. */
  own: Json[];
  isStrict: boolean;
}

function parametersOf(schema: unknown, traits: ModelTraits, lose: () => void): Json {
  if (!isRecord(schema)) return {};
  if (traits.hasJsonSchema) return { parametersJsonSchema: schema };
  // Older models refuse an object without members; a function without parameters is said by silence.
  if (isEmptyObject(schema)) return {};
  const small = smallSchemaOf({ type: 'object', ...schema });
  if (small.isLossy) lose();
  return { parameters: small.schema };
}

function declared(request: ChatRequest, traits: ModelTraits, changed: Change[]): Declared {
  const found: Declared = { functions: [], own: [], isStrict: false };
  const lost = new Set<string>();
  const lose = (parameter: string, what: Change['what']): void => {
    if (!lost.has(parameter)) changed.push({ parameter, what });
    lost.add(parameter);
  };
  const declare = (fn: Json): void => {
    const description = text(fn['description']);
    const parameters = parametersOf(fn['parameters'], traits, () => lose('tools.function.parameters', 'approximated'));
    found.functions.push({ name: text(fn['name']) ?? '', ...(description !== undefined && { description }), ...parameters });
    found.isStrict ||= fn['strict'] === true;
  };
  for (const tool of list(request.tools)) {
    if (!isRecord(tool)) continue;
    if (isRecord(tool['function'])) declare(tool['function']);
    else if (tool['type'] === undefined) found.own.push(tool);
    else lose(`tools.${text(tool['type']) ?? 'type'}`, 'dropped');
    if (tool['cache_control'] !== undefined) lose('tools.cache_control', 'dropped');
  }
  const legacy = list(request['functions']).filter(isRecord);
  for (const fn of legacy) declare(fn);
  if (legacy.length > 0) changed.push({ parameter: 'functions', what: 'renamed', to: 'tools' });
  return found;
}

interface Choice {
  mode: 'AUTO' | 'NONE' | 'ANY' | null;
  /** Names that may be called, where the caller allowed only some of the functions. */
  only: readonly string[] | null;
}

const modeOf: Readonly<Record<string, Choice['mode']>> = { auto: 'AUTO', none: 'NONE', required: 'ANY', any: 'ANY' };

function choiceOf(wanted: unknown, changed: Change[]): Choice {
  if (wanted === undefined || wanted === null) return { mode: null, only: null };
  if (typeof wanted === 'string' && Object.hasOwn(modeOf, wanted)) return { mode: modeOf[wanted] ?? null, only: null };
  if (isRecord(wanted)) {
    const allowed = allowedOf(wanted);
    if (allowed) return { mode: allowed.mode === 'required' ? 'ANY' : 'AUTO', only: allowed.only };
    const name = nameOf(wanted);
    if (name !== '') return { mode: 'ANY', only: [name] };
  }
  changed.push({ parameter: 'tool_choice', what: 'dropped' });
  return { mode: null, only: null };
}

/** A strict function keeps to its schema: a forced one does so anyway, a free one in the mode that checks it. */
function checkedMode(mode: Choice['mode'], isStrict: boolean, traits: ModelTraits, changed: Change[]): string | null {
  if (!isStrict || mode === 'ANY' || mode === 'NONE') return mode;
  if (traits.hasJsonSchema) return 'VALIDATED';
  changed.push({ parameter: 'tools.function.strict', what: 'dropped' });
  return mode;
}

/** Writes `tools` and `toolConfig` into a body. TRUE where the model may call functions. */
export function putTools(request: ChatRequest, body: Json, traits: ModelTraits, changed: Change[]): boolean {
  const { functions, own, isStrict } = declared(request, traits, changed);
  const { mode, only } = choiceOf(request.tool_choice ?? request['function_call'], changed);
  // Names can be given to a forced choice alone; of a free one the other functions are left out, which says the same.
  const offered = only === null || mode === 'ANY' ? functions : functions.filter((fn) => only.includes(text(fn['name']) ?? ''));
  if (request['parallel_tool_calls'] === false && offered.length > 0) changed.push({ parameter: 'parallel_tool_calls', what: 'dropped' });
  const tools = [...(offered.length > 0 ? [{ functionDeclarations: offered }] : []), ...own];
  if (tools.length > 0) body['tools'] = tools;
  if (offered.length === 0) return false;
  const said = checkedMode(mode, isStrict, traits, changed);
  if (said !== null)
    body['toolConfig'] = { functionCallingConfig: { mode: said, ...(said === 'ANY' && only !== null && { allowedFunctionNames: only }) } };
  return true;
}

/** Writes the form of the answer into a `generationConfig`. Older models give a form or call functions, never both. */
export function putFormat(request: ChatRequest, config: Json, traits: ModelTraits, hasFunctions: boolean, changed: Change[]): void {
  const format = request['response_format'];
  const type = member(format, 'type');
  if (type === undefined || type === 'text') return;
  const form = member(format, 'json_schema');
  const said = member(form, 'schema');
  const schema = isRecord(said) ? described(said, member(form, 'description')) : undefined;
  const isSchema = type === 'json_schema' && schema !== undefined;
  if ((!isSchema && type !== 'json_object') || (hasFunctions && !traits.hasFormWithTools)) {
    changed.push({ parameter: 'response_format', what: 'dropped' });
    return;
  }
  config['responseMimeType'] = 'application/json';
  if (!isSchema) {
    changed.push({ parameter: 'response_format', what: 'renamed', to: 'responseMimeType' });
    return;
  }
  if (traits.hasJsonSchema) {
    config['responseJsonSchema'] = schema;
    changed.push({ parameter: 'response_format', what: 'renamed', to: 'responseJsonSchema' });
    return;
  }
  const small = smallSchemaOf(schema);
  config['responseSchema'] = small.schema;
  changed.push({ parameter: 'response_format', what: small.isLossy ? 'approximated' : 'renamed', to: 'responseSchema' });
}
