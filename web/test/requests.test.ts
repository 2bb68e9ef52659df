/** The explorer in a real browser: found by filters and bars, opened beside the list, read where contents are kept, followed live, and written out. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import { plain, refusing, usage, whole, wholeBody } from '../../server/test/support/fake-provider.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { failureClasses } from '../../server/src/domain/tally.ts';
import { refusalCodes } from '../../server/src/gateway/errors.ts';
import { chipText, filterNames, typedFilters, wordOf } from '../src/features/requests/filters.ts';
import { replayOf } from '../src/features/requests/replay.ts';
import en from '../src/messages/en.json' with { type: 'json' };
import id from '../src/messages/id.json' with { type: 'json' };
import { comeIn, openPages, signIn, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

const slowMs = 300_000;
const patient = { timeout: 60_000 };

needs('browser')('requests', () => {
  let pages: Pages;
  let sari: Resident;
  let workspaceId: string;
  let key: string;
  const ask = async (said: string | object[], model = 'gpt-4o'): Promise<string> => {
    const messages = typeof said === 'string' ? [{ role: 'user', content: said }] : said;
    const body = { model, messages, temperature: 0.5 };
    return (await pages.house.request('POST', '/v1/chat/completions', { token: key, body })).headers.get('x-request-id')!;
  };

  beforeAll(async () => {
    pages = await openPages();
    pages.provider.answer(plain);
    sari = await pages.house.createResident('Sari', 'administrator');
    workspaceId = await pages.house.createWorkspace('Marketing', [[sari, 'ADMIN']]);
    const { token } = sari;
    const body = { name: 'OpenAI', provider: 'openai', baseUrl: pages.provider.baseUrl, apiKey: 'sk-test-abcdefghx7Qa', defaultModel: 'gpt-4o', scope: 'organization' }; // prettier-ignore
    await pages.house.request('POST', '/api/ai-connections', { token, body });
    key = (await pages.house.request('POST', '/api/access-keys', { token, body: { name: 'web-prod', workspaceId } })).at('data.key');
  });
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
  });

  /** Under Members, by the ADMIN, and asked before anything is thrown away. */
  async function turnCaptureOn({ page }: Visitor): Promise<void> {
    await page.goto('/members');
    const panel = page.getByRole('region', { name: 'Content of requests' });
    await panel.getByRole('switch').check();
    await panel.getByLabel('Days to keep it').fill('120');
    await panel.getByRole('button', { name: 'Save' }).click();
    await panel.getByText('A whole number from 1 to 90.').waitFor();
    await panel.getByLabel('Days to keep it').fill('30');
    await panel.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => pages.house.deps.keeper.snapshot.capture.get(workspaceId), patient).toBe(30);
  }

  test(
    'contents are kept from the moment that an ADMIN says so, and a request is found, opened, read and linked to',
    async () => {
      const visitor = await visit({ url: pages.house.url });
      const { page } = visitor;
      await signIn(visitor, sari);
      await ask('before anybody said so');
      await turnCaptureOn(visitor);
      const sound = { prompt_tokens_details: { audio_tokens: 9, cached_tokens: 0 }, completion_tokens_details: { audio_tokens: 5 } };
      pages.provider.answer(refusing(503), whole(wholeBody(undefined, { usage: { ...usage, ...sound } })));
      const kept = await ask('what is the plan for Jakarta');
      pages.provider.answer(plain);
      await ask('nothing there', 'gpt-none');

      await page.getByRole('link', { name: 'Requests', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
      const table = page.getByRole('table', { name: 'Requests' });
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(4);
      expect(await visitor.axe()).toEqual([]);

      // Typed as people type it; the filter is a chip, and in the address.
      await page.getByLabel('Filter').fill('status:failed model:gpt-none');
      await page.keyboard.press('Enter');
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(2);
      await expect.poll(() => new URL(page.url()).search).toBe('?outcome=failed&model=gpt-none');
      // The address is enough: for a reload, for the way back, and for somebody who is sent the link.
      await page.reload();
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(2);
      const chips = page.getByRole('list', { name: 'Filters in force' }).getByRole('listitem');
      await expect.poll(async () => (await chips.allInnerTexts()).slice(0, 2)).toEqual(['status:failed', 'model:gpt-none']);
      await page.goBack();
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(4);
      await page.goForward();
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(2);
      await page.getByRole('button', { name: 'Remove model:gpt-none' }).click();
      await page.getByRole('button', { name: 'Clear' }).click();
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(4);
      // All rows are here and each knows its place.
      await expect.poll(() => table.getAttribute('aria-rowcount')).toBe('4');
      await expect
        .poll(() => table.getByRole('row').evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-rowindex'))))
        .toEqual(['1', '2', '3', '4']);

      // One that took two attempts, with its own address.
      await table.getByRole('row').filter({ hasText: '2 attempts' }).getByRole('link').click();
      const drawer = page.getByRole('complementary', { name: 'Request' });
      await drawer.getByText('Tried again after “Overload”:').waitFor();
      await expect.poll(() => new URL(page.url()).pathname).toBe(`/requests/${kept}`);
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Request');
      await drawer.getByRole('tab', { name: 'Content' }).click();
      await drawer.getByText('what is the plan for Jakarta').waitFor();
      await drawer.getByText('The quick brown fox jumps.').waitFor();
      expect(await visitor.axe()).toEqual([]);
      await drawer.getByRole('tab', { name: 'Cost' }).click();
      await drawer
        .getByText(/per million tokens/)
        .first()
        .waitFor();
      await drawer.getByText('11 in, 7 out · 9 in as audio · 5 out as audio', { exact: true }).waitFor();
      await page.keyboard.press('Escape');
      await drawer.waitFor({ state: 'detached' });
      await expect.poll(() => new URL(page.url()).pathname).toBe('/requests');
      await page.goto(`/requests/${kept}`);
      await drawer.getByRole('tab', { name: 'Timeline' }).waitFor();
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'a kept request is the beginning of a chat: its last question waits in the box, and nobody is asked',
    async () => {
      const visitor = await visit({ url: pages.house.url });
      const { page } = visitor;
      await signIn(visitor, sari);
      pages.provider.answer(plain);
      const kept = await ask([
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Is it dry in Jakarta?' },
        { role: 'assistant', content: 'Wait for rain' },
        { role: 'user', content: [{ type: 'text', text: 'And in Surabaya?' }] },
      ]);
      const isKept = async (): Promise<boolean> => (await pages.house.request('GET', `/api/requests/${kept}`, { token: sari.token })).body['data']?.['hasContent'] as unknown as boolean;
      await expect.poll(isKept, patient).toBe(true);
      const asked = pages.provider.received.length;
      await page.goto(`/requests/${kept}`);
      await page.getByRole('tab', { name: 'Content' }).click();
      await page.getByRole('button', { name: 'Replay in Chat' }).click();
      await page.getByRole('log').getByText('Wait for rain').waitFor();
      await expect.poll(() => page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('And in Surabaya?');
      const chat = await pages.house.request('GET', `/api/chats/${page.url().split('/').at(-1)!}`, { token: sari.token });
      expect(chat.body['data']).toMatchObject({
        title: 'Is it dry in Jakarta?',
        settings: { model: 'gpt-4o', systemPrompt: 'Be brief', temperature: 0.5 },
      });
      expect(pages.provider.received).toHaveLength(asked);
      await visitor.leave();
    },
    slowMs,
  ); // prettier-ignore

  test(
    'the list follows what happens, holds while a request is open, and its bars and its file say the same',
    async () => {
      const visitor = await visit({ url: pages.house.url });
      const { page } = visitor;
      await comeIn(visitor, sari);
      // What was asked before is in the books, and on the page.
      await pages.house.deps.books.catchUp();
      await page.goto('/requests');
      const table = page.getByRole('table', { name: 'Requests' });
      await table.waitFor();
      await visitor.settled();
      const before = await table.getByRole('row').count();
      await ask('one more');
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(before + 1);
      // Whoever reads one is not pushed down.
      await table.getByRole('link').first().click();
      await page.getByRole('complementary', { name: 'Request' }).waitFor();
      await ask('and another');
      await page.getByRole('button', { name: '1 new · Show' }).waitFor(patient);
      await expect.poll(() => table.getByRole('row').count()).toBe(before + 1);
      await page.getByRole('button', { name: 'Close the request' }).click();
      await page.getByRole('button', { name: '1 new · Show' }).click();
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(before + 2);

      await page.getByRole('img', { name: /^\d+ requests, [1-9]\d* refused, / }).waitFor();
      // The bars as a table: a press on a time is the range.
      await page.getByRole('button', { name: 'Show as Table' }).click();
      const bars = page.getByRole('table', { name: 'Requests over time' });
      await expect.poll(() => bars.getByRole('columnheader').allInnerTexts()).toEqual(['Time', 'Requests', 'Refused', 'Failed']);
      await bars.getByRole('button').first().click();
      await expect.poll(() => new URL(page.url()).searchParams.has('from'), patient).toBe(true);
      await page.getByText('Chosen range').waitFor({ state: 'attached' });

      await page.getByText('Columns', { exact: true }).first().click();
      await page.getByLabel('First token').check();
      await table.getByRole('columnheader', { name: 'First token' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('Export', { exact: true }).click();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Table (CSV)' }).click()]);
      expect(download.suggestedFilename()).toBe('requests.csv');
      const lines = readFileSync(await download.path(), 'utf8')
        .trim()
        .split('\r\n');
      expect(lines[0]).toMatch(/^requestId,at,status/);
      expect(lines.length).toBeGreaterThan(1);

      // A long one goes on without the page; its file waits where one's tasks are, until somebody throws it away.
      await page.getByRole('button', { name: 'Export in the background: CSV' }).click();
      await page.getByText('The file is being written.').first().waitFor(patient);
      expect(await visitor.axe()).toEqual([]);
      await page.getByRole('button', { name: /^Tasks/ }).click();
      const panel = page.getByRole('region', { name: 'Your tasks' });
      const fetched = panel.getByRole('link', { name: /^Download: requests-/ });
      const [kept] = await Promise.all([page.waitForEvent('download', patient), fetched.click(patient)]);
      expect(kept.suggestedFilename()).toMatch(/^requests-\d{4}-\d\d-\d\d\.csv$/);
      await expect.poll(async () => readFileSync(await kept.path(), 'utf8')).toMatch(/^requestId,at,status.+\r\n.+/);
      await panel.getByText(/\d rows, kept until /).waitFor();
      expect(await visitor.axe()).toEqual([]);
      await panel.getByRole('button', { name: /^Delete file: requests-/ }).click();
      await page.getByRole('button', { name: 'Delete File', exact: true }).last().click();
      await fetched.waitFor({ state: 'detached' });
      await panel.getByText('Export requests-').waitFor();
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'a view asks for its list once and a request for itself once; a page has fifty rows, and what comes meanwhile moves nobody who reads',
    async () => {
      // More than a page of them, refused before any provider is asked.
      for (let count = 0; count < 60; count += 1) await ask('again', 'gpt-none');
      await pages.house.deps.books.catchUp();
      const visitor = await visit({ url: pages.house.url, height: 600 });
      const { page } = visitor;
      await signIn(visitor, sari);
      const asked: string[] = [];
      page.on('request', (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith('/api/requests')) asked.push(pathname);
      });
      // Stopped, the list asks for nothing by itself.
      await page.goto('/requests');
      const table = page.getByRole('table', { name: 'Requests' });
      await page.getByRole('button', { name: 'Live', pressed: true }).click();
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(51);
      await visitor.settled();
      asked.length = 0;
      await page.getByRole('button', { name: 'Older' }).click();
      await expect.poll(() => table.getByRole('row').nth(1).getAttribute('aria-rowindex'), patient).toBe('52');
      await visitor.settled();
      expect(asked).toEqual(['/api/requests']);
      asked.length = 0;
      await table.getByRole('link').first().click();
      await page.getByRole('complementary', { name: 'Request' }).getByRole('tab').first().waitFor();
      await visitor.settled();
      expect(asked).toHaveLength(1);
      expect(asked[0]).toMatch(/^\/api\/requests\/[\w-]+$/);
      await page.keyboard.press('Escape');

      // Somebody who has scrolled reads; new rows wait, and nothing moves under their eyes.
      await page.goto('/requests');
      await expect.poll(() => table.getByRole('row').count(), patient).toBe(51);
      await page.mouse.move(400, 400);
      await page.mouse.wheel(0, 900);
      await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(500);
      await visitor.settled();
      const placeOf = () => table.getByRole('row').nth(30).boundingBox();
      const before = await placeOf();
      await ask('while somebody reads', 'gpt-none');
      await page.getByRole('button', { name: '1 new · Show' }).waitFor({ ...patient, state: 'attached' });
      await expect.poll(() => placeOf()).toEqual(before);
      await page.getByRole('button', { name: '1 new · Show' }).click();
      await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'the way to another list begins with its newest rows, however far one has turned in this one',
    async () => {
      for (let count = 0; count < 60; count += 1) await ask('far', 'gpt-none');
      await pages.house.deps.books.catchUp();
      const visitor = await visit({ url: pages.house.url });
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/requests?outcome=failed');
      const first = page.getByRole('table', { name: 'Requests' }).getByRole('row').nth(1);
      const isOff = (name: string) => page.getByRole('button', { name, exact: true }).getAttribute('aria-disabled');
      await page.getByRole('button', { name: 'Older' }).click();
      await expect.poll(() => first.getAttribute('aria-rowindex'), patient).toBe('52');
      await page.getByRole('navigation').getByRole('link', { name: 'Requests' }).click();
      await page.waitForURL('**/requests');
      await expect.poll(() => first.getAttribute('aria-rowindex'), patient).toBe('2');
      await expect.poll(() => isOff('Newer')).toBe('true');
      // So does the way back.
      await page.goBack();
      await page.waitForURL('**/requests?outcome=failed');
      await expect.poll(() => first.getAttribute('aria-rowindex'), patient).toBe('2');
      await visitor.leave();
    },
    slowMs,
  );

  test(
    'a request whose file does not come has its head all the same: it says so, and it can be closed',
    async () => {
      const visitor = await visit({ url: pages.house.url, width: 390, hasTouch: true });
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/requests');
      await page.route('**/assets/RequestDetail-*.js', (route) => route.abort());
      await page.getByRole('table', { name: 'Requests' }).getByRole('link').first().click();
      const drawer = page.getByRole('complementary', { name: 'Request' });
      await drawer.getByRole('button', { name: 'Try again' }).waitFor(patient);
      await drawer.getByRole('heading', { level: 2, name: 'Request' }).waitFor();
      // It begins where the bar ends.
      const edges = async () => [(await page.getByRole('banner').boundingBox())!, (await drawer.boundingBox())!].map(({ y, height }, at) => (at === 0 ? y + height : y));
      await expect.poll(async () => new Set(await edges()).size).toBe(1);
      await drawer.getByRole('button', { name: 'Close the request' }).click();
      await drawer.waitFor({ state: 'detached' });
      visitor.complaints.length = 0;
      await visitor.leave();
    },
    slowMs,
  ); // prettier-ignore

  test(
    'on a phone, in Indonesian and in the dark, nothing is wider than the window and nothing is lost',
    async () => {
      await pages.house.request('PATCH', '/api/me', { token: sari.token, body: { language: 'id' } });
      const visitor = await visit({ url: pages.house.url, width: 390, locale: 'id-ID', theme: 'dark' });
      const { page } = visitor;
      await comeIn(visitor, sari);
      await page.goto('/requests?model=nowhere');
      await page.getByText('Tidak ada yang cocok dengan saringan ini').waitFor();
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(await visitor.axe()).toEqual([]);
      await page.goto('/requests');
      await page.getByRole('table', { name: 'Permintaan' }).getByRole('link').first().click();
      await page.getByRole('tab', { name: 'Lini masa' }).waitFor();
      await expect.poll(() => overflowOf(page)).toBe(0);
      expect(await visitor.axe()).toEqual([]);
      await visitor.leave();
    },
    slowMs,
  );
});

test('whatever the books give as a reason has words in both languages', () => {
  // A stranger is answered and not booked; and these two come before anybody is known.
  const unbooked = new Set<string>(['invalid_api_key', 'wrong_key_kind', 'not_found', 'method_not_allowed']);
  const codes = [...failureClasses, ...refusalCodes, 'client_closed', 'interrupted', 'intent_lost'].filter((code) => !unbooked.has(code));
  for (const { of } of [en.reason, id.reason]) expect([...new Set(codes)].filter((code) => !(code in of))).toEqual([]);
});

test('what a chip says can be typed again, and means the same', () => {
  const things = { connectionId: [{ id: 'c1', name: 'OpenAI — production' }], keyId: [{ id: 'k1', name: 'web prod' }] };
  const values: Partial<Record<(typeof filterNames)[number], string>> = { outcome: 'failed', httpStatus: '404', hasChanges: 'true', hasViolations: 'true', connectionId: 'c1', keyId: 'k1', minLatencyMs: '5000', minCostUsd: '0.01' }; // prettier-ignore
  for (const name of filterNames) {
    const value = values[name] ?? 'some value';
    expect(typedFilters(`${wordOf(name)}:"${chipText(name, value, things)}"`, things), name).toEqual({ [name]: value });
  }
});

test('a kept request is a chat from each wire, as long as it is whole and nothing but text', () => {
  const of = (body: unknown, isTruncated = false) => replayOf({ text: typeof body === 'string' ? body : JSON.stringify(body), isTruncated });
  const hi = { role: 'user', content: 'Hi' };
  expect(of({ model: 'm', messages: [{ role: 'developer', content: 'Be kind' }, hi], max_completion_tokens: 9, temperature: 7 })).toEqual({
    settings: { model: 'm', systemPrompt: 'Be kind', maxTokens: 9 },
    messages: [],
    question: 'Hi',
  });
  const said = [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, { role: 'assistant', content: 'c' }];
  expect(of({ system: [{ type: 'text', text: 'S' }], messages: said })).toEqual({
    settings: { systemPrompt: 'S' },
    messages: [{ role: 'user', content: 'a\nb' }, { role: 'assistant', content: 'c' }],
    question: '',
  });
  expect(of({ instructions: 'I', input: 'Hi', top_p: 0.1 })).toEqual({ settings: { systemPrompt: 'I', topP: 0.1 }, messages: [], question: 'Hi' });
  for (const body of [
    '{"messages":[{"role":"user","con',
    'null',
    { messages: [] },
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
    { messages: [hi, { role: 'tool', content: '4' }, hi] },
    { messages: [{ role: 'assistant', content: '', tool_calls: [] }, hi] },
    { messages: [hi], tools: [{ type: 'function' }] },
    { messages: [{ role: 'user', content: 'x'.repeat(100_001) }] },
    { input: [{ type: 'function_call', name: 'f' }] },
    { input: 'embed this', messages: 7 },
  ])
    expect(of(body), JSON.stringify(body).slice(0, 60)).toBeNull();
  expect(of({ messages: [hi] }, true)).toBeNull();
}); // prettier-ignore
