/** One of two test files that run in one process, as file-end.test.ts wants it. */
import { expect, test } from 'vitest';
import { lookAround } from './file-end-look.ts';

test('it looks around', async ({ task }) => {
  const found = await lookAround();
  Object.assign(task.meta, { found });
  expect(found.pid).toBe(process.pid);
});
