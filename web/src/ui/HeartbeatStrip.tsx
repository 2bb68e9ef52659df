/** Stretches of time side by side, each by height and colour: high is well, low is down, an outline is nothing known. */
import marks from './beats.module.css';
import classes from './HeartbeatStrip.module.css';
import { picture } from './picture.ts';

export type BeatState = 'ok' | 'degraded' | 'down' | 'none';

export interface Beat {
  key: string;
  state: BeatState;
  /** What it was, for the pointer: `20 Nov: 48 requests, 2 errors`. */
  title: string;
}

/** Of a hundred. Colours alone collapse for many people; heights do not. */
export const beatHeights: Readonly<Record<BeatState, number>> = { ok: 100, degraded: 70, down: 40, none: 100 };
const slot = 10;
const gap = 2;

interface HeartbeatStripProps {
  beats: readonly Beat[];
  /** The whole strip as a sentence: `97.9 %, 1 of 48 intervals down`. */
  label: string;
  from: string;
  to: string;
}

export function HeartbeatStrip({ beats, label, from, to }: HeartbeatStripProps) {
  return (
    <div className={classes['strip']}>
      <svg
        className={marks['beats']}
        viewBox={`0 0 ${Math.max(1, beats.length) * slot} 100`}
        preserveAspectRatio="none"
        {...picture}
        aria-label={label}
      >
        {beats.map(({ key, state, title }, index) => (
          <rect
            key={key}
            data-state={state}
            x={index * slot + gap / 2}
            y={100 - beatHeights[state]}
            width={slot - gap}
            height={beatHeights[state]}
            vectorEffect="non-scaling-stroke"
          >
            <title>{title}</title>
          </rect>
        ))}
      </svg>
      <div className={classes['ends']} aria-hidden="true">
        <span>{from}</span>
        <span>{to}</span>
      </div>
    </div>
  );
}
