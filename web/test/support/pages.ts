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

/** Opens a house that serves the built pages. The build is `npm test`'s first step; without it there is nothing to look at. */
export async function openPages(options: HouseOptions = {}): Promise<Pages> {
  if (!existsSync(join(import.meta.dirname, '../../dist/index.html'))) throw new Error('web/dist is missing: build the pages first');
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
  id: { email: 'Alamat Email', password: 'Kata Sandi', signIn: 'Masuk' },
};

/** Through the door, by its form. */
export async function signIn({ page }: Visitor, person: Pick<Resident, 'email' | 'password'>, language: 'en' | 'id' = 'en'): Promise<void> {
  const { email, password, signIn: button } = words[language];
  await page.goto('/login');
  await page.getByLabel(email, { exact: true }).fill(person.email);
  await page.getByLabel(password, { exact: true }).fill(person.password);
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.waitForURL('**/settings/ai-connections');
  // The address changes before the page does, and the door has a heading, too.
  await page.locator('#page-title').waitFor();
}

/** Chooses a language by its own name. The radio lies under its label, which is what people press. */
export const chooseLanguage = ({ page }: Visitor, name: 'English' | 'Bahasa Indonesia'): Promise<void> =>
  page.locator('label').filter({ hasText: name }).click();

export const chooseTheme = ({ page }: Visitor, name: string): Promise<void> => page.locator('label').filter({ hasText: name }).click();
