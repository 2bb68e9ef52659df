/** The prices that a request's cost was made of, on its page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { plain } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import en from '../src/messages/en.json' with { type: 'json' };
import id from '../src/messages/id.json' with { type: 'json' };
import { comeIn, openPages, type Pages } from './support/pages.ts';
import { visit } from './support/visitor.ts';

const patient = { timeout: 60_000 };

needs('browser')('the prices of one request', () => {
  let pages: Pages;
  let sari: Resident;
  beforeAll(async () => {
    pages = await openPages();
    pages.provider.answer(plain);
    sari = await pages.house.createResident('Sari', 'administrator');
    const body = { name: 'OpenAI', provider: 'openai', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o', scope: 'organization' }; // prettier-ignore
    await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body });
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  test('what a request costs by itself stands beside the prices of its tokens, in both languages', async () => {
    const { token } = sari;
    const model = 'priced-by-the-call';
    const price = { provider: 'openai', model, tiers: [{ input: '1', output: '2', perRequest: '0.25' }] };
    expect((await pages.house.request('POST', '/api/admin/prices', { token, body: price })).status).toBe(201);
    const key = (await pages.house.request('POST', '/api/access-keys', { token, body: { name: 'web-prod' } })).at('data.key');
    const body = { model: `OpenAI/${model}`, messages: [{ role: 'user', content: 'How dear is it?' }] };
    const answer = await pages.house.request('POST', '/v1/chat/completions', { token: key, body });
    await pages.house.deps.books.catchUp();
    const visitor = await visit({ url: pages.house.url });
    const { page } = visitor;
    await comeIn(visitor, sari);
    await page.goto(`/requests/${answer.headers.get('x-request-id')!}`);
    await page.getByRole('tab', { name: 'Cost' }).click();
    const drawer = page.getByRole('complementary', { name: 'Request' });
    await drawer.getByText(/^\$2\.00 per million tokens$/).waitFor(patient);
    const fact = drawer.locator('dl > div', { hasText: 'Each request' });
    await expect.poll(() => fact.locator('dd').innerText(), patient).toBe('$0.25');
    await visitor.leave();
    expect([en, id].map(({ requests }) => requests.priceOf.perRequest)).toEqual(['Each request', 'Tiap permintaan']);
  });
});
