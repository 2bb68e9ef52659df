/**
 * Files of the page that come when they are wanted. While the server is gone they are waited for, since a page that breaks or is loaded
 * again would lose what was typed into it; a page from before a new version of Patchbay, whose files are no more, is loaded again, once.
 */
import { isServerThere } from './reach.ts';

const place = 'patchbay-reloaded';
/** A second miss within this is no new version but a fault, and a page that reloads for ever helps nobody. */
const onceWithinMs = 60_000;
const lookMs = 2_000;

let arrival: Promise<void> | undefined;
/** This page is on its way out. */
let isOver = false;

async function untilServerIsThere(): Promise<void> {
  while (!(await isServerThere())) await new Promise((resolve) => setTimeout(resolve, lookMs));
  arrival = undefined;
}

const missedStyles = new Set<HTMLLinkElement>();
addEventListener(
  'error',
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') missedStyles.add(target);
  },
  true,
);

/** What preloads styles asks for each of them once, also where it did not come. Rejects where one is missing again. */
async function fetchMissedStyles(): Promise<void> {
  const links = [...missedStyles];
  missedStyles.clear();
  await Promise.all(
    links.map(
      (link) =>
        new Promise((resolve, reject) => {
          const again = link.cloneNode() as HTMLLinkElement;
          again.addEventListener('load', resolve);
          again.addEventListener('error', () => reject(new Error(`${link.href} did not come`)));
          link.replaceWith(again);
        }),
    ),
  );
}

function mayReload(): boolean {
  try {
    if (Date.now() - Number(sessionStorage.getItem(place) ?? 0) < onceWithinMs) return false;
    sessionStorage.setItem(place, String(Date.now()));
    return true;
  } catch {
    // Nobody would know that it has been loaded again already.
    return false;
  }
}

/** What `load` imports. Rejects where the server is there and the file is not, and the page has been loaded again for it already. */
export async function wanted<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    await (arrival ??= untilServerIsThere());
  }
  try {
    await fetchMissedStyles();
    return await load();
  } catch (error) {
    if (!(await isServerThere())) return wanted(load);
    if (!isOver && !mayReload()) throw error;
    if (!isOver) location.reload();
    isOver = true;
    // Nothing is drawn in the place of this page until the next one comes.
    return new Promise(() => undefined);
  }
}
