/** While the server is gone nothing is sent: forms keep what was typed, and their buttons say why they wait. */

/** Buttons that write without being a form's own say so with `data-writes`. */
const writers = 'main button[type="submit"], main [data-writes], dialog[open] button[type="submit"], dialog[open] [data-writes]';
const heldMark = 'data-held';

function hold(button: Element, reasonId: string): void {
  if (button.hasAttribute(heldMark)) return;
  button.setAttribute(heldMark, button.getAttribute('aria-describedby') ?? '');
  button.setAttribute('aria-disabled', 'true');
  button.setAttribute('aria-describedby', `${button.getAttribute('aria-describedby') ?? ''} ${reasonId}`.trim());
}

function release(button: Element): void {
  const described = button.getAttribute(heldMark) ?? '';
  button.removeAttribute(heldMark);
  button.removeAttribute('aria-disabled');
  if (described === '') button.removeAttribute('aria-describedby');
  else button.setAttribute('aria-describedby', described);
}

/** Holds every write until the returned function is called. `reasonId` is the element that says why. */
export function holdWrites(reasonId: string): () => void {
  const holdAll = (): void => document.querySelectorAll(writers).forEach((button) => hold(button, reasonId));
  const refuse = (event: Event): void => {
    const isPress = event.type === 'click';
    if (isPress && !(event.target instanceof Element && event.target.closest(`[${heldMark}]`))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  // Pages go on rendering: a button that appears meanwhile waits like the others.
  const observer = new MutationObserver(holdAll);
  holdAll();
  observer.observe(document.body, { childList: true, subtree: true });
  document.addEventListener('click', refuse, true);
  document.addEventListener('submit', refuse, true);
  return () => {
    observer.disconnect();
    document.removeEventListener('click', refuse, true);
    document.removeEventListener('submit', refuse, true);
    document.querySelectorAll(`[${heldMark}]`).forEach(release);
  };
}
