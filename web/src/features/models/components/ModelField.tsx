/** The default model as a combobox: searched while one types, grouped by family, and any other id is accepted. */
import { Button, TextInput } from '@mantine/core';
import type { Model } from '@patchbay/contract/providers';
import { useId, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useRefreshModels } from '../api/provider-models.ts';
import { knownModels, optionsFor, type ModelOptions } from '../form/model-options.ts';
import classes from './ModelField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

interface Popup {
  isOpen: boolean;
  /** Whether what stands in the field was typed since it opened, and so is a search. */
  isSearch: boolean;
  /** Place of the marked option; -1 for none. */
  at: number;
}

/** Of the pattern for comboboxes (WAI-ARIA); no element of HTML lets people type, search and group at once. */
const roles = {
  combobox: { role: 'combobox' },
  listbox: { role: 'listbox' },
  group: { role: 'group' },
  option: { role: 'option' },
} as const;

/** A press on the list must not take the focus out of the field, whose keys choose. */
const keepFocus = { onMouseDown: (event: MouseEvent) => event.preventDefault() };

const closed: Popup = { isOpen: false, isSearch: false, at: -1 };

export function ModelField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const common = useFieldProps({ field, form });
  const popupId = useId();
  const { list } = form.models;
  const models = knownModels(list?.models ?? [], field.suggestions ?? []);
  const [popup, setPopup] = useState(closed);
  const query = popup.isSearch ? form.values.model : '';
  const options = useMemo(() => optionsFor(models, query), [models, query]);
  const box = useRef<HTMLDivElement>(null);
  const choose = (model: Model): void => {
    form.set({ model: model.id });
    setPopup(closed);
  };
  const move = (at: number): void => {
    setPopup((now) => ({ ...now, isOpen: true, at }));
    requestAnimationFrame(() => box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = options.flat.length - 1;
    const marked = options.flat[popup.at];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (event.key === 'ArrowDown') move(popup.at >= last ? 0 : popup.at + 1);
      else move(popup.at <= 0 ? last : popup.at - 1);
    } else if (event.key === 'Enter' && popup.isOpen && marked) {
      event.preventDefault();
      choose(marked);
    } else if (event.key === 'Escape' && popup.isOpen) {
      // The dialog around the form stays open.
      event.preventDefault();
      event.stopPropagation();
      setPopup(closed);
    }
  };
  const isOpen = popup.isOpen && options.flat.length > 0;
  return (
    <div className={classes['field']} ref={box}>
      <TextInput
        {...common}
        description={t('modelHint')}
        onBlur={() => {
          setPopup(closed);
          common.onBlur();
        }}
        {...roles.combobox}
        aria-expanded={isOpen}
        aria-controls={isOpen ? popupId : undefined}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && popup.at >= 0 ? `${popupId}-${popup.at}` : undefined}
        value={form.values.model}
        onChange={({ currentTarget }) => {
          form.set({ model: currentTarget.value });
          setPopup({ isOpen: true, isSearch: true, at: -1 });
        }}
        onClick={() => setPopup((now) => ({ ...now, isOpen: true }))}
        onKeyDown={onKeyDown}
        placeholder={field.placeholder}
        maxLength={field.charsMax}
        autoComplete="off"
        spellCheck={false}
      />
      {isOpen && <Options id={popupId} label={common.label} options={options} at={popup.at} onChoose={choose} />}
      <ModelListAge form={form} />
    </div>
  );
}

interface OptionsProps {
  id: string;
  label: string;
  options: ModelOptions;
  at: number;
  onChoose: (model: Model) => void;
}

function Options({ id, label, options, at, onChoose }: OptionsProps) {
  const t = useTranslations('form');
  return (
    <div className={classes['popup']}>
      <div id={id} {...roles.listbox} tabIndex={-1} aria-label={label} className={classes['list']} {...keepFocus}>
        {options.groups.map(({ family, models }) => (
          <div key={family} {...roles.group} aria-label={family}>
            <div className={classes['family']} aria-hidden="true">
              {family}
            </div>
            {models.map((model) => {
              const place = options.flat.indexOf(model);
              return (
                <div
                  key={model.id}
                  id={`${id}-${place}`}
                  {...roles.option}
                  tabIndex={-1}
                  aria-selected={place === at}
                  className={classes['option']}
                  {...{ onMouseDown: () => onChoose(model) }}
                >
                  <OptionText model={model} />
                </div>
              );
            })}
          </div>
        ))}
      </div>
      {options.hidden > 0 && <p className={classes['more']}>{t('modelsHidden', { count: options.hidden })}</p>}
    </div>
  );
}

function OptionText({ model }: { model: Model }) {
  const t = useTranslations('form');
  const format = useFormatter();
  return (
    <>
      <code>{model.id}</code>
      {model.name !== model.id && <span className={classes['aside']}>{model.name}</span>}
      {model.contextWindow !== null && (
        <span className={classes['aside']}>{t('modelContext', { tokens: format.number(model.contextWindow) })}</span>
      )}
      {model.isRetired && <span className={classes['retired']}>{t('modelRetired')}</span>}
    </>
  );
}

/** How many there are and how old the list is; asking again costs a call, so somebody has to want it. */
function ModelListAge({ form }: Pick<FieldProps, 'form'>) {
  const t = useTranslations('form');
  const language = useLocale();
  const format = useFormatter();
  const { list, through } = form.models;
  const refresh = useRefreshModels(form.provider.name, through);
  const [state, setState] = useState<{ isBusy: boolean; fault: unknown }>({ isBusy: false, fault: null });
  const [begun] = useState(through);
  // Its line is kept free where a list can come, or was: what stands below must not jump.
  if (through === undefined) return begun === undefined ? null : <div className={classes['age']} />;
  if (!list) return <div className={classes['age']} />;
  const run = (): void => {
    setState({ isBusy: true, fault: null });
    refresh().then(
      () => setState({ isBusy: false, fault: null }),
      (fault: unknown) => setState({ isBusy: false, fault }),
    );
  };
  const time = list.fetchedAt === null ? null : format.dateTime(new Date(list.fetchedAt), { timeStyle: 'short' });
  return (
    <div className={classes['age']}>
      <span>
        {time === null ? t('modelsSuggested') : t('modelsFound', { count: list.models.length, time })}
        {time !== null && list.errorCode !== null && ` ${t('modelsAway')}`}
      </span>
      <Button size="compact-xs" variant="subtle" loading={state.isBusy} onClick={run}>
        {t('modelsRefresh')}
      </Button>
      {state.fault !== null && <span role="alert">{errorText(state.fault, language)}</span>}
    </div>
  );
}
