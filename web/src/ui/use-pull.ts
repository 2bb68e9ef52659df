/** Choosing a range by pulling over a picture; a press chooses the one place below it. A page that has it offers the same without pulling (WCAG 2.5.7). */
import { useState, type PointerEvent } from 'react';

/** Charts whose range can be chosen: by pulling, and by the buttons of their tables. */
export interface Zoom {
  /** What the button of one place says to those who listen. */
  named: (label: string) => string;
  /** First and last place, both within; `press` came from a button, which is gone afterwards. */
  onRange: (from: number, to: number, way: 'pull' | 'press') => void;
}

interface Handlers {
  onPointerDown?: (event: PointerEvent<SVGSVGElement>) => void;
  onPointerMove?: (event: PointerEvent<SVGSVGElement>) => void;
  onPointerUp?: () => void;
  onPointerCancel?: () => void;
}

/** The place below the pointer: all are equally wide. */
function placeAt({ currentTarget, clientX }: PointerEvent<SVGSVGElement>, count: number): number {
  const { left, width } = currentTarget.getBoundingClientRect();
  const share = (clientX - left) / Math.max(1, width);
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

/**
 * @param count how many places there are, left to right
 * @param onRange first and last place, both within; undefined for a picture that only shows
 */
export function usePull(
  count: number,
  onRange: ((from: number, to: number) => void) | undefined,
): { chosen: readonly [from: number, to: number] | null; handlers: Handlers } {
  const [pulled, setPulled] = useState<{ from: number; to: number } | null>(null);
  if (!onRange || count === 0) return { chosen: null, handlers: {} };
  const chosen = pulled && ([Math.min(pulled.from, pulled.to), Math.min(count - 1, Math.max(pulled.from, pulled.to))] as const);
  return {
    chosen,
    handlers: {
      onPointerDown: (event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = placeAt(event, count);
        setPulled({ from: at, to: at });
      },
      onPointerMove: (event) => {
        const to = placeAt(event, count);
        setPulled((before) => before && { ...before, to });
      },
      onPointerUp: () => {
        setPulled(null);
        if (chosen) onRange(...chosen);
      },
      onPointerCancel: () => setPulled(null),
    },
  };
}
