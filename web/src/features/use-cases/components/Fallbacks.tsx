/** Who is asked where the model does not answer: an ordered list, changed by buttons, so that no mouse is needed. */
import { ActionIcon, NativeSelect } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconX } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import classes from './UseCaseFields.module.css';
import type { FieldsProps } from './use-case-values.ts';

/** As many as the server takes. */
const fallbacksMax = 10;

export function Fallbacks({ values, faults, models, onChange }: FieldsProps) {
  const t = useTranslations('useCases');
  const { connectionId, fallbackConnectionIds: ids } = values;
  const put = (fallbackConnectionIds: readonly string[]): void => onChange({ fallbackConnectionIds });
  const swapped = (at: number, other: number): string[] =>
    ids.map((id, place) => (place === at ? ids[other]! : place === other ? ids[at]! : id));
  const free = models.filter(({ id, isActive }) => isActive && id !== connectionId && !ids.includes(id));
  const nameOf = (id: string): string => {
    const found = models.find((model) => model.id === id);
    if (!found) return t('modelGone');
    return found.isActive ? found.name : t('optionInactive', { name: found.name });
  };
  if (ids.length === 0 && free.length === 0) return null;
  return (
    <fieldset className="pb-group" data-fault={faults.includes('fallbackConnectionIds') || undefined}>
      <legend>{t('fallbacks')}</legend>
      <p className={classes['hint']}>{t('fallbacksHint')}</p>
      {ids.length > 0 && (
        <ol className={classes['list']}>
          {ids.map((id, at) => {
            const props = { name: nameOf(id), isFirst: at === 0, isLast: at === ids.length - 1 };
            return (
              <Fallback
                key={id}
                {...props}
                onMove={(by) => put(swapped(at, at + by))}
                onRemove={() => put(ids.filter((one) => one !== id))}
              />
            );
          })}
        </ol>
      )}
      {free.length > 0 && ids.length < fallbacksMax && (
        <NativeSelect
          aria-label={t('fallbackAdd')}
          value=""
          onChange={(event) => event.currentTarget.value !== '' && put([...ids, event.currentTarget.value])}
        >
          <option value="">{t('fallbackAdd')}</option>
          {free.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </NativeSelect>
      )}
      {faults.includes('fallbackConnectionIds') && (
        <p className={classes['fault']} role="alert">
          {t('fault.fallbackConnectionIds')}
        </p>
      )}
    </fieldset>
  );
}

interface FallbackProps {
  name: string;
  isFirst: boolean;
  isLast: boolean;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

function Fallback({ name, isFirst, isLast, onMove, onRemove }: FallbackProps) {
  const t = useTranslations('useCases');
  const list = useTranslations('list');
  const icon = { size: 16, stroke: 1.75, 'aria-hidden': true } as const;
  const button = { variant: 'subtle', color: 'gray' } as const;
  return (
    <li className={classes['item']}>
      <span>{name}</span>
      <ReasonIcon {...button} aria-label={t('moveUp', { name })} reason={isFirst ? list('isFirst') : null} onClick={() => onMove(-1)}>
        <IconArrowUp {...icon} />
      </ReasonIcon>
      <ReasonIcon {...button} aria-label={t('moveDown', { name })} reason={isLast ? list('isLast') : null} onClick={() => onMove(1)}>
        <IconArrowDown {...icon} />
      </ReasonIcon>
      <ActionIcon {...button} aria-label={t('remove', { name })} onClick={onRemove}>
        <IconX {...icon} />
      </ActionIcon>
    </li>
  );
}
