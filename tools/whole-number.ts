/** Whole numbers from the command line of our tools. */

/** One within its bounds. Ends the program with a line on what is wrong otherwise. */
export function wholeNumber(name: string, text: string, max: number, min = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  console.error(`--${name} must be a whole number from ${min} to ${max}`);
  process.exit(64);
}
