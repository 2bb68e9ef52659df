/** The way out of a form that is saved: it is left only once its guard (ui/LeaveQuestion) has heard of that, which then asks nobody. */
import { useEffect, useRef, useState } from 'react';

/** @param onSaved leaves the form, with the name of what was saved; called once @returns whether it is saved, and what notes it */
export function useSaved(onSaved: (name: string) => void): [isSaved: boolean, note: (name: string) => void] {
  const [saved, note] = useState<string | null>(null);
  const told = useRef(false);
  useEffect(() => {
    if (saved === null || told.current) return;
    told.current = true;
    onSaved(saved);
  }, [saved, onSaved]);
  return [saved !== null, note];
}
