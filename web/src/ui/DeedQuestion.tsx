/** The question before a change of one thing of a list: it names the thing, does it, and says what went wrong. */
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Confirm } from './Confirm.tsx';
import { useDeed } from './use-deed.ts';

interface DeedQuestionProps<Item, Data, Input> {
  /** Null while nothing is asked. */
  of: Item | null;
  change: UseMutationResult<Data, Error, Input>;
  /** What the change needs to know of the thing. */
  inputOf: (of: Item) => Input;
  title: (of: Item) => string;
  text: (of: Item) => string;
  cancelLabel: string;
  confirmLabel: string;
  /** `bad`, as it is mostly, for what cannot be undone. */
  tone?: 'plain' | 'bad';
  onClose: () => void;
  /** After the question is closed. */
  onDone?: (of: Item, data: Data) => void;
  /** What else is shown or asked, below the text. */
  children?: ReactNode;
}

export function DeedQuestion<Item, Data, Input>({
  of,
  change,
  inputOf,
  title,
  text,
  tone = 'bad',
  onClose,
  onDone,
  children,
  ...labels
}: DeedQuestionProps<Item, Data, Input>) {
  const { asked, run } = useDeed(change, onClose);
  return (
    <Confirm
      isOpen={of !== null}
      title={of === null ? '' : title(of)}
      tone={tone}
      onConfirm={() => of !== null && run(inputOf(of), (data) => onDone?.(of, data))}
      {...labels}
      {...asked}
    >
      {of !== null && <p>{text(of)}</p>}
      {children}
    </Confirm>
  );
}
