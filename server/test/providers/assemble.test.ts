/** A stream put together is the whole answer, and a whole answer taken apart is a lawful stream. */
import { describe, expect, test } from 'vitest';
import type { ChatChunk, ChatDelta, ChatResponse, FinishReason } from '../../src/domain/chat.ts';
import { assemble, charsOf, chunksOf, isSemantic } from '../../src/providers/assemble.ts';

const chunk = (delta: ChatDelta, finish: FinishReason | null = null, index = 0): ChatChunk => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index, delta, finish_reason: finish }],
});
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

describe('assemble', () => {
  test('text, thought, refusal, calls, extension and usage come together', () => {
    const answer = assemble([
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'h' }),
      chunk({ reasoning_content: 'm' }),
      chunk({ content: 'a' }),
      chunk({ content: 'b' }),
      chunk({ refusal: 'n' }),
      chunk({ refusal: 'o' }),
      chunk({ tool_calls: [{ index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '{' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '}' } }] }),
      chunk({ patchbay: { blocks: [1] } }),
      chunk({ patchbay: { stop_reason: 's' } }, 'tool_calls'),
      { ...chunk({}), choices: [], usage },
    ]);
    expect(answer).toEqual({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      usage,
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'ab',
            reasoning_content: 'hm',
            refusal: 'no',
            tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }],
            patchbay: { blocks: [1], stop_reason: 's' },
          },
        },
      ],
    });
  });

  test('choices come in their order, whatever the order of their chunks', () => {
    const answer = assemble([chunk({ content: 'b' }, 'stop', 1), chunk({ content: 'a' }, 'length', 0)]);
    expect(answer.choices.map((choice) => [choice.index, choice.message.content, choice.finish_reason])).toEqual([
      [0, 'a', 'length'],
      [1, 'b', 'stop'],
    ]);
  });

  test('a call or a refusal without a word has no content, silence has the empty text', () => {
    expect(assemble([chunk({ content: '' }), chunk({ refusal: 'no' }, 'stop')]).choices[0]?.message.content).toBeNull();
    expect(assemble([chunk({ content: '' }, 'stop')]).choices[0]?.message.content).toBe('');
  });

  test('a stream that broke off has no finish, and nothing at all is an empty answer', () => {
    expect(assemble([chunk({ content: 'a' })]).choices[0]?.finish_reason).toBeNull();
    expect(assemble([])).toEqual({ id: '', object: 'chat.completion', created: 0, model: '', choices: [], usage: null });
  });
});

test('a whole answer taken apart and put together is itself', () => {
  const answer: ChatResponse = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    usage,
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'a', reasoning_content: 'r', patchbay: { blocks: [1] } } },
      {
        index: 1,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
      },
    ],
  };
  expect(assemble(chunksOf(answer))).toEqual(answer);
  expect(chunksOf({ ...answer, usage: null }).some((one) => one.usage)).toBe(false);
});

test.each([
  [chunk({ role: 'assistant', content: '' }), false, 0],
  [chunk({ content: 'ab' }), true, 2],
  [chunk({ reasoning_content: 'a' }), true, 1],
  [chunk({ refusal: 'abc' }), true, 3],
  [chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }), true, 3],
  [chunk({ tool_calls: [{ index: 0 }] }), true, 0],
  [chunk({}, 'stop'), true, 0],
  [{ ...chunk({}), choices: [], usage }, false, 0],
])('%j means something: %s', (one, means, chars) => {
  expect(isSemantic(one)).toBe(means);
  expect(charsOf(one)).toBe(chars);
});
