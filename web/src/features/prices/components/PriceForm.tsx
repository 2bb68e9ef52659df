/** The form of a new price: for which model, from when, and how much; what holds now stands beside it. */
import { HttpError } from '@patchbay/client';
import type { Price } from '@patchbay/contract/prices';
import { Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type SubmitEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { focusFault } from '../../../lib/focus.ts';
import { useNamedProviders } from '../../../lib/providers.ts';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { connectionsQuery, effectiveQuery, useAddPrice } from '../api/prices.ts';
import { faultsOf, inputOf, type PriceValues } from './price-values.ts';
import classes from './prices.module.css';
import { TierRows } from './TierRows.tsx';
import { usePriceText } from './use-price-text.ts';

interface PriceFormProps {
  initial: PriceValues;
  onSaved: (price: Price) => void;
  onCancel: () => void;
}

const refusedOf = (error: unknown): string[] => (error instanceof HttpError ? Object.keys(error.fields) : []);
const isFarOff = (error: unknown): boolean => error instanceof HttpError && error.is('PRICE_OUT_OF_BAND');

export function PriceForm({ initial, onSaved, onCancel }: PriceFormProps) {
  const t = useTranslations('prices');
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState(initial);
  const [found, setFound] = useState<readonly string[]>([]);
  const add = useAddPrice();
  const put = (part: Partial<PriceValues>): void => setValues((before) => ({ ...before, ...part }));
  const faults = new Set([...found, ...refusedOf(add.error)]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wrong = faultsOf(values);
    setFound(wrong);
    const focus = (): void => focusFault(form);
    if (wrong.length > 0) return focus();
    add.mutate(inputOf(values), { onSuccess: onSaved, onError: focus });
  };
  return (
    <form ref={form} className={`pb-form ${classes['form']}`} onSubmit={submit} noValidate autoComplete="off">
      <Refusal error={add.error} isMeant={values.isMeant} onMeant={(isMeant) => put({ isMeant })} />
      <ModelFields values={values} faults={faults} onChange={put} />
      <NowHolds values={values} />
      <TierRows tiers={values.tiers} isWrong={(path) => faults.has(path)} onChange={(tiers) => put({ tiers })} />
      <div className="pb-pair">
        <TextInput
          type="datetime-local"
          label={t('validFrom')}
          description={t('validFromHint')}
          value={values.validFrom}
          error={faults.has('validFrom') ? t('fault.moment') : undefined}
          onChange={({ currentTarget }) => put({ validFrom: currentTarget.value })}
        />
        <TextInput
          label={t('note')}
          description={t('noteHint')}
          value={values.note}
          maxLength={500}
          onChange={({ currentTarget }) => put({ note: currentTarget.value })}
        />
      </div>
      <FormEnd cancelLabel={t('cancel')} onCancel={onCancel} saveLabel={t('create')} savingLabel={t('saving')} isPending={add.isPending} />
    </form>
  );
}

interface FieldsProps {
  values: PriceValues;
  faults: ReadonlySet<string>;
  onChange: (part: Partial<PriceValues>) => void;
}

function ModelFields({ values, faults, onChange }: FieldsProps) {
  const t = useTranslations('prices');
  const { data: providers = [] } = useNamedProviders();
  const { data: connections = [] } = useQuery(connectionsQuery);
  const suggested = providers.find(({ name }) => name === values.provider)?.models.suggested ?? [];
  return (
    <div className="pb-pair">
      <NativeSelect
        label={t('provider')}
        withAsterisk
        value={values.provider}
        error={faults.has('provider') ? t('fault.provider') : undefined}
        onChange={({ currentTarget }) => onChange({ provider: currentTarget.value, connectionId: '' })}
        data={[{ value: '', label: t('choose') }, ...providers.map(({ name, displayName }) => ({ value: name, label: displayName }))]}
      />
      <TextInput
        label={t('model')}
        withAsterisk
        value={values.model}
        error={faults.has('model') ? t('fault.model') : undefined}
        onChange={({ currentTarget }) => onChange({ model: currentTarget.value })}
        list="prices-models"
        spellCheck={false}
        autoComplete="off"
      />
      <datalist id="prices-models">
        {suggested.map((model) => (
          <option key={model} value={model}>
            {model}
          </option>
        ))}
      </datalist>
      <NativeSelect
        label={t('connection')}
        value={values.connectionId}
        error={faults.has('connectionId') ? t('fault.connection') : undefined}
        onChange={({ currentTarget }) => onChange({ connectionId: currentTarget.value })}
        data={[
          { value: '', label: t('everyConnection') },
          ...connections.filter(({ provider }) => provider === values.provider).map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
    </div>
  );
}

/** What the next request would cost without the price that is being typed. */
function NowHolds({ values: { provider, model, connectionId } }: { values: PriceValues }) {
  const t = useTranslations('prices');
  const { tierText } = usePriceText();
  const { data } = useQuery(effectiveQuery(provider, model.trim(), connectionId));
  const isNamed = provider !== '' && model.trim() !== '';
  return (
    <output className={classes['now']}>
      {isNamed &&
        data &&
        (data.tiers === null ? t('nowNone') : t(`now.${data.source === 'own' ? 'own' : 'catalogue'}`, { price: tierText(data.tiers[0]!) }))}
    </output>
  );
}

function Refusal({ error, isMeant, onMeant }: { error: unknown; isMeant: boolean; onMeant: (isMeant: boolean) => void }) {
  const t = useTranslations('prices');
  const language = useLocale();
  if (error === null || refusedOf(error).length > 0) return null;
  return (
    <Notice tone={isFarOff(error) ? 'warn' : 'bad'}>
      <p>{errorText(error, language)}</p>
      {isFarOff(error) && (
        <Checkbox label={t('meant')} checked={isMeant} onChange={({ currentTarget }) => onMeant(currentTarget.checked)} />
      )}
    </Notice>
  );
}
