/** Answers of some open models begin with their reasoning between two tags: tells it apart from the answer as it streams in. Pure. */

const open = '<think>';
const close = '</think>';

export interface Told {
  reasoning: string;
  text: string;
}

/** Takes an answer piece by piece, cut anywhere. Only a tag at the very beginning counts; one within an answer is text. */
export interface TagReader {
  push(piece: string): Told;
  /** What was held back because a tag might have begun there. */
  end(): Told;
}

/** The longest end of `text` with which `tag` may begin. */
function heldBy(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) if (tag.startsWith(text.slice(-length))) return length;
  return 0;
}

export function createTagReader(): TagReader {
  let place: 'before' | 'within' | 'after' = 'before';
  let held = '';
  const before = (): Told => {
    const start = held.trimStart();
    if (start.startsWith(open)) {
      place = 'within';
      held = start.slice(open.length);
      return within();
    }
    // Blanks before a tag, or half of one, may still become one.
    if (open.startsWith(start)) return { reasoning: '', text: '' };
    place = 'after';
    return after();
  };
  const within = (): Told => {
    const at = held.indexOf(close);
    if (at >= 0) {
      const reasoning = held.slice(0, at);
      held = held.slice(at + close.length).trimStart();
      place = 'after';
      return { reasoning, text: after().text };
    }
    const kept = heldBy(held, close);
    const reasoning = held.slice(0, held.length - kept);
    held = kept === 0 ? '' : held.slice(-kept);
    return { reasoning, text: '' };
  };
  const after = (): Told => {
    const text = held;
    held = '';
    return { reasoning: '', text };
  };
  let isTextDue = false;
  return {
    push(piece) {
      held += piece;
      const was = place;
      const told = place === 'before' ? before() : place === 'within' ? within() : after();
      // Blanks between the closing tag and the answer belong to neither.
      if (was !== 'after' && place === 'after' && told.text === '') isTextDue = true;
      if (isTextDue && was === 'after') {
        told.text = told.text.trimStart();
        isTextDue = told.text === '';
      }
      return told;
    },
    end() {
      const rest = held;
      held = '';
      return place === 'within' ? { reasoning: rest, text: '' } : { reasoning: '', text: rest };
    },
  };
}
