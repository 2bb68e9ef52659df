/** A button that may be out of use: then it stays in the order of Tab and says why, to everybody (WCAG 4.1.2). */
import { Button, type ButtonProps } from '@mantine/core';
import { useId, type MouseEvent, type ReactNode } from 'react';
import classes from './ReasonButton.module.css';

interface ReasonButtonProps extends Omit<ButtonProps, 'disabled'> {
  /** Why it cannot be used now; null while it can. */
  reason: string | null;
  type?: 'button' | 'submit';
  'aria-label'?: string;
  onClick?: () => void;
  children: ReactNode;
}

export function ReasonButton({ reason, onClick, children, type = 'button', ...props }: ReasonButtonProps) {
  const id = useId();
  const press = (event: MouseEvent): void => {
    if (reason === null) onClick?.();
    else event.preventDefault();
  };
  return (
    <span className={classes['place']}>
      <Button
        {...props}
        type={type}
        onClick={press}
        aria-disabled={reason !== null || undefined}
        data-off={reason !== null || undefined}
        aria-describedby={reason === null ? undefined : id}
      >
        {children}
      </Button>
      {reason !== null && (
        <span id={id} className={classes['reason']}>
          {reason}
        </span>
      )}
    </span>
  );
}
