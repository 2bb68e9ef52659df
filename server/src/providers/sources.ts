/** Sources that an answer names in the house's language (`annotations`): told where the caller's wire has words for them, else named as lost. */
import type { Change } from '../domain/ledger.ts';
import { list, member } from './shape.ts';
import type { AnswerWriter, CallerWire } from './writer.ts';

/** Looks through messages of an answer, or pieces of them; what is lost is named once. */
export function noteLostSources(said: readonly unknown[], wire: Pick<CallerWire, 'tellsSource'>, changed: Change[]): void {
  const isLost = said.some((message) => list(member(message, 'annotations')).some((source) => wire.tellsSource?.(source) !== true));
  if (isLost && !changed.some(({ parameter }) => parameter === lost.parameter)) changed.push(lost);
}

const lost: Change = { parameter: 'annotations', what: 'dropped' };

/** The wire's writer, which names what it has no words for. */
export function notingWriter(wire: CallerWire, changed: Change[]): AnswerWriter {
  const writer = wire.writer();
  return {
    chunk(chunk) {
      noteLostSources(
        chunk.choices.map(({ delta }) => delta),
        wire,
        changed,
      );
      return writer.chunk(chunk);
    },
    end: () => writer.end(),
    pass: (event) => writer.pass(event),
  };
}
