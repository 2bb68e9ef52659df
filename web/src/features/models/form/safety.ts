/** Safety settings as a table of category and threshold, over the list that the provider takes. */

export const categories = [
  'HARM_CATEGORY_HARASSMENT',
  'HARM_CATEGORY_HATE_SPEECH',
  'HARM_CATEGORY_SEXUALLY_EXPLICIT',
  'HARM_CATEGORY_DANGEROUS_CONTENT',
  'HARM_CATEGORY_CIVIC_INTEGRITY',
] as const;

export const thresholds = ['BLOCK_LOW_AND_ABOVE', 'BLOCK_MEDIUM_AND_ABOVE', 'BLOCK_ONLY_HIGH', 'BLOCK_NONE', 'OFF'] as const;

export interface SafetySetting {
  category: string;
  threshold: string;
}

const isSetting = (value: unknown): value is SafetySetting =>
  typeof value === 'object' &&
  value !== null &&
  'category' in value &&
  'threshold' in value &&
  typeof value.category === 'string' &&
  typeof value.threshold === 'string';

/** What stands in the form; a text that is no such list counts as none. */
export function readSafety(text: string): SafetySetting[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isSetting) : [];
  } catch {
    return [];
  }
}

/** The known categories, then those that were stored and are not known here. */
export const rowsOf = (settings: readonly SafetySetting[]): string[] => [
  ...new Set([...categories, ...settings.map(({ category }) => category)]),
];

/** The list with one threshold changed, as the text that the form keeps; an empty threshold takes the category out. */
export function withThreshold(text: string, category: string, threshold: string): string {
  const others = readSafety(text).filter((setting) => setting.category !== category);
  const settings = threshold === '' ? others : [...others, { category, threshold }];
  return settings.length === 0 ? '' : JSON.stringify(settings);
}
