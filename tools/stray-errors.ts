/** A reporter beside the others: writes down how many errors no test caught, which vitest's own report leaves out. */
import { writeFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';

/** Where the number goes. */
export const strayErrorsVariable = 'TEST_STRAY_ERRORS';

export default class StrayErrors implements Reporter {
  onTestRunEnd(_modules: unknown, unhandledErrors: readonly unknown[]): void {
    const file = process.env[strayErrorsVariable];
    if (file !== undefined) writeFileSync(file, String(unhandledErrors.length));
  }
}
