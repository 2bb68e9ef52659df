/** The house's motif: a line of measured steps, each with its outcome and its time. Shape and words say what the colour says. */
import classes from './Trace.module.css';

export interface TraceStep {
  label: string;
  state: 'ok' | 'failed' | 'skipped' | 'current' | 'open';
  /** The state in words, for those who do not see the mark. */
  stateText: string;
  /** Usually a time: `412 ms`. */
  measure?: string;
}

export function Trace({ label, steps, isLive = false }: { label: string; steps: readonly TraceStep[]; isLive?: boolean }) {
  return (
    <div className={classes['box']}>
      <ol className={classes['trace']} aria-label={label} data-live={isLive || undefined}>
        {steps.map((step) => (
          <li
            key={step.label}
            className={classes['step']}
            data-state={step.state}
            aria-current={step.state === 'current' ? 'step' : undefined}
          >
            <Mark state={step.state} />
            <span className={classes['label']}>
              {step.label}
              <span className="pb-unseen">, {step.stateText}</span>
            </span>
            <span className={classes['measure']}>{step.measure ?? ''}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Mark({ state }: { state: TraceStep['state'] }) {
  return (
    <svg className={classes['mark']} width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <circle cx="8" cy="8" r="7" />
      {state === 'ok' && <path d="M4.8 8.3l2.2 2.2 4.2-4.6" />}
      {state === 'failed' && <path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" />}
      {state === 'skipped' && <path d="M5.2 8h5.6" />}
      {state === 'current' && <circle className={classes['dot']} cx="8" cy="8" r="3" />}
    </svg>
  );
}
