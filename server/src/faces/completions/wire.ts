/** The older wire that goes on with a text (`/v1/completions`), for providers that hold conversations alone: asked and answered as one. */
import type { ChatChunk, ChatRequest, ChatResponse, ChatUsage } from '../../domain/chat.ts';
import { UpstreamFailure } from '../../domain/errors.ts';
import { writeSse } from '../../lib/sse.ts';
import { completionTokensDefault } from '../../providers/operations/operations.ts';
import { list, member, text, type Json } from '../../providers/shape.ts';
import type { CallerWire } from '../../providers/writer.ts';

/** What says the same on both wires. */
const shared = [
  'n',
  'temperature',
  'top_p',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'seed',
  'user',
  'stream',
  'stream_options',
];

/** What a conversation has no word for; each is told to the caller. */
const lostFields: ReadonlySet<string> = new Set(['suffix', 'best_of', 'logprobs']);

/** One text. A list of several would be several conversations, and tokens are another model's alphabet. Throws UpstreamFailure. */
function promptOf(prompt: unknown): string {
  const one = Array.isArray(prompt) && prompt.length === 1 ? list(prompt)[0] : (prompt ?? '');
  const said = text(one);
  if (said !== undefined) return said;
  throw new UpstreamFailure('bad_request', 'the prompt is not one text', {
    told: { param: 'prompt', message: 'This model is asked by conversation: prompt must be one text.' },
  });
}

const isSaid = (body: Json, field: string): boolean => body[field] !== undefined && body[field] !== null;

/** The request as a conversation of one turn. Throws UpstreamFailure('bad_request') for what cannot be one. */
export function toConversation(body: Json): ChatRequest {
  const request: ChatRequest = { messages: [{ role: 'user', content: promptOf(body['prompt']) }] };
  for (const field of shared) if (isSaid(body, field)) request[field] = body[field];
  // On this wire nothing said means sixteen tokens, and the same answer is expected from everybody.
  request.max_tokens = isSaid(body, 'max_tokens') ? (body['max_tokens'] as number) : completionTokensDefault;
  const known = new Set(['model', 'prompt', 'max_tokens', 'echo', ...shared]);
  const lost = Object.keys(body).filter((field) => isSaid(body, field) && (lostFields.has(field) || !known.has(field)));
  if (lost.length > 0) request['patchbay'] = { wire: 'completions', native: {}, lost };
  return request;
}

interface Choice {
  text: string;
  index: number;
  logprobs: null;
  finish_reason: string | null;
}

const completion = (answer: Pick<ChatChunk, 'id' | 'created' | 'model'>, choices: Choice[], usage?: ChatUsage | null): string =>
  JSON.stringify({
    id: answer.id.replace(/^chatcmpl-/, 'cmpl-'),
    object: 'text_completion',
    created: answer.created,
    model: answer.model,
    choices,
    ...(usage && { usage }),
  });

/** `echo` asks for the prompt before the answer. */
const echoOf = (body: Json): string => (body['echo'] === true ? promptOf(body['prompt']) : '');

/** One request's wire. `bodyOf` is asked only where the answer is written, and was checked by then. */
export function completionsWire(bodyOf: () => Json): CallerWire {
  return {
    id: 'completions',
    isPassable: false,
    headers: {},
    limitField: 'max_tokens',
    // It has no place for any; here they only count for the length of the prompt.
    promptField: 'instructions',
    whole(response: ChatResponse) {
      const echo = echoOf(bodyOf());
      const choices = response.choices.map(({ index, message, finish_reason }) => ({
        text: echo + (message.content ?? ''),
        index,
        logprobs: null,
        finish_reason,
      }));
      return completion(response, choices, response.usage);
    },
    passWhole: (body) => body,
    writer() {
      const body = bodyOf();
      const wantsUsage = member(body['stream_options'], 'include_usage') === true;
      const echo = echoOf(body);
      const begun = new Set<number>();
      return {
        chunk(chunk) {
          if (chunk.choices.length === 0) return wantsUsage && chunk.usage ? writeSse(completion(chunk, [], chunk.usage)) : '';
          const choices = chunk.choices.flatMap(({ index, delta, finish_reason }): Choice[] => {
            const said = delta.content ?? '';
            if (said === '' && finish_reason === null) return [];
            const lead = begun.has(index) ? '' : echo;
            begun.add(index);
            return [{ text: lead + said, index, logprobs: null, finish_reason }];
          });
          return choices.length === 0 ? '' : writeSse(completion(chunk, choices));
        },
        end: () => '',
        pass: (event) => writeSse(event.data.replaceAll('\n', '\ndata: ')),
      };
    },
  };
}
