/** Moves a row up or down, or takes it out, without a mouse. At its end of the list a button stays where it is in the order of Tab. */
import { ActionIcon } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
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
  const button = (by: 1 | -1, isEnd: boolean) => {
    const Icon = by === -1 ? IconArrowUp : IconArrowDown;
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        data-move={`${by} ${rowKey}`}
        aria-label={t(by === -1 ? 'moveUp' : 'moveDown', { place })}
        aria-disabled={isEnd || undefined}
        onClick={() => {
          if (!isEnd) onMove(by);
        }}
      >
        <Icon size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
    );
  };
  return (
    <span className={classes['rowDeeds']}>
      {button(-1, place === 1)}
      {button(1, place === count)}
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={t('removeTarget', { place })}
        aria-disabled={isOnly || undefined}
        onClick={() => {
          if (!isOnly) onRemove();
        }}
      >
        <IconTrash size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
    </span>
  );
}
