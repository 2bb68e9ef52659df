/** One of several: the browser's own radio with a name and, where it helps, a sentence on what it means. */
import { useId } from 'react';
import classes from './UseCaseFields.module.css';

interface ChoiceProps {
  group: string;
  label: string;
  text?: string;
  isChosen: boolean;
  onChoose: () => void;
}

export function Choice({ group, label, text, isChosen, onChoose }: ChoiceProps) {
  const id = useId();
  return (
    <div className={classes['choice']}>
      <input
        id={id}
        type="radio"
        name={group}
        checked={isChosen}
        aria-describedby={text === undefined ? undefined : `${id}-text`}
        onChange={onChoose}
      />
      <label htmlFor={id}>{label}</label>
      {text !== undefined && (
        <p id={`${id}-text`} className={classes['hint']}>
          {text}
        </p>
      )}
    </div>
  );
}
