/** How a connection is doing, in icon, word and colour. */
import type { StatusState } from '@patchbay/contract/status';
import { useTranslations } from 'use-intl';
import { Status, type Tone } from './Status.tsx';

export type ShownState = StatusState | 'paused';

const tones: Readonly<Record<ShownState, Tone>> = {
  healthy: 'ok',
  slow: 'warn',
  failing: 'bad',
  quota: 'bad',
  auth: 'bad',
  unknown: 'idle',
  paused: 'off',
};

export function HealthState({ state, reason = null }: { state: ShownState; reason?: string | null }) {
  const t = useTranslations('status');
  const word = t(`state.${state}`);
  return <Status tone={tones[state]} text={reason === null ? word : `${word}: ${reason}`} />;
}
