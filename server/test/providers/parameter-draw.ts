/** How values of parameters are drawn for the tests, and the tools and schemas that several wires are asked with. */

export type Body = Record<string, unknown>;
/** Uniform in [0, 1). */
export type Draw = () => number;

export const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[Math.floor(draw() * items.length)]!;
export const whole = (draw: Draw, min: number, max: number): number => min + Math.floor(draw() * (max - min + 1));
export const tenth = (draw: Draw, max: number): number => whole(draw, 0, max * 10) / 10;
/** A word that stands nowhere else, so that it is found again wherever it went. */
export const word = (draw: Draw): string => `w${whole(draw, 100_000, 999_999)}`;

export const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
export const chatTools = [
  { type: 'function', function: { name: 'weather', description: 'The weather', parameters: schema } },
  { type: 'function', function: { name: 'time', parameters: schema } },
];

/** Valid values of one parameter, and what must stand beside it. */
export interface Case {
  value: (draw: Draw) => unknown;
  beside?: Body;
}

export const just = (value: (draw: Draw) => unknown, beside?: Body): Case => ({ value, ...(beside && { beside }) });
export const oneOf = (...values: unknown[]): Case => just((draw) => pick(draw, values));
