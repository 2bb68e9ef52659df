/** S3's validation of an AI LLM, through the front door: an answer of success or not, and what it never says or changes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAiLlmHouse, type AiLlmHouse } from '../support/ai-llm-house.ts';
import { answersSeen, tracesOf } from '../support/connections-house.ts';

const key = 'sk-s3canary-0123456789abcdefKLMN';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';

const aText = expect.any(String) as unknown;

let home: AiLlmHouse;
let house: AiLlmHouse['house'];
let vendor: AiLlmHouse['vendor'];
let admin: AiLlmHouse['admin'];
let writer: AiLlmHouse['writer'];
let reader: AiLlmHouse['reader'];
let outsider: AiLlmHouse['outsider'];
let make: AiLlmHouse['make'];
let one: AiLlmHouse['one'];

beforeAll(async () => {
  home = await openAiLlmHouse(key);
  ({ house, vendor, admin, writer, reader, outsider, make, one } = home);
});

afterAll(() => home.close());

describe('POST /ai/llm/:id/validate', () => {
  test('200 a provider that agrees: success and a message, and nothing else', async () => {
    const id = await make();
    const answer = await house.ask(reader, 'POST', `/ai/llm/${id}/validate`);
    expect([answer.status, answer.body]).toEqual([200, { success: true, message: aText }]);
  });

  test('200 a provider that refuses is no success, and the message has its status and never the key', async () => {
    const id = await make({ secret: 'sk-refused-0123456789abcdef' });
    const answer = await house.ask(reader, 'POST', `/ai/llm/${id}/validate`);
    expect([answer.status, answer.body]).toEqual([
      200,
      { success: false, message: expect.stringContaining('401 Unauthorized') as unknown },
    ]);
    expect(tracesOf('sk-refused-0123456789abcdef', answer.text)).toEqual([]);
  });

  test('200 the key of a workspace works on after the one who entered it left it, and after their account was closed', async () => {
    const leaver = await house.createResident('Leaver');
    const shared = await house.createWorkspace('Left behind', [
      [admin, 'ADMIN'],
      [leaver, 'WRITE'],
      [reader, 'READ'],
    ]);
    const id = await make({ workspaceId: shared }, leaver);
    const validated = async (): Promise<unknown> => (await house.ask(reader, 'POST', `/ai/llm/${id}/validate`)).body['success'];
    expect(await validated()).toBe(true);
    expect((await house.ask(admin, 'DELETE', `/workspace/${shared}/users/${leaver.id}`)).status).toBe(200);
    vendor.forget();
    expect(await validated()).toBe(true);
    expect(vendor.bytes()).toContain(`Bearer ${key}`);
    expect((await house.ask(leaver, 'POST', `/ai/llm/${id}/validate`)).status).toBe(403);
    expect((await house.ask(admin, 'PATCH', `/api/admin/users/${leaver.id}`, { disabled: true })).status).toBe(200);
    expect(await validated()).toBe(true);
    expect(await one(id)).toMatchObject({ userId: leaver.id, validationStatus: 'success' });
  });

  test('200 changes nothing that people set', async () => {
    const id = await make();
    const before = await one(id);
    await house.ask(admin, 'POST', `/ai/llm/${id}/validate`);
    const after = await one(id);
    expect({ ...after, lastValidatedAt: null, validationStatus: null }).toEqual({
      ...before,
      lastValidatedAt: null,
      validationStatus: null,
    });
    expect(after['validationStatus']).toBe('success');
  });

  test('401 without a token', async () => {
    const id = await make();
    expect((await house.ask(null, 'POST', `/ai/llm/${id}/validate`)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const id = await make();
    expect((await house.ask(outsider, 'POST', `/ai/llm/${id}/validate`)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(writer, 'POST', `/ai/llm/${randomId}/validate`)).status).toBe(404);
  });
});

test('no answer of this face ever held the secret', () => {
  expect(answersSeen.length).toBeGreaterThan(20);
  expect(tracesOf(key, answersSeen.join('\n'))).toEqual([]);
});
