/** For how long a rule tells nobody: an hour, eight, or until a moment of one's choice. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { useMute } from '../api/alerts.ts';

type Choice = '1' | '8' | 'until';

const hourMs = 3_600_000;
const latestMs = 31 * 24 * hourMs;

/** The end of the mute, or null where the chosen moment is none. */
function endOf(choice: Choice, moment: string): string | null {
  const now = Date.now();
  const at = choice === 'until' ? new Date(moment).getTime() : now + Number(choice) * hourMs;
  return Number.isFinite(at) && at > now && at <= now + latestMs ? new Date(at).toISOString() : null;
}

export function MuteQuestion({ of, onClose }: { of: { id: string; name: string } | null; onClose: () => void }) {
  const t = useTranslations('alerts');
  const sayDone = useSayDone();
  const [choice, setChoice] = useState<Choice>('1');
  const [moment, setMoment] = useState('');
  const [isWrong, setWrong] = useState(false);
  const { asked, run } = useDeed(useMute(), () => {
    setWrong(false);
    onClose();
  });
  const confirm = (): void => {
    const until = endOf(choice, moment);
    setWrong(until === null);
    if (of === null || until === null) return;
    run({ ruleId: of.id, until }, () => sayDone(t('muted', { name: of.name })));
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('muteTitle', { name: of?.name ?? '' })}
      cancelLabel={t('cancel')}
      confirmLabel={t('mute')}
      onConfirm={confirm}
      {...asked}
    >
      <p>{t('muteText')}</p>
      <NativeSelect label={t('muteFor')} value={choice} onChange={(event) => setChoice(event.currentTarget.value as Choice)}>
        <option value="1">{t('muteHour')}</option>
        <option value="8">{t('muteHours')}</option>
        <option value="until">{t('muteUntil')}</option>
      </NativeSelect>
      {choice === 'until' && (
        <TextInput
          type="datetime-local"
          label={t('muteMoment')}
          value={moment}
          error={isWrong ? t('faultMoment') : undefined}
          onChange={(event) => setMoment(event.currentTarget.value)}
        />
      )}
    </Confirm>
  );
}
