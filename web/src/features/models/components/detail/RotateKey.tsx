/** The dialog that replaces a key: the new one is tried first, and where the provider refuses it the stored one stays (R-032, C-11). */
import { PasswordInput } from '@mantine/core';
import { HttpError } from '@patchbay/client';
import type { TestResult } from '@patchbay/contract/connections';
import { useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../../ui/Announcer.tsx';
import { Confirm } from '../../../../ui/Confirm.tsx';
import { Notice } from '../../../../ui/Notice.tsx';
import { useRotateKey } from '../../api/connection-detail.ts';
import { TestFindings } from '../TestFindings.tsx';
import classes from './Detail.module.css';

interface RotateKeyProps {
  connection: { id: string; name: string };
  isOpen: boolean;
  onClose: () => void;
}

/** Blanks and quotes that come along when a key is copied. */
const around = /^[\s"'`]+|[\s"'`]+$/g;

const isFieldFault = (error: unknown): boolean => error instanceof HttpError && error.is('VALIDATION_ERROR');

/** What is typed, what came of it, and the one deed. */
function useRotation({ connection, onClose }: Omit<RotateKeyProps, 'isOpen'>) {
  const t = useTranslations('detail');
  const announce = useAnnounce();
  const rotation = useRotateKey(connection.id);
  const field = useRef<HTMLInputElement>(null);
  const [key, setKey] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<TestResult | null>(null);
  const close = (): void => {
    setKey('');
    setFault(null);
    setRefusal(null);
    rotation.reset();
    onClose();
  };
  const say = (text: string): void => {
    setFault(text);
    field.current?.focus();
  };
  const run = (): void => {
    // Enter in the field knows nothing of the button that is out of use.
    if (rotation.isPending) return;
    const typed = key.replace(around, '');
    setKey(typed);
    setFault(null);
    setRefusal(null);
    if (typed === '') return say(t('keyMissing'));
    rotation.mutate(typed, {
      onSuccess: ({ success, data }) => {
        if (success) {
          announce(t('rotated', { name: connection.name }));
          return close();
        }
        setRefusal(data.test ?? null);
        announce(t('keyRefused'));
      },
      onError: (error) => isFieldFault(error) && say(t('keyInvalid')),
    });
  };
  const error = rotation.isError && !isFieldFault(rotation.error) ? rotation.error : null;
  return { field, key, setKey, fault, refusal, error, isPending: rotation.isPending, run, close };
}

export function RotateKey({ connection, isOpen, onClose }: RotateKeyProps) {
  const t = useTranslations('detail');
  const { field, key, setKey, fault, refusal, error, isPending, run, close } = useRotation({ connection, onClose });
  return (
    <Confirm
      isOpen={isOpen}
      title={t('rotateTitle', { name: connection.name })}
      cancelLabel={t('cancel')}
      confirmLabel={t('tryAndReplace')}
      isPending={isPending}
      error={error}
      onConfirm={run}
      onClose={close}
    >
      <p>{t('rotateText')}</p>
      <PasswordInput
        ref={field}
        label={t('newKey')}
        value={key}
        error={fault}
        onChange={({ currentTarget }) => setKey(currentTarget.value)}
        onKeyDown={({ key: pressed }) => pressed === 'Enter' && run()}
        autoComplete="off"
        data-1p-ignore=""
        spellCheck={false}
        visibilityToggleFocusable
        visibilityToggleButtonProps={{ 'aria-label': t('showKey') }}
      />
      {refusal && (
        <div className={classes['stack']}>
          <TestFindings label={t('keyTest')} result={refusal} isTesting={false} fault={null} />
          <Notice tone="info">
            <p>{t('keyRefused')}</p>
          </Notice>
        </div>
      )}
    </Confirm>
  );
}
