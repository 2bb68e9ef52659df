/** A request of the house as Ollama's chat request; what cannot be said there is named in the changes. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { answerFormOf, declaredFunctions, described, stopsOf, toolChoiceOf } from '../content.ts';
import { withDefaults } from '../defaults.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, text, type Json } from '../shape.ts';
import { commonFields, reportUnread } from '../unread-fields.ts';
import { messagesOf } from './messages.ts';

/** Options of a model's run (docs.ollama.com, modelfile parameters); they keep their names, at the top or under `options`. */
const optionNames: ReadonlySet<string> = new Set([
  'num_ctx',
  'num_predict',
  'num_keep',
  'num_batch',
  'num_gpu',
  'num_thread',
  'main_gpu',
  'use_mmap',
  'use_mlock',
  'numa',
  'low_vram',
  'temperature',
  'top_k',
  'top_p',
  'min_p',
  'typical_p',
  'tfs_z',
  'seed',
  'repeat_last_n',
  'repeat_penalty',
  'presence_penalty',
  'frequency_penalty',
  'penalize_newline',
  'mirostat',
  'mirostat_tau',
  'mirostat_eta',
  'draft_num_predict',
]);

/** Fields that stand beside the options, in Ollama's own words. */
const nativeFields = ['keep_alive', 'think', 'format', 'truncate', 'shift'] as const;

const readFields: ReadonlySet<string> = new Set([...commonFields, ...optionNames, ...nativeFields, 'options', 'logprobs', 'top_logprobs']);

/** Models that are known to have no thinking: asking them to think is an error. Unknown ones are asked. */
const thoughtless =
  /^(llama|llava|codellama|mistral|mixtral|codestral|gemma[123]?n?$|gemma[123]n?[:-]|phi[1-3]|phi4$|phi4[:-]mini$|qwen[12]|qwen2\.5|tinyllama|vicuna|starcoder|deepseek-coder|command-r|falcon|granite3-dense|moondream|bakllava|solar|yi[:-]|orca)/;

const bare = (model: string): string => model.slice(model.lastIndexOf('/') + 1).toLowerCase();

/** Levels exist at one family, which cannot stop thinking; everywhere else it is on or off. */
function putThinking(request: ChatRequest, body: Json, model: string, changed: Change[]): void {
  const asked = request['reasoning_effort'] ?? undefined;
  if (asked === undefined) return;
  const effort = text(asked);
  const name = bare(model);
  if (effort === undefined || body['think'] !== undefined) return void changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
  if (name.startsWith('gpt-oss')) {
    const level =
      effort === 'medium' || effort === 'low' ? effort : effort === 'high' || effort === 'xhigh' || effort === 'max' ? 'high' : 'low';
    body['think'] = level;
    changed.push({ parameter: 'reasoning_effort', what: level === effort ? 'renamed' : 'approximated', to: `think=${level}` });
    return;
  }
  if (thoughtless.test(name)) {
    if (effort !== 'none') changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
    return;
  }
  body['think'] = effort !== 'none';
  changed.push({ parameter: 'reasoning_effort', what: effort === 'none' ? 'renamed' : 'approximated', to: `think=${effort !== 'none'}` });
}

function optionsOf(request: ChatRequest, changed: Change[]): Json {
  const options: Json = {};
  const own = request['options'];
  if (isRecord(own)) {
    for (const [name, value] of Object.entries(own)) {
      // Options that a newer server may have are passed on: it ignores what it does not know, and says so in its log.
      if (value !== null) options[name] = value;
    }
  } else if (own !== undefined && own !== null) changed.push({ parameter: 'options', what: 'dropped' });
  for (const name of optionNames) {
    const value = request[name];
    if (value !== undefined && value !== null) options[name] = value;
  }
  const limit = request.max_completion_tokens ?? request.max_tokens;
  if (typeof limit === 'number') {
    options['num_predict'] = limit;
    changed.push({
      parameter:
        request.max_completion_tokens === undefined || request.max_completion_tokens === null ? 'max_tokens' : 'max_completion_tokens',
      what: 'renamed',
      to: 'options.num_predict',
    });
  }
  const stops = stopsOf(request.stop);
  if (stops.length > 0) options['stop'] = stops;
  return options;
}

/** Functions, as far as the caller allows them: this wire has no word for a choice among them. */
function putTools(request: ChatRequest, body: Json, changed: Change[]): void {
  const lost = new Set<string>();
  const declared = declaredFunctions(request, changed, (tool) => lost.add(`tools.${text(tool['type']) ?? 'type'}`));
  if (declared.some((fn) => fn.isStrict)) lost.add('tools.function.strict');
  if (declared.some((fn) => fn.from['cache_control'] !== undefined)) lost.add('tools.cache_control');
  for (const parameter of lost) changed.push({ parameter, what: 'dropped' });
  const choice = toolChoiceOf(request, changed);
  const { only } = choice ?? { only: null };
  const offered = only === null ? declared : declared.filter((fn) => only.includes(fn.name));
  if (choice?.mode === 'required')
    changed.push(
      only === null ? { parameter: 'tool_choice', what: 'dropped' } : { parameter: 'tool_choice', what: 'approximated', to: 'tools' },
    );
  if (offered.length === 0 || choice?.mode === 'none') return;
  if (request['parallel_tool_calls'] === false) changed.push({ parameter: 'parallel_tool_calls', what: 'dropped' });
  body['tools'] = offered.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, ...(description !== undefined && { description }), parameters },
  }));
}

function putFormat(request: ChatRequest, body: Json, changed: Change[]): void {
  const form = answerFormOf(request, changed);
  if (form === null) return;
  body['format'] = form.kind === 'json' ? 'json' : described(form.schema, form.description);
  changed.push({ parameter: 'response_format', what: 'renamed', to: 'format' });
}

function putLogprobs(request: ChatRequest, body: Json, changed: Change[]): void {
  const top = request['top_logprobs'];
  if (request['logprobs'] === true) {
    body['logprobs'] = true;
    if (typeof top === 'number' && top > 0) body['top_logprobs'] = top;
  } else if (typeof top === 'number' && top > 0) changed.push({ parameter: 'top_logprobs', what: 'dropped' });
}

/**
 * The chat request (docs.ollama.com, POST /api/chat, D-32). The server ignores a field that it does not know,
 * which would be a silent loss, so what it has no word for is dropped here and reported.
 */
export function toOllamaRequest(request: ChatRequest, to: Destination): { body: Json; changed: Change[] } {
  const { request: complete, changed } = withDefaults(request, to);
  const body: Json = { model: to.model, messages: messagesOf(complete.messages, changed), stream: complete.stream === true };
  for (const field of nativeFields) if (complete[field] !== undefined && complete[field] !== null) body[field] = complete[field];
  putTools(complete, body, changed);
  putFormat(complete, body, changed);
  putThinking(complete, body, to.model, changed);
  putLogprobs(complete, body, changed);
  const options = optionsOf(complete, changed);
  if (Object.keys(options).length > 0) body['options'] = options;
  reportUnread(complete, (parameter) => readFields.has(parameter), changed);
  return { body, changed };
}
