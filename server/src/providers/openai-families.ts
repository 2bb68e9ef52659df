/** What OpenAI's reasoning models call otherwise or refuse (C-39). Pure rules over the model id and the request. */
import type { Change } from '../domain/ledger.ts';

/** Parameters of a reasoning model that may only have this value, which is also what leaving them out means. */
const fixedValue: Readonly<Record<string, unknown>> = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  logprobs: false,
  top_logprobs: 0,
  logit_bias: null,
};

/** `openai/o3` and `o3` are the same model. */
const bare = (model: string): string => model.slice(model.lastIndexOf('/') + 1).toLowerCase();

/** TRUE for models that want `max_completion_tokens`: the o series and everything from GPT-5 on, chat variants aside. */
export function isReasoningModel(model: string): boolean {
  const name = bare(model);
  if (/^gpt-\d+(\.\d+)?-chat/.test(name)) return false;
  return /^(o[1-9]|gpt-[5-9]|codex-)/.test(name);
}

/** From GPT-5.1 to 5.4 no effort is the default; with no effort, sampling parameters are allowed. */
function mayBeSampled(model: string, effort: unknown): boolean {
  const minor = /^gpt-5\.(\d+)/.exec(bare(model))?.[1];
  if (minor === undefined) return false;
  if (effort === undefined || effort === null) return Number(minor) <= 4;
  return effort === 'none';
}

/** Changes a body in place for its model's family, and says what changed. */
export function adaptToFamily(body: Record<string, unknown>, model: string): Change[] {
  if (!isReasoningModel(model)) return [];
  const changed: Change[] = [];
  if (body['max_tokens'] !== undefined) {
    if (body['max_completion_tokens'] === undefined) body['max_completion_tokens'] = body['max_tokens'];
    delete body['max_tokens'];
    changed.push({ parameter: 'max_tokens', what: 'renamed', to: 'max_completion_tokens' });
  }
  if (mayBeSampled(model, body['reasoning_effort'])) return changed;
  for (const [parameter, allowed] of Object.entries(fixedValue)) {
    const value = body[parameter];
    if (value === undefined || value === null || value === allowed) continue;
    delete body[parameter];
    changed.push({ parameter, what: 'dropped' });
  }
  return changed;
}
