/** The end of a form: the harmless way out where there is one, and the button that saves. */
import { Button } from '@mantine/core';
import { CancelButton } from './CancelButton.tsx';

interface FormEndProps {
  cancelLabel?: string;
  onCancel?: () => void;
  /** Null for somebody who may read the form and not change it. */
  saveLabel: string | null;
  /** For those who do not see that the button is busy. */
  savingLabel: string;
  isPending: boolean;
}

export function FormEnd({ cancelLabel, onCancel, saveLabel, savingLabel, isPending }: FormEndProps) {
  return (
    <div className="pb-buttons">
      {onCancel && <CancelButton label={cancelLabel} isPending={isPending} onCancel={onCancel} />}
      {saveLabel !== null && (
        <Button type="submit" loading={isPending} loaderProps={{ 'aria-label': savingLabel }}>
          {saveLabel}
        </Button>
      )}
    </div>
  );
}
