/** The registry of parameters: what may become of each one, from every wire that callers speak to every wire that providers speak. */

/** The wires that callers speak. */
export type SourceWire = 'chat' | 'messages' | 'responses' | 'ollama';
/** The wires that providers speak, in the order of a row's columns. */
export const targetWires = ['chat', 'messages', 'responses', 'gemini', 'ollama', 'bedrock'] as const;
export type TargetWire = (typeof targetWires)[number];

/**
 * `passed` says the same there, in whatever spelling that wire has; all others are reported, and `refused` is answered with 400
 * before anybody is asked. Which of a row's fates it is depends on the value and on the model.
 */
export type Fate = 'passed' | 'renamed' | 'clamped' | 'approximated' | 'dropped' | 'refused';

export interface Parameter {
  name: string;
  fates: Readonly<Record<TargetWire, readonly Fate[]>>;
  /** Values that ask for what everybody gets: nothing is lost with them, wherever they are dropped. */
  idle: readonly unknown[];
  /** Values that are a wire's default: a translation to another wire with the same default need not say them. */
  silent: readonly unknown[];
  /** The house itself does what it asks, whoever answers. */
  isOurs: boolean;
}

const fateOf: Readonly<Record<string, Fate>> = {
  p: 'passed',
  r: 'renamed',
  c: 'clamped',
  a: 'approximated',
  d: 'dropped',
  x: 'refused',
};

/** One parameter; its fates as one word for each provider wire, made of the first letters above (`x` for refused). */
export function parameter(
  name: string,
  columns: string,
  more: { idle?: readonly unknown[]; silent?: readonly unknown[]; isOurs?: true } = {},
): [string, Parameter] {
  const [chat, messages, responses, gemini, ollama, bedrock] = columns
    .split(' ')
    .map((word) => Array.from(word, (letter) => fateOf[letter]!));
  const fates = { chat: chat!, messages: messages!, responses: responses!, gemini: gemini!, ollama: ollama!, bedrock: bedrock! };
  return [name, { name, fates, idle: more.idle ?? [], silent: more.silent ?? [], isOurs: more.isOurs ?? false }];
}

/** A parameter that one wire alone knows. */
export const onlyOf = (wire: SourceWire, name: string, more: { idle?: readonly unknown[] } = {}): [string, Parameter] =>
  parameter(name, targetWires.map((target) => (target === wire ? 'p' : 'd')).join(' '), more);
