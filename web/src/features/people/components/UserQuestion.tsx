/** What can be done with a person, and the question before it: each names the person and what follows. */
import type { User } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { useUserDeed, type UserDeed } from '../api/people.ts';
import classes from './security.module.css';

export interface Question {
  kind: 'deactivate' | 'activate' | 'reset' | 'delete';
  user: User;
}

const deedOf = ({ kind, user: { id } }: Question): UserDeed => {
  if (kind === 'reset' || kind === 'delete') return { kind, id };
  return { kind: 'change', id, change: { disabled: kind === 'deactivate' } };
};

interface UserQuestionProps {
  question: Question | null;
  onClose: () => void;
  onDone: (said: string) => void;
}

export function UserQuestion({ question, onClose, onDone }: UserQuestionProps) {
  const t = useTranslations('people');
  const { asked, run } = useDeed(useUserDeed(), onClose);
  const kind = question?.kind ?? 'activate';
  const name = question?.user.name ?? '';
  return (
    <Confirm
      isOpen={question !== null}
      title={t(`ask.${kind}.title`, { name })}
      cancelLabel={t('cancel')}
      confirmLabel={t(`ask.${kind}.confirm`)}
      tone={kind === 'activate' ? 'plain' : 'bad'}
      {...asked}
      onConfirm={() => question && run(deedOf(question), () => onDone(t(`ask.${kind}.done`, { name })))}
    >
      <p>{t(`ask.${kind}.text`, { name })}</p>
    </Confirm>
  );
}

interface UserButtonsProps {
  user: User;
  isMe: boolean;
  onEdit: (user: User) => void;
  onAsk: (question: Question) => void;
}

export function UserButtons({ user, isMe, onEdit, onAsk }: UserButtonsProps) {
  const t = useTranslations('people');
  const { name } = user;
  const common = { variant: 'subtle', size: 'compact-sm' } as const;
  const ownReason = isMe ? t('notYourself') : null;
  const toggle = user.disabled ? 'activate' : 'deactivate';
  return (
    <span className={classes['deeds']}>
      <Button {...common} aria-label={t('editNamed', { name })} onClick={() => onEdit(user)}>
        {t('edit')}
      </Button>
      {user.hasSecondFactor && (
        <Button {...common} aria-label={t('resetNamed', { name })} onClick={() => onAsk({ kind: 'reset', user })}>
          {t('reset')}
        </Button>
      )}
      <ReasonButton
        {...common}
        aria-label={t(`named.${toggle}`, { name })}
        reason={ownReason}
        onClick={() => onAsk({ kind: toggle, user })}
      >
        {t(toggle)}
      </ReasonButton>
      <ReasonButton {...common} aria-label={t('deleteNamed', { name })} reason={ownReason} onClick={() => onAsk({ kind: 'delete', user })}>
        {t('delete')}
      </ReasonButton>
    </span>
  );
}
