/** Says in a caller's own words what was changed of its request: reports are made in the house's. */
import type { Change } from '../domain/ledger.ts';
import { memberValue } from '../lib/json-scan.ts';
import type { CallRequest } from './calling.ts';
import { member } from './shape.ts';
import type { WireId } from './writer.ts';

/** The house's words by wire. What is called the same there is missing. */
const wordsOf: Readonly<Partial<Record<WireId, Readonly<Record<string, string>>>>> = {
  completions: {},
  messages: {
    stop: 'stop_sequences',
    response_format: 'output_config.format',
    user: 'metadata.user_id',
    parallel_tool_calls: 'tool_choice.disable_parallel_tool_use',
    reasoning_effort: 'thinking',
  },
  responses: {
    max_tokens: 'max_output_tokens',
    response_format: 'text.format',
    verbosity: 'text.verbosity',
    reasoning_effort: 'reasoning.effort',
    logprobs: 'include.message.output_text.logprobs',
  },
  ollama: {
    max_tokens: 'options.num_predict',
    max_completion_tokens: 'options.num_predict',
    temperature: 'options.temperature',
    top_p: 'options.top_p',
    top_k: 'options.top_k',
    seed: 'options.seed',
    stop: 'options.stop',
    presence_penalty: 'options.presence_penalty',
    frequency_penalty: 'options.frequency_penalty',
    response_format: 'format',
    reasoning_effort: 'think',
  },
};

/** The same changes under the names that the caller knows, so that a refusal names what was sent. */
export function inCallersWords(changed: readonly Change[], { wire, bytes, scan }: Pick<CallRequest, 'wire' | 'bytes' | 'scan'>): Change[] {
  const words = wordsOf[wire?.id ?? 'chat'];
  if (words === undefined) return [...changed];
  return changed.map((change) => {
    const word = Object.hasOwn(words, change.parameter) ? words[change.parameter] : undefined;
    if (word === undefined) return change;
    // Thinking is said in two places of that wire; an effort of its own comes first.
    const hasEffort = word === 'thinking' && typeof member(memberValue(bytes, scan, 'output_config'), 'effort') === 'string';
    return { ...change, parameter: hasEffort ? 'output_config.effort' : word };
  });
}
