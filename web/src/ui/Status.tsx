/** A state in icon, word and colour, so that none of the three has to carry it alone. */
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconCircleOff, IconCircleX } from '@tabler/icons-react';
import classes from './Status.module.css';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'off';

const icons = { ok: IconCircleCheck, warn: IconAlertTriangle, bad: IconCircleX, idle: IconCircleDashed, off: IconCircleOff };

export function Status({ tone, text }: { tone: Tone; text: string }) {
  const Icon = icons[tone];
  return (
    <span className={classes['status']} data-tone={tone}>
      <Icon size={14} stroke={2} aria-hidden="true" />
      {text}
    </span>
  );
}
