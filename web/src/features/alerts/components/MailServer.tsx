/** The mail server of the installation: its settings, and a test that says what it answered. */
import { HttpError } from '@patchbay/client';
import type { MailServerView } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Button, NativeSelect, PasswordInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Held, type Holding } from '../../../ui/Held.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { mailQuery, useSaveMail, useTestMail } from '../api/alerts.ts';
import { TestAnswer } from './TestAnswer.tsx';

const fields = ['host', 'port', 'username', 'password', 'sender'] as const;
type Field = (typeof fields)[number];
type Values = Record<Field, string> & { security: MailServerView['security'] };

const valuesOf = (server: MailServerView | null): Values => ({
  host: server?.host ?? '',
  port: String(server?.port ?? 587),
  security: server?.security ?? 'starttls',
  username: server?.username ?? '',
  password: '',
  sender: server?.sender ?? '',
});

/** `history` is the way to what it was. */
export function MailServer({ me, history }: { me: Me; history: ReactNode }) {
  const t = useTranslations('alerts');
  const { data, error, refetch } = useQuery(mailQuery);
  return (
    <Panel title={t('mailTitle')} text={t('mailText')} aside={history}>
      {/* Null is an answer: no server is set. An empty form would say the same of one that could not be read. */}
      {data === undefined && error && <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Loading />}
      {data !== undefined && (
        <Held of={data} revision={data?.revision ?? 0} onLoad={() => void refetch()}>
          {(of, holding) => <MailForm of={of} holding={holding} />}
        </Held>
      )}
      {data && <MailTest me={me} />}
    </Panel>
  );
}

const faultsIn = (error: unknown): Field[] => (error instanceof HttpError ? fields.filter((field) => field in error.fields) : []);

function MailForm({ of, holding }: { of: MailServerView | null; holding: Holding }) {
  const t = useTranslations('alerts');
  const announce = useAnnounce();
  const save = useSaveMail();
  const [values, setValues] = useState(() => valuesOf(of));
  const faults = faultsIn(save.error);
  const saved = (): void => {
    holding.release();
    announce(t('mailSaved'));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { port, username, password, ...rest } = values;
    save.mutate(
      {
        ...rest,
        port: Number(port) || 0,
        username: username.trim() === '' ? null : username.trim(),
        ...(password !== '' && { password }),
        ...(of && { revision: of.revision }),
      },
      { onSuccess: saved },
    );
  };
  const props = (field: Field) => ({
    label: t(field),
    error: faults.includes(field) ? t(`fault.${field}`) : undefined,
    value: values[field],
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setValues((before) => ({ ...before, [field]: value }));
    },
  });
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {holding.refusal(save.error)}
      <div className="pb-pair">
        <TextInput {...props('host')} placeholder="smtp.example.org" />
        <TextInput {...props('port')} inputMode="numeric" />
        <NativeSelect
          label={t('security')}
          value={values.security}
          onChange={(event) => {
            const security = event.currentTarget.value as Values['security'];
            setValues((before) => ({ ...before, security }));
          }}
        >
          {(['starttls', 'tls', 'none'] as const).map((security) => (
            <option key={security} value={security}>
              {t(`securityOf.${security}`)}
            </option>
          ))}
        </NativeSelect>
        <TextInput {...props('username')} />
        <PasswordInput {...props('password')} description={of?.hasPassword ? t('tokenKept') : undefined} />
      </div>
      <TextInput {...props('sender')} placeholder="Patchbay <patchbay@example.org>" />
      <FormEnd saveLabel={t('save')} savingLabel={t('saving')} isPending={save.isPending} />
    </form>
  );
}

function MailTest({ me }: { me: Me }) {
  const t = useTranslations('alerts');
  const test = useTestMail();
  const [to, setTo] = useState(me.email);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    test.mutate(to);
  };
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      <TextInput type="email" label={t('mailTestTo')} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
      <div className="pb-buttons">
        <Button type="submit" variant="default" loading={test.isPending}>
          {t('sendTest')}
        </Button>
      </div>
      <TestAnswer sent={test.data ?? null} error={test.error} />
    </form>
  );
}
