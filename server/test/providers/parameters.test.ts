/** No silent loss: the registry of parameters says what the translators do, all of it, and whatever is lost is reported. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parameters, targetWireOf, unknownOf } from '../../src/providers/parameter-registry.ts';
import { bedrockFields, geminiFields, ollamaFields, type Reach } from '../../src/providers/parameters-targets.ts';
import { targetWires, type Fate, type SourceWire, type TargetWire } from '../../src/providers/parameters.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { seeded } from '../vault/parts.ts';
import type { Body, Draw } from './parameter-draw.ts';
import { become, cases, destinations, plainBody, sent, sourceWires, type Became } from './parameter-kit.ts';

const modules = join(import.meta.dirname, '../../../node_modules');

/** Names of the members of an interface in a library's own types. */
function membersOf(file: string, name: string): string[] {
  const source = readFileSync(join(modules, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const head = new RegExp(`interface ${name}(?: extends [^{]+)? \\{`).exec(source);
  if (!head) throw new Error(`${file} has no ${name}`);
  let depth = 1;
  let own = '';
  for (let at = head.index + head[0].length; depth > 0 && at < source.length; at++) {
    const sign = source[at]!;
    if (sign === '{') depth++;
    else if (sign === '}') depth--;
    else if (depth === 1) own += sign;
  }
  return [...own.matchAll(/^\s*'?([A-Za-z_]\w*)'?\??:/gm)].map((match) => match[1]!);
}

/** What the libraries' types name, by wire. */
const typed: Readonly<Record<SourceWire, readonly string[]>> = {
  chat: membersOf('openai/resources/chat/completions/completions.d.ts', 'ChatCompletionCreateParamsBase'),
  messages: [
    ...membersOf('@anthropic-ai/sdk/resources/messages/messages.d.ts', 'MessageCreateParamsBase'),
    ...membersOf('@anthropic-ai/sdk/resources/beta/messages/messages.d.ts', 'MessageCreateParamsBase'),
  ],
  responses: membersOf('openai/resources/responses/responses.d.ts', 'ResponseCreateParamsBase'),
  ollama: [...membersOf('ollama/dist/browser.d.ts', 'ChatRequest'), ...membersOf('ollama/dist/browser.d.ts', 'GenerateRequest')],
};

/** Refused where the wire is read, before there is anything to translate. */
const refusedNames: ReadonlySet<string> = new Set(['background', 'conversation', 'prompt']);
/** Of the conversation that a kept response goes on from; the face has told it by then. */
const storedNames: ReadonlySet<string> = new Set(['previous_response_id']);

describe('the registry', () => {
  test.each(sourceWires)('has every parameter that the official library of the %s wire has in its types', (wire) => {
    expect(typed[wire].length).toBeGreaterThan(20);
    expect(typed[wire].filter((name) => !parameters[wire].has(name))).toEqual([]);
  });

  test.each(sourceWires)('is tried in full: each of its parameters of the %s wire has values here, and nothing else has', (wire) => {
    const tried = Object.keys(cases[wire]).filter((name) => name !== 'patchwork_unknown');
    const untried = (name: string): boolean => wire === 'responses' && (refusedNames.has(name) || storedNames.has(name));
    expect([...parameters[wire].keys()].filter((name) => !untried(name)).toSorted()).toEqual(tried.toSorted());
  });

  test('says refused of those that are refused, and of no others', () => {
    for (const wire of sourceWires)
      for (const { name, fates } of parameters[wire].values())
        for (const target of targetWires)
          expect(fates[target].includes('refused'), `${wire} ${name}`).toBe(wire === 'responses' && refusedNames.has(name));
  });

  test('has a fate for every parameter at every wire', () => {
    for (const wire of sourceWires)
      for (const { name, fates } of parameters[wire].values())
        for (const target of targetWires) expect(fates[target].length, `${wire} ${name} at ${target}`).toBeGreaterThan(0);
  });

  test('knows which names of a body it does not know', () => {
    expect(unknownOf('chat', ['model', 'frobnicate', 'constructor'])).toEqual(['frobnicate', 'constructor']);
    expect(destinations.gemini.map(({ row }) => targetWireOf(row))).toEqual(['gemini', 'gemini', 'gemini']);
    for (const target of targetWires) for (const { row } of destinations[target]) expect(targetWireOf(row)).toBe(target);
  });
});

/** A model that does not think does what this asks for; who cannot be asked not to think is told so by its own translation. */
const restful: ReadonlySet<string> = new Set(['{"effort":"none"}', '{"type":"disabled"}', '"none"', 'false']);
const isIdle = (wire: SourceWire, name: string, value: unknown): boolean => {
  const row = parameters[wire].get(name);
  if (row?.isOurs || [...(row?.idle ?? []), ...(row?.silent ?? [])].some((idle) => JSON.stringify(idle) === JSON.stringify(value)))
    return true;
  return ['reasoning_effort', 'reasoning', 'thinking', 'think'].includes(name) && restful.has(JSON.stringify(value));
};

/** A row speaks of one parameter; these are told under the name of the other that says the same. */
const toldAs: Readonly<Record<string, readonly string[]>> = {
  function_call: ['tool_choice'],
  system: ['messages'],
  instructions: ['messages'],
  input: ['messages'],
};

const isNamed = (name: string, { reported }: Became): boolean =>
  reported.every(({ parameter }) => {
    const first = parameter.split('.')[0]!;
    return first === name || (toldAs[name] ?? []).includes(first);
  });

const roundsEach = 24;

/** Every fate that was seen of each parameter at one wire, over many values and models. */
function observed(wire: SourceWire, target: TargetWire, draw: Draw): Map<string, Set<Fate>> {
  const seen = new Map<string, Set<Fate>>();
  for (const [name, { value, beside }] of Object.entries(cases[wire])) {
    const fates = new Set<Fate>();
    seen.set(name, fates);
    for (const to of destinations[target])
      for (let round = 0; round < roundsEach; round++) {
        const asked = value(draw);
        const became = become(wire, name, asked, { ...plainBody[wire], ...beside }, to);
        for (const fate of became.fates) fates.add(fate);
        if (became.lost.length > 0 && !isIdle(wire, name, asked))
          throw new Error(`${wire} ${name}=${JSON.stringify(asked)} is lost in silence at ${target} ${to.model}`);
        if (!isNamed(name, became)) throw new Error(`${wire} ${name} is reported as ${JSON.stringify(became.reported)}`);
      }
  }
  return seen;
}

describe.each(sourceWires)('from the %s wire, registry and translators agree in both directions', (wire) => {
  test.each(targetWires)('at providers of the %s wire', (target) => {
    const seen = observed(wire, target, seeded(7));
    for (const [name, row] of parameters[wire]) {
      const fates = seen.get(name);
      if (fates === undefined) continue;
      // What the house does itself leaves no trace in a body.
      if (row.isOurs && fates.size === 0) continue;
      if (row.idle.length + row.silent.length > 0 && fates.size === 0) continue;
      expect([...fates].toSorted(), `${wire} ${name} at ${target}`).toEqual([...row.fates[target]].toSorted());
    }
  });

  test.each(targetWires)('and what nobody knows passes on its own wire and is reported elsewhere, at %s', (target) => {
    const fates = observed(wire, target, seeded(3)).get('patchwork_unknown');
    expect([...fates!]).toEqual([target === wire ? 'passed' : 'dropped']);
  });
});

/** A body with several parameters at once, each with what must stand beside it. */
function body(wire: SourceWire, draw: Draw): Body {
  const names = Object.keys(cases[wire]);
  const count = 1 + Math.floor(draw() * 8);
  const made: Body = { ...plainBody[wire] };
  for (let at = 0; at < count; at++) {
    const name = names[Math.floor(draw() * names.length)]!;
    const one = cases[wire][name]!;
    Object.assign(made, one.beside, { [name]: one.value(draw) });
  }
  return made;
}

/** Two ways to say the same: the first of each is obeyed where both are there, and the report names what becomes of it. */
const overruled: Readonly<Record<string, readonly string[]>> = {
  messages: ['prompt'],
  max_tokens: ['max_completion_tokens'],
  function_call: ['tool_choice'],
  tool_choice: ['function_call'],
  thinking: ['output_config'],
  reasoning_effort: ['thinking', 'thinking_config', 'extra_body'],
  thinking_config: ['extra_body'],
};
/** Tools that may not be called, or not all of them: the others need not be offered, and how they are called does not matter. */
const isLimited = ({ tool_choice: choice, function_call: legacy }: Body): boolean =>
  /none|allowed_tools/.test(JSON.stringify([choice, legacy]));
const isOverruled = (name: string, whole: Body): boolean =>
  (overruled[name] ?? []).some((other) => whole[other] !== undefined) ||
  ((name === 'tools' || name === 'functions' || name === 'parallel_tool_calls') && isLimited(whole));

describe.each(sourceWires)('from the %s wire, whatever differs between what was asked and what went out is reported', (wire) => {
  const roundsMax = 60;

  test.each(targetWires)('at providers of the %s wire, many parameters at once', (target) => {
    const draw = seeded(wire.length * 31 + target.length);
    const silent: string[] = [];
    const check = (to: Destination): void => {
      const whole = body(wire, draw);
      const said = sent(wire, whole, to).changed;
      for (const [name, value] of Object.entries(whole)) {
        // One of two forms of a wire leaves out what the other must have.
        if (value === undefined || isIdle(wire, name, value) || isOverruled(name, whole)) continue;
        const { lost } = become(wire, name, value, whole, to);
        // Reported with and without it, where another parameter is lost in the same way and under the same name.
        const isTold = said.some(
          ({ parameter, what }) => what !== 'added' && [name, ...(toldAs[name] ?? [])].includes(parameter.split('.')[0]!),
        );
        if (lost.length > 0 && !isTold) silent.push(`${name}=${JSON.stringify(value)} beside ${Object.keys(whole).join()} at ${to.model}`);
      }
    };
    for (let round = 0; round < roundsMax; round++) for (const to of destinations[target]) check(to);
    expect(silent).toEqual([]);
  });
});

describe('fields of the wires that only providers speak', () => {
  const own: Body = {
    response_modalities: ['TEXT'],
    media_resolution: 'MEDIA_RESOLUTION_LOW',
    speech_config: {},
    image_config: {},
    guardrailConfig: { guardrailIdentifier: 'g' },
    requestMetadata: { a: 'b' },
    additionalModelResponseFieldPaths: ['/a'],
  };

  function written(target: TargetWire): Set<string> {
    const draw = seeded(5);
    const names = new Set<string>();
    for (const to of destinations[target]) {
      for (const [name, { value, beside }] of Object.entries(cases.chat))
        for (let round = 0; round < 10; round++) {
          const { body: out } = sent('chat', { ...plainBody.chat, ...own, ...beside, [name]: value(draw) }, to);
          for (const key of [...Object.keys(out), ...Object.keys((out['generationConfig'] as Body | undefined) ?? {})]) names.add(key);
        }
      const system = [{ role: 'system', content: 'Be brief.' }, ...(plainBody.chat['messages'] as unknown[])];
      for (const key of Object.keys(sent('chat', { ...plainBody.chat, messages: system }, to).body)) names.add(key);
    }
    return names;
  }

  const tables: [TargetWire, ReadonlyMap<string, Reach>, readonly string[]][] = [
    ['gemini', geminiFields, [...membersOf('@google/genai/dist/genai.d.ts', 'GenerateContentConfig'), 'model', 'contents']],
    ['ollama', ollamaFields, membersOf('ollama/dist/browser.d.ts', 'ChatRequest')],
    ['bedrock', bedrockFields, [...bedrockFields.keys()]],
  ];

  test.each(tables)('of %s are all known, and the table says which of them are ever written', (target, table, names) => {
    expect(names.toSorted()).toEqual([...table.keys()].toSorted());
    const seen = written(target);
    const said = [...table].filter(([, reach]) => reach === 'said').map(([name]) => name);
    // The model stands in the path there, and the settings of a run in an object of their own.
    seen.delete('generationConfig');
    if (target === 'gemini') seen.add('model');
    expect([...seen].toSorted()).toEqual(said.toSorted());
  });
});
