/** One door to the registry of parameters: the rows of each wire that callers speak. */
import { chatParameters } from './parameters-chat.ts';
import { messagesParameters } from './parameters-messages.ts';
import { ollamaParameters } from './parameters-ollama.ts';
import { responsesParameters } from './parameters-responses.ts';
import type { Parameter, SourceWire, TargetWire } from './parameters.ts';
import type { ProviderRow } from './row.ts';
import type { WireId } from './writer.ts';

export const parameters: Readonly<Record<SourceWire, ReadonlyMap<string, Parameter>>> = {
  chat: chatParameters,
  messages: messagesParameters,
  responses: responsesParameters,
  ollama: ollamaParameters,
};

/** The wire that a provider's row speaks, by the name of its column. */
export const targetWireOf = ({ protocol }: Pick<ProviderRow, 'protocol'>): TargetWire =>
  protocol === 'openai' ? 'chat' : protocol === 'anthropic' ? 'messages' : protocol;

/** Names of a body that no row of its wire has: they pass to a provider of that wire, and are dropped and reported elsewhere. */
export function unknownOf(wire: WireId, names: Iterable<string>): string[] {
  const known = wire === 'completions' ? chatParameters : parameters[wire];
  return [...names].filter((name) => !known.has(name));
}
