/** The form of a channel: where it leads, by its kind, and in which language and zone it is read. */
import { HttpError } from '@patchbay/client';
import type { AlertChannelView, ChannelKindName } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { NativeSelect, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import { useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { focusFault } from '../../../lib/focus.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { useSaveChannel } from '../api/alerts.ts';
import { channelKinds } from './alert-words.ts';
import classes from './alerts.module.css';
import { changeOf, createOf, faultsOf, fieldsOf, newChannel, secretFields, valuesOf, type ChannelFault, type ChannelField, type ChannelValues } from './channel-values.ts'; // prettier-ignore
import { placesOf } from './rule-values.ts';

interface ChannelFormProps {
  me: Me;
  of: AlertChannelView | null;
  onCancel: () => void;
  /** With a signing secret that the server made, to be shown once. */
  onSaved: (secret: string | null) => void;
}

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Fields of the page that the server objected to. */
function faultsIn(error: unknown, kind: ChannelKindName): ChannelFault[] {
  if (!(error instanceof HttpError)) return [];
  const named = new Set(Object.keys(error.fields).map((path) => path.split('.')[0]));
  return [...fieldsOf[kind], 'name' as const, 'timeZone' as const].filter((field) => named.has(field));
}

export function ChannelForm({ me, of, onCancel, onSaved }: ChannelFormProps) {
  const t = useTranslations('alerts');
  const language = useLocale();
  const announce = useAnnounce();
  const save = useSaveChannel();
  const form = useRef<HTMLFormElement>(null);
  const places = placesOf(me, t('scopeOf.user'), t('scopeOf.organization'));
  const [values, setValues] = useState<ChannelValues>(() =>
    of === null ? newChannel(places[0]!.value, language, ownZone()) : valuesOf(of),
  );
  const [faults, setFaults] = useState<readonly ChannelFault[]>([]);
  const change = (part: Partial<ChannelValues>): void => {
    setValues((before) => ({ ...before, ...part }));
    setFaults([]);
  };
  const show = (found: readonly ChannelFault[]): void => {
    setFaults(found);
    focusFault(form);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const found = faultsOf(values, of === null);
    if (found.length > 0) return show(found);
    const told = {
      onSuccess(channel: { name: string; signingSecret: string | null }) {
        announce(t('saved', { name: channel.name }));
        onSaved(channel.signingSecret);
      },
      onError: (error: unknown) => show(faultsIn(error, values.kind)),
    };
    if (of === null) save.mutate({ id: null, channel: createOf(values) }, told);
    else save.mutate({ id: of.id, channel: changeOf(values, of.revision) }, told);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className="pb-form">
      <SecretAwaited isPending={save.isPending && fieldsOf[values.kind].includes('signingSecret')} label={t('signingSecret')} />
      {save.isError && <Notice tone="bad">{errorText(save.error, language)}</Notice>}
      <div className="pb-pair">
        {of === null && (
          <NativeSelect
            label={t('scope')}
            data={places}
            value={values.of}
            onChange={(event) => change({ of: event.currentTarget.value })}
          />
        )}
        {of === null && <KindField values={values} onChange={change} />}
        <TextInput
          label={t('name')}
          error={faults.includes('name') ? t('fault.name') : undefined}
          value={values.name}
          autoComplete="off"
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
      </div>
      <KindFields of={of} values={values} faults={faults} onChange={change} />
      <ReaderFields values={values} isZoneWrong={faults.includes('timeZone')} onChange={change} />
      <Switch label={t('isActive')} checked={values.isActive} onChange={(event) => change({ isActive: event.currentTarget.checked })} />
      <FormEnd cancelLabel={t('cancel')} onCancel={onCancel} saveLabel={t('save')} savingLabel={t('saving')} isPending={save.isPending} />
    </form>
  );
}

type PartProps = { values: ChannelValues; onChange: (part: Partial<ChannelValues>) => void };

function KindField({ values, onChange }: PartProps) {
  const t = useTranslations('alerts');
  return (
    <NativeSelect
      label={t('channelKind')}
      value={values.kind}
      onChange={(event) => onChange({ kind: event.currentTarget.value as ChannelKindName })}
    >
      {channelKinds.map((kind) => (
        <option key={kind} value={kind}>
          {t(`channelKindOf.${kind}`)}
        </option>
      ))}
    </NativeSelect>
  );
}

const labelOf = { url: 'url', token: 'token', signingSecret: 'signingSecret', chatId: 'chatId', to: 'toNumber', toField: 'toField', textField: 'textField', tokenHeader: 'tokenHeader' } as const; // prettier-ignore
const gatewayFields: ReadonlySet<ChannelField> = new Set(['toField', 'textField', 'tokenHeader']);

function KindFields({ of, values, faults, onChange }: PartProps & { of: AlertChannelView | null; faults: readonly ChannelFault[] }) {
  const t = useTranslations('alerts');
  const props = (field: Exclude<ChannelField, 'recipients'>) => ({
    label: t(labelOf[field]),
    error: faults.includes(field) ? t(`fault.${field}`) : undefined,
    value: values[field],
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [field]: event.currentTarget.value }),
  });
  const hintOf = (field: ChannelField): string | undefined => {
    if (field === 'url') return of === null ? t('urlHint') : t('urlKept', { origin: of.destination });
    if (field === 'token' && of !== null) return t('tokenKept');
    if (field === 'signingSecret') return t(of === null ? 'signingHint' : 'tokenKept');
    return undefined;
  };
  const render = (field: ChannelField) => {
    if (field === 'recipients')
      return (
        <Textarea
          key={field}
          label={t('recipients')}
          description={t('recipientsHint')}
          error={faults.includes('recipients') ? t('fault.recipients') : undefined}
          value={values.recipients}
          rows={3}
          onChange={(event) => onChange({ recipients: event.currentTarget.value })}
        />
      );
    const Input = secretFields.includes(field) && field !== 'url' ? PasswordInput : TextInput;
    return <Input key={field} description={hintOf(field)} {...props(field)} />;
  };
  const fields = fieldsOf[values.kind];
  const gateway = fields.filter((field) => gatewayFields.has(field));
  return (
    <>
      {fields.filter((field) => !gatewayFields.has(field)).map(render)}
      {gateway.length > 0 && (
        <details className={classes['more']} open={gateway.some((field) => faults.includes(field)) || undefined}>
          <summary>{t('gateway')}</summary>
          <div className={classes['inside']}>{gateway.map(render)}</div>
        </details>
      )}
    </>
  );
}

function ReaderFields({ values, isZoneWrong, onChange }: PartProps & { isZoneWrong: boolean }) {
  const t = useTranslations('alerts');
  return (
    <div className="pb-pair">
      <NativeSelect
        label={t('language')}
        value={values.language}
        onChange={(event) => onChange({ language: event.currentTarget.value as 'en' })}
        data={[
          { value: 'en', label: 'English' },
          { value: 'id', label: 'Bahasa Indonesia' },
        ]}
      />
      <TextInput
        label={t('timeZone')}
        error={isZoneWrong ? t('fault.timeZone') : undefined}
        value={values.timeZone}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange({ timeZone: event.currentTarget.value })}
      />
    </div>
  );
}
