/** A change that a question stands before (Confirm.tsx): what the question shows of it, and the way to do it. */
import type { UseMutationResult } from '@tanstack/react-query';
import { flushSync } from 'react-dom';

export interface Deed<Data, Input> {
  /** For the question: whether one waits, what went wrong, and the harmless way out, which forgets it. */
  asked: { isPending: boolean; error: unknown; onClose: () => void };
  /** Does it. The question is closed before `onDone` has its say. */
  run: (input: Input, onDone?: (data: Data) => void) => void;
}

export function useDeed<Data, Input>(change: UseMutationResult<Data, Error, Input>, onClose: () => void): Deed<Data, Input> {
  const close = (): void => {
    change.reset();
    onClose();
  };
  return {
    asked: { isPending: change.isPending, error: change.error, onClose: close },
    run: (input, onDone) =>
      change.mutate(input, {
        onSuccess: (data) => {
          // At once: a dialog that closes gives the focus back to what opened it, and `onDone` may have a better place for it.
          flushSync(close);
          onDone?.(data);
        },
      }),
  };
}
