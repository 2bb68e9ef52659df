/** Models on a machine of one's own: a download that outlives its page, goes on where it stopped, and fails with one sentence (ui S-6). */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeBrowser } from '../../server/test/support/browser.ts';
import type { Resident } from '../../server/test/support/house.ts';
import { needs } from '../../server/test/support/parts.ts';
import { noteSample, paceOf, type PaceSample } from '../src/features/models/list/pull-pace.ts';
import { chooseLanguage, comeIn, openPages, type Pages } from './support/pages.ts';
import { overflowOf, visit, type Visitor } from './support/visitor.ts';

describe('the pace of a download', () => {
  const at = (atMs: number, doneBytes: number, allBytes = 1000): PaceSample => ({ atMs, doneBytes, allBytes });
  const seen = (...samples: PaceSample[]): readonly PaceSample[] => samples.reduce<readonly PaceSample[]>(noteSample, []);

  test('nothing is guessed from one sample, nor before five seconds of steady ones', () => {
    expect(paceOf(seen(at(0, 0)))).toBe(null);
    expect(paceOf(seen(at(0, 0), at(0, 50)))).toBe(null);
    expect(paceOf(seen(at(0, 0), at(4_999, 50)))?.secondsLeft).toBe(null);
    expect(paceOf(seen(at(0, 0), at(5_000, 500)))).toEqual({ bytesPerS: 100, secondsLeft: 5 });
  });

  test('a layer that becomes known begins the guess anew, and old samples are forgotten', () => {
    expect(paceOf(seen(at(0, 0), at(6_000, 600), at(7_000, 600, 4_000)))).toBe(null);
    const many = Array.from({ length: 40 }, (_, second) => at(second * 1000, second < 20 ? 0 : (second - 19) * 10));
    expect(seen(...many)).toHaveLength(12);
    expect(paceOf(seen(...many))?.bytesPerS).toBeCloseTo(10);
  });
});

const line = (body: unknown): string => `${JSON.stringify(body)}\n`;
const layer = (digest: string, total: number, completed: number): string =>
  line({ status: `pulling ${digest}`, digest: `sha256:${digest}`, total, completed });

needs('browser')('models on a machine', () => {
  let pages: Pages;
  let machine: Server;
  let sari: Resident;
  let visitor: Visitor;
  let id: string;
  let people = 0;
  /** The download that is open now, as the machine sees it, and how many were begun. */
  let pulling: ServerResponse | null = null;
  let begun = 0;
  let installed: string[] = [];

  beforeAll(async () => {
    machine = createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => void (body += piece.toString()));
      request.on('end', () => {
        if (request.url === '/api/pull') {
          begun += 1;
          pulling = response;
          response.writeHead(200, { 'content-type': 'application/x-ndjson' });
          response.write(line({ status: 'pulling manifest' }));
          return;
        }
        if (request.url === '/api/delete') installed = installed.filter((name) => !body.includes(name));
        const models = installed.map((name) => ({
          name,
          size: 4_900_000_000,
          details: { family: 'llama', parameter_size: '8B', quantization_level: 'Q4_K_M' },
        }));
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(request.url === '/api/ps' ? { models: models.slice(0, 1) } : { models }));
      });
    });
    await new Promise<void>((resolve) => machine.listen(0, '127.0.0.1', resolve));
    pages = await openPages();
  });
  beforeEach(async () => {
    people += 1;
    begun = 0;
    pulling = null;
    installed = ['llama3.1:8b', 'qwen2.5:14b'];
    sari = await pages.house.createResident(`Person${people}`, 'administrator');
    const baseUrl = `http://127.0.0.1:${(machine.address() as AddressInfo).port}`;
    const body = { name: 'Lab', provider: 'ollama', baseUrl, defaultModel: 'llama3.1:8b' };
    id = (await pages.house.request('POST', '/api/ai-connections', { token: sari.token, body })).at('id');
    visitor = await visit({ url: pages.house.url });
    await comeIn(visitor, sari);
    await visitor.page.goto(`/connections/${id}/models`);
  });
  afterEach(() => visitor.leave());
  afterAll(async () => {
    await closeBrowser();
    await pages?.close();
    machine?.closeAllConnections();
    machine?.close();
  });

  const button = (name: string) => visitor.page.getByRole('button', { name, exact: true });
  const ask = async (model: string): Promise<void> => {
    await visitor.page.getByLabel('Model to pull').fill(model);
    await visitor.page.keyboard.press('Enter');
  };
  const opened = async (count: number): Promise<ServerResponse> => {
    await expect.poll(() => begun).toBe(count);
    return pulling!;
  };
  const shown = async (): Promise<number> => Number(await visitor.page.locator('main progress').getAttribute('value'));

  test('what is installed says size, kind and whether it is loaded; one is deleted after a question with its name', async () => {
    const { page } = visitor;
    const list = page.getByRole('list', { name: 'Installed models' });
    await list.getByText('llama3.1:8b').waitFor();
    await expect.poll(() => list.getByRole('listitem').first().innerText()).toMatch(/llama3\.1:8b\s+Loaded\s+8B Q4_K_M\s+4\.9 GB/);
    await button('Delete qwen2.5:14b').click();
    expect(await visitor.axe()).toEqual([]);
    await page.getByRole('dialog', { name: 'Delete “qwen2.5:14b” from the machine?' }).getByRole('button', { name: 'Delete' }).click();
    await list.getByText('qwen2.5:14b').waitFor({ state: 'detached' });
    expect(installed).toEqual(['llama3.1:8b']);
  });

  test('a download goes on over a reload, never goes back though layers are added, and becomes an installed model', async () => {
    const { page } = visitor;
    await ask('mistral:7b');
    const response = await opened(1);
    response.write(layer('a', 1_000_000_000, 400_000_000));
    await expect.poll(shown).toBe(40);
    await page.reload();
    await expect.poll(shown).toBe(40);
    expect(begun).toBe(1);
    await expect.poll(() => page.title()).toBe('(40%) Pulling mistral:7b');
    await page.getByText('0.4 of 1.0 GB').waitFor();
    expect(await visitor.axe()).toEqual([]);
    const values = [await shown()];
    response.write(layer('b', 3_000_000_000, 0));
    await page.getByText('0.4 of 4.0 GB').waitFor();
    values.push(await shown());
    response.write(layer('b', 3_000_000_000, 2_000_000_000));
    await expect.poll(shown).toBeGreaterThan(40);
    values.push(await shown());
    expect(values.toSorted((one, other) => one - other)).toEqual(values);
    // What is said to those who listen is gone with the next sentence, as with that of the tray of tasks.
    await page.locator('output.pb-unseen').evaluate((region) => {
      const heard: string[] = [];
      const hear = (changes: MutationRecord[]): void => {
        for (const { addedNodes } of changes) heard.push(...[...addedNodes].map((node) => node.textContent ?? ''));
      };
      new MutationObserver(hear).observe(region, { childList: true });
      Object.assign(globalThis, { heard });
    });
    installed.push('mistral:7b');
    response.end(line({ status: 'success' }));
    await page.getByRole('list', { name: 'Installed models' }).getByText('mistral:7b').waitFor();
    await expect.poll(() => page.locator('main progress').count()).toBe(0);
    await expect
      .poll(() => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard))
      .toContain('mistral:7b is installed.');
  });

  test('a cancelled download says what is kept, and goes on from there', async () => {
    const { page } = visitor;
    await ask('mistral:7b');
    (await opened(1)).write(layer('a', 1_000_000_000, 300_000_000));
    await expect.poll(shown).toBe(30);
    await button('Cancel the download of mistral:7b').click();
    await page.getByText('Cancelled at 30%. What was fetched is kept.').waitFor();
    await button('Resume the download of mistral:7b').click();
    const response = await opened(2);
    response.write(layer('a', 1_000_000_000, 350_000_000));
    await expect.poll(shown).toBe(35);
    response.end(line({ status: 'success' }));
    await expect.poll(() => page.locator('main progress').count()).toBe(0);
  });

  test('a model that nobody has is one sentence with the machine’s own words, and no progress is left', async () => {
    const { page } = visitor;
    await ask('no such name');
    await page.getByText('Letters, digits and . _ : / @ - only, no blanks.').waitFor();
    expect(begun).toBe(0);
    await ask('no-such-model');
    (await opened(1)).end(line({ error: 'pull model manifest: file does not exist' }));
    await page.getByText('The download failed: pull model manifest: file does not exist').waitFor();
    await expect.poll(() => page.getByText(/file does not exist/).count()).toBe(1);
    await expect.poll(() => page.locator('main progress').count()).toBe(0);
    expect(await visitor.axe()).toEqual([]);
  });

  test('in the form another installed model is chosen at a press, in Indonesian and on a narrow phone, too', async () => {
    const { page } = visitor;
    await page.goto(`/connections/${id}/edit`);
    await page.getByRole('radio', { name: 'Use qwen2.5:14b as the default model' }).check();
    await expect.poll(() => page.getByRole('combobox', { name: 'Default model' }).inputValue()).toBe('qwen2.5:14b');
    await chooseLanguage(visitor, 'Bahasa Indonesia');
    await page.getByRole('region', { name: 'Model di mesin ini' }).getByText('4,9 GB').first().waitFor();
    await page.setViewportSize({ width: 320, height: 800 });
    await expect.poll(() => overflowOf(page)).toBe(0);
    expect(await visitor.axe()).toEqual([]);
  });
});
