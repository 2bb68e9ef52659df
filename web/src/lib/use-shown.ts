/** Secrets that wait to be stored by the person, one after the other: one that comes while another is shown does not take its place. */
import { useState } from 'react';

interface ShownSecrets<Secret> {
  /** The one that is shown now; null for none. */
  shown: Secret | null;
  show: (secret: Secret) => void;
  /** The one that is shown is stored, and forgotten here. */
  stored: () => void;
}

export function useShown<Secret>(): ShownSecrets<Secret> {
  const [waiting, setWaiting] = useState<readonly Secret[]>([]);
  return {
    shown: waiting[0] ?? null,
    show: (secret) => setWaiting((before) => [...before, secret]),
    stored: () => setWaiting((before) => before.slice(1)),
  };
}
