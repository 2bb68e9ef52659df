/**
 * A double click on a button that changes something is one press. The button is busy a moment after the first one; a worn mouse presses
 * again within that moment, and everything would be done twice.
 */

/** What sends something: the ends of forms, what says so by `data-writes`, and what says `data-once`. */
const senders = 'button[type="submit"], [data-writes], [data-once]';

export function pressOnce(): void {
  document.addEventListener(
    'click',
    (event) => {
      // The browser counts what follows one another at one place within the time that the person has set for a double click.
      if (event.detail < 2 || !(event.target instanceof Element) || event.target.closest(senders) === null) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
}
