/** Parts of a text that give way to others. */

export interface Splice {
  /** From here up to, not including, `end`. */
  start: number;
  end: number;
  text: string;
}

/** The text with its parts replaced; they lie apart from each other and in order. */
export function spliced(source: string, splices: readonly Splice[]): string {
  let written = '';
  let from = 0;
  for (const { start, end, text } of splices) {
    written += source.slice(from, start) + text;
    from = end;
  }
  return written + source.slice(from);
}
