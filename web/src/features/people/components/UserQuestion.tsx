/** What can be done with a person, and the question before it: each names the person and what follows. */
import type { User } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { useUserDeed, type UserDeed } from '../api/people.ts';

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
  const kind = question?.kind ?? 'activate';
  return (
    <DeedQuestion
      of={question}
      change={useUserDeed()}
      inputOf={deedOf}
      title={({ user: { name } }) => t(`ask.${kind}.title`, { name })}
      text={({ user: { name } }) => t(`ask.${kind}.text`, { name })}
      cancelLabel={t('cancel')}
      confirmLabel={t(`ask.${kind}.confirm`)}
      tone={kind === 'activate' ? 'plain' : 'bad'}
      onClose={onClose}
      onDone={({ user: { name } }) => onDone(t(`ask.${kind}.done`, { name }))}
    />
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
    <span className="pb-deeds">
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
