/** Where a text stops being JSON, as people count: lines and columns from 1. */

export interface JsonPlace {
  line: number;
  column: number;
}

/** Engines name the place in different ways; null where none is named. */
export function jsonPlaceOf(text: string): JsonPlace | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const named = /line (\d+) column (\d+)/.exec(message);
    if (named) return { line: Number(named[1]), column: Number(named[2]) };
    const position = /position (\d+)/.exec(message);
    // Without a place it is the end that was not expected.
    const before = text.slice(0, position ? Number(position[1]) : text.length).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

export const isJsonObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};
