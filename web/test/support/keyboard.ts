/** Somebody without a mouse: Tab until a name has the focus, and a ring that everybody can see wherever it is. */
import { expect } from 'vitest';
import type { Page } from 'playwright-core';

/** More than any page has controls. */
const tabsMax = 120;

/** The accessible name of what has the focus, and whether a ring stands around it or around what stands for it. */
function focused(): { name: string; isSeen: boolean } {
  const element = document.activeElement === document.body ? null : document.activeElement;
  const labels = element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? [...(element.labels ?? [])] : [];
  const named = element?.getAttribute('aria-labelledby');
  const words = [
    ...(named ?? '').split(' ').map((id) => document.getElementById(id)?.innerText ?? ''),
    ...labels.map((label) => label.innerText),
    element instanceof HTMLSelectElement ? '' : ((element as HTMLElement | null)?.innerText ?? ''),
  ];
  const hasRing = (place: Element | null | undefined): boolean => {
    if (!place) return false;
    const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(place);
    return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none' || borderColor === 'rgb(0, 0, 0)';
  };
  return {
    name: (element?.getAttribute('aria-label') ?? words.find((text) => text.trim() !== '') ?? '').replace(/\s*\*$/, '').trim(),
    // A date has parts of its own, whose rings are the browser's.
    isSeen:
      (element instanceof HTMLInputElement && element.type === 'date') ||
      [element, element?.parentElement, element?.nextElementSibling].some(hasRing),
  };
}

/** Presses Tab until the control of this name has the focus. Fails where none has, or where a ring was missing on the way. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let tabs = 0; tabs < tabsMax; tabs += 1) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(focused);
    if (now.name !== '' && !now.isSeen) expect.unreachable(`nothing shows that “${now.name}” has the focus`);
    if (now.name === name) return;
    passed.push(now.name);
  }
  expect.unreachable(`Tab does not reach “${name}”; it passed ${[...new Set(passed)].join(', ')}`);
}

export const focusedName = async (page: Page): Promise<string> => (await page.evaluate(focused)).name;
