/** Valid values of every parameter of Ollama's wire: of a chat, and of a prompt. */
import { chatTools, just, oneOf, pick, schema, tenth, whole, word, type Body, type Case } from './parameter-draw.ts';

/** What only a prompt has stands beside one, in the place of a conversation. */
const prompted: Body = { messages: undefined, prompt: 'hi' };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const ollamaCases: Readonly<Record<string, Case>> = {
  messages: just((draw) => [{ role: 'user', content: word(draw) }]),
  model: oneOf('asked'),
  format: oneOf('json', schema, { ...schema, additionalProperties: true }, ''),
  keep_alive: oneOf('5m', 0, -1),
  logprobs: oneOf(true, false),
  top_logprobs: just((draw) => whole(draw, 0, 20), { logprobs: true }),
  options: just((draw) =>
    pick<Body>(draw, [
      { temperature: tenth(draw, 2), top_p: whole(draw, 1, 9) / 10 },
      { num_predict: whole(draw, 1, 30_000) },
      { num_ctx: whole(draw, 1_024, 32_768), top_k: whole(draw, 1, 100) },
      { seed: whole(draw, -3, 4_000_000_000), stop: [word(draw), word(draw)] },
      { presence_penalty: tenth(draw, 2), frequency_penalty: tenth(draw, 2) },
      { [word(draw)]: word(draw) },
    ]),
  ),
  shift: oneOf(true, false),
  stream: oneOf(true, false),
  think: oneOf(true, false, 'low', 'medium', 'high'),
  tools: just((draw) =>
    pick<unknown[]>(draw, [chatTools, [{ type: 'function', function: { name: word(draw), parameters: schema } }, { type: word(draw) }]]),
  ),
  truncate: oneOf(true, false),
  prompt: just(word, { messages: undefined }),
  system: just(word, prompted),
  images: just(() => [pixel], prompted),
  suffix: just(word, prompted),
  template: just(word, prompted),
  context: just((draw) => [whole(draw, 1, 9_999)], prompted),
  raw: just(() => true, prompted),
  width: just((draw) => whole(draw, 64, 512), prompted),
  height: just((draw) => whole(draw, 64, 512), prompted),
  steps: just((draw) => whole(draw, 1, 50), prompted),
  patchwork_unknown: just((draw) => pick<unknown>(draw, [word(draw), false, 0, [], {}])),
};
