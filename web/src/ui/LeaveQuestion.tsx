/** Asks once before a form with unsaved changes is left. Steps of one page are not leaving it, and nobody is held who has to sign in. */
import { useBlocker } from '@tanstack/react-router';
import { Confirm } from './Confirm.tsx';

interface LeaveQuestionProps {
  isDirty: boolean;
  /** Whether the browser asks before the page is loaded again; not where a draft survives that. */
  asksOnReload?: boolean;
  title: string;
  text: string;
  stayLabel: string;
  discardLabel: string;
  onDiscard?: () => void;
}

export function LeaveQuestion({ isDirty, asksOnReload = true, title, text, stayLabel, discardLabel, onDiscard }: LeaveQuestionProps) {
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname && next.pathname !== '/login',
    enableBeforeUnload: asksOnReload && isDirty,
    withResolver: true,
  });
  const discard = (): void => {
    onDiscard?.();
    leaving.proceed?.();
  };
  return (
    <Confirm
      isOpen={leaving.status === 'blocked'}
      title={title}
      cancelLabel={stayLabel}
      confirmLabel={discardLabel}
      onConfirm={discard}
      onClose={() => leaving.reset?.()}
    >
      <p>{text}</p>
    </Confirm>
  );
}
