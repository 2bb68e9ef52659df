/**
 * The keyboard outside of fields. Lists take part by marks in their rows: `tr` or `[data-row]`, and in them
 * `[data-action="open|edit|test"]` and a checkbox.
 */
import { useNavigate } from '@tanstack/react-router';
import { useLayoutEffect } from 'react';
import { shortcuts } from '../lib/choices.ts';
import { isSessionOver } from '../lib/session-state.ts';
import { navEntries } from './nav-entries.ts';

interface ShortcutTargets {
  onPalette: () => void;
  onSheet: () => void;
}

/** How long `g` waits for its second letter. */
const secondLetterMs = 1_500;
const rowsIn = '#main tbody tr, #main [data-row]';

/** Where letters are text, or belong to a widget of their own. */
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.closest('input, textarea, select, [role="combobox"], [role="listbox"], [role="menu"]') !== null);

function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(rowsIn)];
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[here < 0 ? (step === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + step))];
  next?.setAttribute('tabindex', '-1');
  next?.focus();
}

/** Presses something in the row that has the focus; false where there is none. */
function pressInRow(selector: string): boolean {
  const control = document.activeElement?.closest(rowsIn)?.querySelector<HTMLElement>(selector);
  control?.click();
  return control !== null && control !== undefined;
}

function focusFilter(): boolean {
  const filter = document.querySelector<HTMLElement>('#main input[type="search"], #main [role="searchbox"], #main [data-filter]');
  filter?.focus();
  return filter !== null;
}

/** As if the form's own button were pressed: one that is out of use, since the form is on its way already, does nothing. */
function send(form: HTMLFormElement | null): void {
  const button = form?.querySelector<HTMLElement>('[type="submit"]');
  if (button) button.click();
  else form?.requestSubmit();
}

/** What a single letter does; true where it did something. */
function press(event: KeyboardEvent, onSheet: () => void): boolean {
  const isRow = document.activeElement?.matches(rowsIn) === true;
  if (event.key === '?') return (onSheet(), true);
  if (event.key === '/') return focusFilter();
  if (event.key === 'j') return (moveRow(1), true);
  if (event.key === 'k') return (moveRow(-1), true);
  if (event.key === 'x') return pressInRow('input[type="checkbox"]');
  if (event.key === 'e') return pressInRow('[data-action="edit"]');
  if (event.key === 't') return pressInRow('[data-action="test"]');
  return event.key === 'Enter' && isRow && pressInRow('[data-action="open"], a[href]');
}

export function useShortcuts({ onPalette, onSheet }: ShortcutTargets): void {
  const navigate = useNavigate();
  // With the page and not after it: a key pressed on the first sight of it counts.
  useLayoutEffect(() => {
    let goUntilMs = 0;
    const go = (letter: string): boolean => {
      const isSecond = performance.now() < goUntilMs;
      goUntilMs = !isSecond && letter === 'g' ? performance.now() + secondLetterMs : 0;
      const entry = isSecond ? navEntries.find((one) => one.letter === letter) : undefined;
      if (entry) void navigate({ to: entry.to });
      return entry !== undefined || goUntilMs > 0;
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      // Whoever has to sign in again opens nothing over that.
      if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || isSessionOver()) return;
      const isCommand = event.ctrlKey || event.metaKey;
      if (isCommand && event.key.toLowerCase() === 'k' && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        onPalette();
      } else if (isCommand && event.key === 'Enter' && event.target instanceof HTMLElement) {
        // A key that is held down is one press.
        if (!event.repeat) send(event.target.closest('form'));
      } else if (
        !isCommand &&
        !event.altKey &&
        shortcuts.get() === 'on' &&
        !isTyping(event.target) &&
        !document.querySelector('dialog[open]')
      ) {
        if (go(event.key) || press(event, onSheet)) event.preventDefault();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [navigate, onPalette, onSheet]);
}
