/** A word that a wire has and the house does not know yet, in each place where one of a few words stands: carried, named or refused, and never read as another one. */
import { describe, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { isLoss } from '../../src/providers/defaults.ts';
import { targetWires, type SourceWire } from '../../src/providers/parameters.ts';
import { destinations, sent } from './parameter-kit.ts';

type Body = Record<string, unknown>;

const word = 'word_of_next_year';
const model = 'm';
const messages = [{ role: 'user', content: 'hi' }];
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
const named = { type: 'function', name: 'f' };
const chat = (more: Body): Body => ({ model, messages, ...more });
const claude = (more: Body): Body => ({ model, max_tokens: 9, messages, ...more });
const response = (more: Body): Body => ({ model, input: 'hi', ...more });
const claudeTools = [{ name: 'f', input_schema: { type: 'object', properties: {} } }];
const ownTools = [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }];
const said = (...content: Body[]): Body => claude({ messages: [{ role: 'user', content }] });
const item = (...items: Body[]): Body => response({ input: [{ role: 'user', content: 'hi' }, ...items] });
const part = (piece: Body): Body => item({ role: 'user', content: [piece, { type: 'input_text', text: 'and' }] });

const speakers = [word, 'User', '', 7, 'administrator'] as const;
const cases: Readonly<Record<SourceWire, Readonly<Record<string, Body>>>> = {
  chat: {
    'a choice of tools': chat({ tools, tool_choice: word }),
    'a kind of choice': chat({ tools, tool_choice: { type: word } }),
    'a mode of a choice among some': chat({
      tools,
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode: word, tools: [tools[0]] } },
    }),
    'a kind of tool': chat({ tools: [...tools, { type: word, [word]: {} }] }),
    'a kind of tool that looks like a function': chat({ tools: [{ ...tools[0], type: word }] }),
    'a kind of part': chat({ messages: [{ role: 'user', content: [{ type: word }, { type: 'text', text: 'hi' }] }] }),
    'a kind of call': chat({
      messages: [...messages, { role: 'assistant', content: 'x', tool_calls: [{ id: 'c', type: word, [word]: {} }] }],
    }),
    'a form of answer': chat({ response_format: { type: word } }),
    'an effort': chat({ reasoning_effort: word }),
    'an effort that is no word': chat({ reasoning_effort: { [word]: 1 } }),
    'a tier': chat({ service_tier: word }),
  },
  messages: {
    'a kind of choice': claude({ tools: claudeTools, tool_choice: { type: word } }),
    'a choice that is a word': claude({ tools: claudeTools, tool_choice: word }),
    'a member of a choice': claude({ tools: claudeTools, tool_choice: { type: 'tool', name: 'f', [word]: 1 } }),
    'a kind of tool': claude({ tools: [{ type: word, name: 'f' }] }),
    'a kind of block': said({ type: word }, { type: 'text', text: 'hi' }),
    'a kind of source': said({ type: 'image', source: { type: word } }, { type: 'text', text: 'hi' }),
    'a kind of block in an answer': claude({
      messages: [...messages, { role: 'assistant', content: [{ type: word }, { type: 'text', text: 'hi' }] }],
    }),
    'content that is neither a text nor blocks': claude({ messages: [{ role: 'user', content: { type: 'text', text: word } }] }),
    'instructions that are neither a text nor blocks': claude({ system: { text: word } }),
    'a kind of thinking': claude({ thinking: { type: word } }),
    'an effort': claude({ output_config: { effort: word } }),
    'a form of answer': claude({ output_config: { format: { type: word } } }),
    'a tier': claude({ service_tier: word }),
  },
  responses: {
    'a choice of tools': response({ tools: ownTools, tool_choice: word }),
    'a kind of choice': response({ tools: ownTools, tool_choice: { type: word } }),
    'a mode of a choice among some': response({ tools: ownTools, tool_choice: { type: 'allowed_tools', mode: word, tools: [named] } }),
    'a kind of tool among some': response({
      tools: ownTools,
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [named, { type: word }] },
    }),
    'a kind of tool': response({ tools: [{ type: word }] }),
    'a kind of item': item({ type: word, id: 'i' }),
    'a kind of result': item({ type: `${word}_output`, call_id: 'c', output: {} }),
    'a kind of part': part({ type: word }),
    'a kind of part in an answer': item({
      type: 'message',
      role: 'assistant',
      content: [{ type: word }, { type: 'output_text', text: 'x' }],
    }),
    'a picture by its id': part({ type: 'input_image', file_id: word }),
    'a file by its address': part({ type: 'input_file', file_url: `https://x.example/${word}` }),
    'an item that is a text': response({ input: [word] }),
    'input that is neither a text nor items': response({ input: { [word]: 1 } }),
    'instructions that are no text': response({ instructions: [word] }),
    'a form of answer': response({ text: { format: { type: word } } }),
    'an effort': response({ reasoning: { effort: word } }),
    'a tier': response({ service_tier: word }),
    'a truncation': response({ truncation: word }),
  },
  ollama: {
    'a way to think': { model, messages, think: word },
    'a form of answer': { model, messages, format: word },
    'a kind of tool': { model, messages, tools: [{ type: word, [word]: {} }] },
  },
};

/** What becomes of a body at every provider: the word itself, or what is lost by name, or why nothing is sent. */
function fates(wire: SourceWire, body: Body, settings: Body): string[] {
  return targetWires.flatMap((target) =>
    destinations[target].map((to) => {
      const where = `${to.row.id}/${to.model}`;
      try {
        const { body: out, changed } = sent(wire, body, { ...to, settings: { ...to.settings, ...settings } });
        if (JSON.stringify(out).includes(word)) return `${where} carried`;
        return `${where} ${changed.some((change) => isLoss(change) && change.parameter !== 'seed') ? 'named' : `silent ${JSON.stringify(changed)}`}`;
      } catch (error) {
        return `${where} ${error instanceof UpstreamFailure && error.told !== null ? 'refused' : String(error)}`;
      }
    }),
  );
}

const all = Object.entries(cases).flatMap(([wire, bodies]) =>
  Object.entries(bodies).map(([name, body]) => [wire as SourceWire, name, body] as const),
);

describe.each([
  ['as it came', {}],
  ['beside a parameter of the connection', { seed: 5 }],
])('%s', (_name, settings) => {
  test.each(all)('%s: %s', (wire, _what, body) => {
    for (const fate of fates(wire, body, settings)) expect(fate).toMatch(/ (carried|named|refused)$/);
  });

  describe('who speaks', () => {
    const by = (role: unknown): [SourceWire, Body][] => [
      ['chat', chat({ messages: [...messages, { role, content: 'hello' }] })],
      ['messages', claude({ messages: [...messages, { role, content: 'hello' }] })],
      ['responses', item({ role, content: 'hello' })],
      ['responses', item({ type: 'message', role, content: [{ type: 'input_text', text: 'hello' }] })],
      ['ollama', { model, messages: [...messages, { role, content: 'hello' }] }],
    ];

    /** Same name on both sides: the provider is told who spoke, or nobody is told anything. */
    test.each([...speakers, 'root'])('%s is never taken for somebody else', (role) => {
      for (const [wire, body] of by(role)) {
        for (const target of targetWires) {
          for (const to of destinations[target]) {
            const where = `${wire} at ${to.row.id}`;
            let out: string;
            try {
              out = JSON.stringify(sent(wire, body, { ...to, settings: { ...to.settings, ...settings } }).body);
            } catch (error) {
              expect(error, where).toBeInstanceOf(UpstreamFailure);
              expect((error as UpstreamFailure).told?.message, where).toContain('role');
              continue;
            }
            // Ollama reads the names of roles in any case.
            if (wire === 'ollama' && role === 'User') continue;
            expect(out, where).toContain(`"role":${JSON.stringify(role)}`);
          }
        }
      }
    });

    /** Names that the house has, and the caller's wire has not. */
    test.each([
      ['messages', 'developer'],
      ['messages', 'tool'],
      ['messages', 'function'],
      ['responses', 'tool'],
      ['responses', 'function'],
      ['ollama', 'function'],
    ] as const)('on the wire %s, %s is not what it is on another', (wire, role) => {
      const body = by(role).find(([name]) => name === wire)![1];
      for (const target of targetWires)
        for (const to of destinations[target]) {
          const own = { ...to, settings: { ...to.settings, ...settings } };
          const isSent = (): boolean => JSON.stringify(sent(wire, body, own).body).includes(`"role":"${role}"`);
          if (wire === (target as string) && Object.keys(settings).length === 0) expect(isSent(), to.row.id).toBe(true);
          else expect(isSent, to.row.id).toThrow(UpstreamFailure);
        }
    });
  });
});

test('an item that only its own wire has leaves no empty message where it is left out', () => {
  const body = item({ type: 'computer_call', call_id: 'c' }, { type: 'computer_call_output', call_id: 'c', output: {} });
  for (const to of destinations.chat) {
    const { body: out, changed } = sent('responses', body, to);
    expect(out['messages'], to.model).toEqual(messages);
    const lost = changed.filter(({ what }) => what === 'dropped').map(({ parameter }) => parameter);
    expect(lost, to.model).toEqual(['input.computer_call', 'input.computer_call_output']);
  }
});

test('what only its own wire has is in the request that is written anew for a provider of that wire', () => {
  const items = [
    { role: 'user', content: [{ type: 'input_image', file_id: 'file-1', detail: 'low' }] },
    { type: 'computer_call', call_id: 'c' },
    { type: 'computer_call_output', call_id: 'c', output: {} },
    { role: 'user', content: [{ type: 'input_file', file_url: 'https://x.example/a.pdf' }] },
  ];
  for (const to of destinations.responses) {
    const { body: out, changed } = sent('responses', response({ input: items }), { ...to, settings: { ...to.settings, topK: 5 } });
    expect(out['input'], to.model).toEqual(items);
    expect(changed.filter((change) => isLoss(change) && change.parameter !== 'top_k')).toEqual([]);
  }
});
