/** Moves a row up or down, or takes it out, without a mouse. At its end of the list a button stays where it is in the order of Tab. */
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import classes from './routing.module.css';

interface MoveButtonsProps {
  /** From 1. */
  place: number;
  count: number;
  /** By which the buttons are found after a move: the row takes the focus along. */
  rowKey: number;
  isOnly: boolean;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

export function MoveButtons({ place, count, rowKey, isOnly, onMove, onRemove }: MoveButtonsProps) {
  const t = useTranslations('routing');
  const list = useTranslations('list');
  const button = (by: 1 | -1, isEnd: boolean) => {
    const Icon = by === -1 ? IconArrowUp : IconArrowDown;
    return (
      <ReasonIcon
        variant="subtle"
        color="gray"
        size="lg"
        data-move={`${by} ${rowKey}`}
        aria-label={t(by === -1 ? 'moveUp' : 'moveDown', { place })}
        reason={isEnd ? list(by === -1 ? 'isFirst' : 'isLast') : null}
        onClick={() => onMove(by)}
      >
        <Icon size={16} stroke={1.75} aria-hidden="true" />
      </ReasonIcon>
    );
  };
  return (
    <span className={classes['rowDeeds']}>
      {button(-1, place === 1)}
      {button(1, place === count)}
      <ReasonIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={t('removeTarget', { place })}
        reason={isOnly ? list('isOnly') : null}
        onClick={onRemove}
      >
        <IconTrash size={16} stroke={1.75} aria-hidden="true" />
      </ReasonIcon>
    </span>
  );
}
