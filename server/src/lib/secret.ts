/** Holds a plaintext secret so that it cannot be printed, logged or serialised by accident. */

const placeholder = '[secret]';
// Header-safe ASCII alone: a line break or NUL would make `Headers` throw an error that quotes the key, and
// zero-width characters or typographic quotes from a chat window never belong to a key.
const secretPattern = /^[\x21-\x7e]{1,4096}$/;

/**
 * A plaintext secret. Every way of turning it into text gives `[secret]`; `reveal()` is the only way to the plaintext, so a
 * search for that word lists all places that see one. The text is in a private field, which neither `util.inspect`, spreading,
 * `structuredClone` nor `JSON.stringify` can reach.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The plaintext. Call it where the bytes leave, and keep the result in no object that lives on. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return placeholder;
  }

  toJSON(): string {
    return placeholder;
  }

  /** `console.log`, `util.inspect`, `assert` messages and pino's fallback ask this one. The symbol is `util.inspect.custom`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return placeholder;
  }
}

/** A key file on one line: JSON, whose texts hold blanks. */
const keyFilePattern = /^\{"[\x20-\x7e]{1,4094}\}$/;

/** Whether `text` may be kept as a provider's secret: a key, or a vendor's key file on one line. */
export const isProviderSecret = (text: string): boolean => isSecretText(text) || keyFilePattern.test(text);

/** Whether `text`, trimmed by the caller, may be kept as a provider's secret: 1 to 4,096 visible ASCII characters. */
export function isSecretText(text: string): boolean {
  return secretPattern.test(text);
}
