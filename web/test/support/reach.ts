/** What runs in the page to find controls that somebody cannot reach: covered, too small, or out of use without a word. */
import type { Page } from 'playwright-core';

/** Runs in the page. What of a control cannot be pressed though it was brought into the middle of the window, and what is too small to be hit. */
function findUnreachable(sizeMin: number): string[] {
  // Under a dialog nothing is to be pressed.
  const place = document.querySelector('dialog:modal') ?? document;
  const controls = [
    ...place.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary, [role="switch"], [role="tab"]'),
  ];
  const nameOf = (control: HTMLElement): string =>
    `${control.tagName.toLowerCase()} “${control.getAttribute('aria-label') ?? control.textContent?.trim().slice(0, 40) ?? ''}”`;
  const isWithin = (control: HTMLElement, found: Element | null): boolean => {
    const label = control instanceof HTMLInputElement ? [...(control.labels ?? [])] : [];
    return found !== null && [control, ...label].some((part) => part.contains(found) || found.contains(part));
  };
  return controls.flatMap((control) => {
    const isLaid = control.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!isLaid || control.closest('[inert], dialog:not([open]), [popover]:not(:popover-open)')) return [];
    control.scrollIntoView({ block: 'center', inline: 'center' });
    const { left, right, top, bottom, width, height } = control.getBoundingClientRect();
    // What is only for those who listen, and the link that comes with the focus.
    if (width <= 1 || bottom < 0) return [];
    const inset = 3;
    // In a field the ends belong to its icons.
    const end = control instanceof HTMLInputElement ? width / 3 : inset;
    const middle = [left + width / 2, top + height / 2] as const;
    // What is higher than half of the window is passed by, a piece at a time.
    const isHigh = height > innerHeight / 2;
    const points = isHigh
      ? [middle]
      : ([
          [left + width / 2, top + inset],
          [left + width / 2, bottom - inset],
          [left + end, top + height / 2],
          [right - end, top + height / 2],
        ] as const);
    const faults = points.every(([x, y]) => isWithin(control, document.elementFromPoint(x, y))) ? [] : [`${nameOf(control)} is covered`];
    // A label is pressed as its control is; a link in a sentence is as high as its line.
    const labels = 'labels' in control ? [...((control as HTMLInputElement).labels ?? [])] : [];
    const highest = Math.max(height, ...labels.map((label) => label.getBoundingClientRect().height));
    if (!control.matches('p a, li a, td a, th a, dd a, dt a') && highest < sizeMin) faults.push(`${nameOf(control)} is ${highest} px high`);
    return faults;
  });
}

/** Runs in the page. Controls that are out of use and either cannot be come to with Tab or do not say why. */
function findUnreasoned(): string[] {
  const controls = [...document.querySelectorAll<HTMLElement>(':disabled, [aria-disabled="true"]')];
  return controls.flatMap((control) => {
    // An option is a part of its list, and what is not there needs no reason.
    if (control.matches('option, optgroup, [role="option"]') || !control.checkVisibility({ visibilityProperty: true })) return [];
    const name = control.getAttribute('aria-label') ?? control.textContent?.trim().slice(0, 40) ?? '';
    const reasons = (control.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '');
    const faults = reasons.some((text) => text.trim() !== '') ? [] : [`“${name}” is out of use and does not say why`];
    if (control.matches(':disabled') || control.tabIndex < 0) faults.push(`“${name}” is out of use and Tab passes it by`);
    return faults;
  });
}

/** WCAG 2.5.8; links within a sentence are excepted there, too. */
const targetPxMin = 24;

export const unreachableOn = (page: Page): Promise<string[]> => page.evaluate(findUnreachable, targetPxMin);

/** WCAG 4.1.2 asks for a name and a state; a control that says why it waits can be found and understood, too. */
export const unreasonedOn = (page: Page): Promise<string[]> => page.evaluate(findUnreasoned);

/** Runs in the page, as it is for a finger. What is lower or narrower than a finger needs; a link within a sentence is as high as its line. */
async function findSmall(sizeMin: number): Promise<string[]> {
  // The page takes its rules for a finger with a picture that it draws.
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const controls = [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary, [role="tab"]')];
  const over = document.documentElement.scrollWidth - document.body.clientWidth;
  const wider = over > 0 ? [`for a finger the page is ${over} px wider than the window`] : [];
  const small = controls.flatMap((control) => {
    const isLaid = control.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!isLaid || control.closest('[inert], dialog:not([open]), [popover]:not(:popover-open)')) return [];
    if (control.matches('a') && getComputedStyle(control).display === 'inline') return [];
    // A label is pressed as its control is.
    const labels = 'labels' in control ? [...((control as HTMLInputElement).labels ?? [])] : [];
    const rects = [control, ...labels].map((part) => part.getBoundingClientRect());
    const [width, height] = [Math.max(...rects.map((rect) => rect.width)), Math.max(...rects.map((rect) => rect.height))];
    // What is only for those who listen.
    if (width <= 1 || (Math.round(height) >= sizeMin && Math.round(width) >= sizeMin)) return [];
    const name = control.getAttribute('aria-label') ?? control.textContent?.trim().slice(0, 40) ?? '';
    return [`${control.tagName.toLowerCase()} “${name}” is ${Math.round(width)} by ${Math.round(height)} px, too small for a finger`];
  });
  return [...wider, ...small];
}

/** WCAG 2.5.5. */
const fingerPxMin = 44;
/** So many looks at most, until all rules for a finger are taken. */
const looksMax = 20;

/** The page turns to somebody with a finger, is looked at, and turns back. */
export async function smallForFingersOn(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  try {
    if (!(await page.evaluate(() => matchMedia('(pointer: coarse)').matches))) throw new Error('the page knows nothing of fingers');
    let found = await page.evaluate(findSmall, fingerPxMin);
    for (let look = 1; look < looksMax && found.length > 0; look += 1) found = await page.evaluate(findSmall, fingerPxMin);
    return found;
  } finally {
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: false });
    await session.detach();
  }
}
