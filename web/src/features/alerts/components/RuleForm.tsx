/** The form of a rule: its sentence, whom it tells, and how often it would have fired lately. */
import type { AlertRuleView } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Button, Checkbox, NativeSelect, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { focusFault } from '../../../lib/focus.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { channelsQuery, usePreview, useSaveRule } from '../api/alerts.ts';
import { kinds, useSentence, useTimeText } from './alert-words.ts';
import classes from './alerts.module.css';
import {
  changeOf,
  createOf,
  faultsOf,
  newRule,
  ofKind,
  ownerOf,
  placeOf,
  placesOf,
  valuesOf,
  type RuleFault,
  type RuleValues,
} from './rule-values.ts';
import { Sentence } from './Sentence.tsx';

interface RuleFormProps {
  me: Me;
  of: AlertRuleView | null;
  onDone: () => void;
}

export function RuleForm({ me, of, onDone }: RuleFormProps) {
  const t = useTranslations('alerts');
  const language = useLocale();
  const announce = useAnnounce();
  const sentence = useSentence();
  const save = useSaveRule();
  const form = useRef<HTMLFormElement>(null);
  const places = placesOf(me, t('scopeOf.user'), t('scopeOf.organization'));
  const [values, setValues] = useState<RuleValues>(() => (of === null ? newRule(places[0]!.value) : valuesOf(of)));
  const [faults, setFaults] = useState<readonly RuleFault[]>([]);
  const change = (part: Partial<RuleValues>): void => {
    setValues((before) => ({ ...before, ...part }));
    setFaults([]);
  };
  const isSound = (): boolean => {
    const found = faultsOf(values);
    setFaults(found);
    if (found.length > 0) focusFault(form);
    return found.length === 0;
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isSound()) return;
    const onSuccess = (rule: AlertRuleView): void => {
      announce(t('saved', { name: rule.name ?? sentence(rule) }));
      onDone();
    };
    if (of === null) save.mutate({ id: null, rule: createOf(values) }, { onSuccess });
    else save.mutate({ id: of.id, rule: changeOf(values, of.revision) }, { onSuccess });
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className="pb-form">
      {save.isError && <Notice tone="bad">{errorText(save.error, language)}</Notice>}
      {of === null && <PlaceField places={places} values={values} onChange={change} />}
      <Sentence values={values} faults={faults} isNew={of === null} onChange={change} />
      {values.channelIds !== null && <ChannelChoice values={values} isWrong={faults.includes('channels')} onChange={change} />}
      <Preview values={values} isSound={isSound} />
      <MoreFields values={values} isNameWrong={faults.includes('name')} onChange={change} />
      <FormEnd cancelLabel={t('cancel')} onCancel={onDone} saveLabel={t('save')} savingLabel={t('saving')} isPending={save.isPending} />
    </form>
  );
}

type PartProps = { values: RuleValues; onChange: (part: Partial<RuleValues>) => void };

function PlaceField({ places, values, onChange }: PartProps & { places: { value: string; label: string }[] }) {
  const t = useTranslations('alerts');
  const choose = (of: string): void => {
    // What the installation alone is told of is no rule of anybody else.
    const isLost = kinds[values.kind].isOrganizations === true && of !== 'organization';
    onChange({ of, channelIds: null, ...(isLost ? ofKind('error-rate') : {}) });
  };
  return <NativeSelect label={t('scope')} data={places} value={values.of} onChange={(event) => choose(event.currentTarget.value)} />;
}

function ChannelChoice({ values, isWrong, onChange }: PartProps & { isWrong: boolean }) {
  const t = useTranslations('alerts');
  const { data } = useQuery(channelsQuery);
  const own = data?.data.filter((channel) => placeOf(channel) === values.of) ?? [];
  const chosen = values.channelIds ?? [];
  const toggle = (id: string, isOn: boolean): void =>
    onChange({ channelIds: isOn ? [...chosen, id] : chosen.filter((other) => other !== id) });
  return (
    <fieldset className="pb-group">
      <legend>{t('channels')}</legend>
      {own.length === 0 && <p className="pb-quiet">{t('channelsEmptyTitle')}</p>}
      {own.map(({ id, name, destination }) => (
        <Checkbox
          key={id}
          label={name}
          description={destination}
          error={isWrong}
          checked={chosen.includes(id)}
          onChange={(event) => toggle(id, event.currentTarget.checked)}
        />
      ))}
      {isWrong && <p className={classes['fault']}>{t('fault.channels')}</p>}
    </fieldset>
  );
}

function Preview({ values, isSound }: { values: RuleValues; isSound: () => boolean }) {
  const t = useTranslations('alerts');
  const language = useLocale();
  const preview = usePreview();
  const asked = JSON.stringify({ ...values, name: '', channelIds: null });
  const [answered, setAnswered] = useState('');
  const ask = (): void => {
    if (!isSound()) return;
    const { name: _name, channelIds: _channels, ...rest } = createOf(values);
    preview.mutate({ ...ownerOf(values.of), ...rest }, { onSettled: () => setAnswered(asked) });
  };
  const isOfNow = answered === asked;
  const { times, days } = preview.data ?? { times: null, days: 7 };
  return (
    <div className="pb-group">
      <div>
        <Button variant="default" size="compact-sm" loading={preview.isPending} onClick={ask}>
          {t('preview')}
        </Button>
      </div>
      <output className={classes['said']}>
        {isOfNow && preview.isSuccess && (times === null ? t('previewNone') : t('previewTimes', { times, days }))}
        {isOfNow && preview.isError && errorText(preview.error, language)}
      </output>
    </div>
  );
}

const cooldowns = [0, 900, 3600, 14_400, 86_400];

function MoreFields({ values, isNameWrong, onChange }: PartProps & { isNameWrong: boolean }) {
  const t = useTranslations('alerts');
  const timeText = useTimeText();
  return (
    <>
      <div className="pb-pair">
        <TextInput
          label={t('name')}
          description={t('ruleNameHint')}
          error={isNameWrong ? t('fault.name') : undefined}
          value={values.name}
          autoComplete="off"
          onChange={(event) => onChange({ name: event.currentTarget.value })}
        />
        <NativeSelect
          label={t('cooldown')}
          value={String(values.cooldownS)}
          onChange={(event) => onChange({ cooldownS: Number(event.currentTarget.value) })}
        >
          {[...new Set([...cooldowns, values.cooldownS])].map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds === 0 ? t('none') : timeText(seconds)}
            </option>
          ))}
        </NativeSelect>
      </div>
      <Switch
        label={t('autoResolve')}
        checked={values.isAutoResolved}
        onChange={(event) => onChange({ isAutoResolved: event.currentTarget.checked })}
      />
      <Switch label={t('isActive')} checked={values.isActive} onChange={(event) => onChange({ isActive: event.currentTarget.checked })} />
    </>
  );
}
