/** A house with its pages, a provider behind it, and the steps that every visit begins with. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startFakeProvider, type FakeProvider } from '../../../server/test/support/fake-provider.ts';
import { openHouse, type House, type HouseOptions, type Resident } from '../../../server/test/support/house.ts';
import type { Visitor } from './visitor.ts';

export interface Pages {
  house: House;
  provider: FakeProvider;
  close(): Promise<void>;
}

/** The build that is looked at: `TEST_PAGES_DIR`, as the house has it, else web/dist. */
export const builtPagesDir = process.env['TEST_PAGES_DIR'] ?? join(import.meta.dirname, '../../dist');

/** Opens a house that serves the built pages. The build is `npm test`'s first step; without it there is nothing to look at. */
export async function openPages(options: HouseOptions = {}): Promise<Pages> {
  if (!existsSync(join(builtPagesDir, 'index.html'))) throw new Error(`${builtPagesDir} holds no pages: build them first`);
  const provider = await startFakeProvider();
  const house = await openHouse({ egressAllow: '127.0.0.1:*', ...options });
  return {
    house,
    provider,
    async close() {
      await house.close();
      await provider.close();
    },
  };
}

const words = {
  en: { email: 'Email', password: 'Password', signIn: 'Sign In' },
  id: { email: 'Alamat email', password: 'Kata sandi', signIn: 'Masuk' },
};

type Guest = Pick<Resident, 'email' | 'password'>;

/** By the form of the door. */
async function signInByForm({ page }: Visitor, person: Guest, language: 'en' | 'id'): Promise<void> {
  const { email, password, signIn: button } = words[language];
  await page.goto('/login');
  await page.getByLabel(email, { exact: true }).fill(person.email);
  await page.getByLabel(password, { exact: true }).fill(person.password);
  await page.getByRole('button', { name: button, exact: true }).click();
  // The address changes before the page does, and the door has a heading, too.
  await page.locator('#page-title').waitFor();
}

/** The same request as the form's. A visit that looks at other pages has no need of the door's. */
async function signInByRequest({ context }: Visitor, url: string, data: Guest): Promise<void> {
  const { origin } = new URL(url);
  const answer = await context.request.post(`${url}/api/auth/sign-in/email`, { data, headers: { origin } });
  if (!answer.ok()) throw new Error(`signing in was refused: ${answer.status()} ${await answer.text()}`);
}

/** Behind the door, and before no page yet: for a fresh visitor who goes to another page than the list. */
export const comeIn = (visitor: Visitor, { email, password }: Guest): Promise<void> =>
  signInByRequest(visitor, visitor.url, { email, password });

/** Through the door: by its form where the visitor stands before a page already, else by the request alone. */
export async function signIn(visitor: Visitor, { email, password }: Guest, language: 'en' | 'id' = 'en'): Promise<void> {
  const { page, url } = visitor;
  // A name that only the browser resolves is nothing for a request of ours.
  const isAddress = new URL(url).hostname === '127.0.0.1';
  if (isAddress && page.url() === 'about:blank') await signInByRequest(visitor, url, { email, password });
  else await signInByForm(visitor, { email, password }, language);
  // Most visits are about the list; who wants the first page goes there.
  await page.goto('/settings/ai-connections');
  await page.locator('#page-title').waitFor();
}

const account = /^(Account|Akun)$/;

/** Behind the door, language, theme and the way out are in the panel of the account; it stays open until it is left. */
export async function openAccount({ page }: Visitor): Promise<void> {
  const panel = page.getByRole('region', { name: account });
  const opener = page.getByRole('button', { name: account });
  if ((await opener.count()) > 0 && !(await panel.isVisible())) await opener.click();
}

async function choose(visitor: Visitor, name: string): Promise<void> {
  await openAccount(visitor);
  await visitor.page.locator('label').filter({ hasText: name }).first().click();
  if (await visitor.page.getByRole('region', { name: account }).isVisible()) await visitor.page.keyboard.press('Escape');
  // The choice is kept by the server: whoever goes to another page at once would take it back.
  await visitor.settled();
}

/** Chooses a language by its own name. The radio lies under its label, which is what people press. */
export const chooseLanguage = (visitor: Visitor, name: 'English' | 'Bahasa Indonesia'): Promise<void> => choose(visitor, name);

export const chooseTheme = (visitor: Visitor, name: string): Promise<void> => choose(visitor, name);

/** Out again, by the account's panel. */
export async function signOut(visitor: Visitor): Promise<void> {
  await openAccount(visitor);
  await visitor.page.getByRole('button', { name: /^(Sign Out|Keluar)$/ }).click();
}
