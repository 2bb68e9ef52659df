/** Everything by its name: a dialog with one field and one list, by the pattern of a combobox (WAI-ARIA APG). */
import { IconChevronRight, IconSearch } from '@tabler/icons-react';
import { useEffect, useId, useRef, type PointerEvent } from 'react';
import { useTranslations } from 'use-intl';
import classes from './Palette.module.css';
import { optionId, usePaletteKeys, type Option, type PaletteProps } from './use-palette-keys.ts';

export function Palette(props: PaletteProps) {
  const t = useTranslations('palette');
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const { query, setQuery, opened, options, at, setActive, choose, onKeyDown } = usePaletteKeys(props, listId, dialog);
  const current = options[at];
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={classes['palette']} aria-label={t('title')} closedby="any" onClose={props.onClose}>
      <div className={classes['field']}>
        <IconSearch size={18} stroke={1.75} aria-hidden="true" />
        {opened && <span className={classes['opened']}>{opened.label}</span>}
        <input
          className={classes['input']}
          role="combobox"
          type="text"
          autoComplete="off"
          spellCheck={false}
          aria-label={t('field')}
          aria-expanded={options.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={current ? optionId(listId, at) : undefined}
          placeholder={t('placeholder')}
          value={opened ? '' : query}
          readOnly={opened !== null}
          onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <Options listId={listId} options={options} at={at} isInside={opened !== null} onChoose={choose} onHover={setActive} />
      <output className="pb-unseen">{options.length === 0 ? t('none', { query }) : t('count', { count: options.length })}</output>
      <p className={classes['keys']} aria-hidden="true">
        {t('keys')}
      </p>
    </dialog>
  );
}

interface OptionsProps {
  listId: string;
  options: readonly Option[];
  at: number;
  /** Are these the actions of one object? */
  isInside: boolean;
  onChoose: (option: Option) => void;
  onHover: (index: number) => void;
}

/** A list that a field steers (WAI-ARIA combobox): no element of the browser is one. */
const roles = { list: { role: 'listbox' }, option: { role: 'option', tabIndex: -1 } } as const;

/** The field keeps the focus and handles the keys; the list answers the pointer alone. */
function Options({ listId, options, at, isInside, onChoose, onHover }: OptionsProps) {
  const t = useTranslations('palette');
  // The keys are the field's; what is here is for the pointer.
  const pointer = (option: Option, index: number) => ({
    onPointerMove: () => onHover(index),
    onPointerDown: (event: PointerEvent) => event.preventDefault(),
    onClick: () => onChoose(option),
  });
  const groupOf = (option: Option): string => ('group' in option ? option.group : 'actions');
  return (
    <div id={listId} {...roles.list} aria-label={t('title')} className={classes['list']}>
      {options.map((option, index) => {
        const isFirst = index === 0 || groupOf(options[index - 1]!) !== groupOf(option);
        return (
          <div key={`${groupOf(option)} ${option.id}`} role="presentation">
            {isFirst && (
              <div role="presentation" className={classes['group']}>
                {'group' in option ? t(`group.${option.group}`) : t('actions')}
              </div>
            )}
            <div
              id={optionId(listId, index)}
              {...roles.option}
              aria-selected={index === at}
              className={classes['option']}
              {...pointer(option, index)}
            >
              <span className={classes['label']}>{option.label}</span>
              {'detail' in option && option.detail !== undefined && <span className={classes['detail']}>{option.detail}</span>}
              {!isInside && 'actions' in option && <IconChevronRight size={14} stroke={1.75} aria-hidden="true" />}
            </div>
          </div>
        );
      })}
      {options.length === 0 && (
        <div {...roles.option} aria-disabled="true" aria-selected="false" className={classes['none']}>
          {t('noneShort')}
        </div>
      )}
    </div>
  );
}
