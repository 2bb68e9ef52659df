/** Buttons that may be out of use: then they stay in the order of Tab and say why, to everybody (WCAG 4.1.2). */
import { ActionIcon, Button, type ActionIconProps, type ButtonProps } from '@mantine/core';
import { useId, type MouseEvent, type ReactNode } from 'react';
import classes from './ReasonButton.module.css';

interface Reasoned {
  /** Why it cannot be used now; null while it can. */
  reason: string | null;
  'aria-label'?: string;
  onClick?: () => void;
  children: ReactNode;
}

interface ReasonButtonProps extends Omit<ButtonProps, 'disabled' | 'children'>, Reasoned {
  type?: 'button' | 'submit';
}

interface ReasonIconProps extends Omit<ActionIconProps, 'disabled' | 'children'>, Reasoned {
  'aria-label': string;
  title?: string;
  /** By which the button is found again after a row has moved. */
  'data-move'?: string;
}

/** What both kinds have in common: the marks of a button out of use, and the words that go with them. */
function useReason(reason: string | null, onClick: (() => void) | undefined) {
  const id = useId();
  return {
    marks: {
      'aria-disabled': reason !== null || undefined,
      'data-off': reason !== null || undefined,
      'aria-describedby': reason === null ? undefined : id,
      onClick: (event: MouseEvent): void => {
        if (reason === null) onClick?.();
        else event.preventDefault();
      },
    },
    words: reason !== null && (
      <span id={id} className={classes['reason']}>
        {reason}
      </span>
    ),
  };
}

export function ReasonButton({ reason, onClick, children, type = 'button', ...props }: ReasonButtonProps) {
  const { marks, words } = useReason(reason, onClick);
  return (
    <span className={classes['place']}>
      <Button {...props} type={type} {...marks}>
        {children}
      </Button>
      {words}
    </span>
  );
}

/** The same with a picture instead of words. */
export function ReasonIcon({ reason, onClick, children, ...props }: ReasonIconProps) {
  const { marks, words } = useReason(reason, onClick);
  return (
    <span className={classes['place']}>
      <ActionIcon {...props} {...marks}>
        {children}
      </ActionIcon>
      {words}
    </span>
  );
}
