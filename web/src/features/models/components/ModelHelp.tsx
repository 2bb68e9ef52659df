/** S0's help beside the list: quick actions at once, and fields, scenarios and troubleshooting in a drawer, in the user's language. */
import { Button, CloseButton } from '@mantine/core';
import { IconLifebuoy } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import classes from './ModelHelp.module.css';

const actions = ['add', 'edit', 'toggle', 'delete'] as const;
/** Examples are the same in every language. */
const fields = [
  { field: 'name', examples: ['GPT-4 Omni', 'Claude 3.5 Sonnet'] },
  { field: 'variant', examples: ['gpt-4o', 'claude-3-5-sonnet-20240620'] },
  { field: 'url', examples: ['https://api.openai.com/v1/chat/completions'] },
  { field: 'key', examples: ['sk-proj-123...'] },
  { field: 'active', examples: ['True', 'False'] },
] as const;
const providers = [
  { provider: 'openai', models: ['gpt-4o', 'gpt-4-turbo', 'gpt-3.5-turbo'] },
  { provider: 'deepseek', models: ['deepseek-chat', 'deepseek-coder'] },
  { provider: 'local', models: ['llama3', 'mistral'] },
] as const;
const deepseekUrl = 'https://api.deepseek.com';
const protections = ['encryption', 'display', 'transmission'] as const;
const rotation = ['one', 'two', 'three', 'four'] as const;
const issues = ['connection', 'unauthorized', 'model', 'timeout'] as const;

/** What scrolls must be reachable without a mouse. */
const reachable = { tabIndex: 0 };

/** What stands for itself in a text: a label of the page, or code. */
const marks = {
  b: (text: ReactNode) => <strong>{text}</strong>,
  c: (text: ReactNode) => <code>{text}</code>,
};

export function QuickActions() {
  const t = useTranslations('modelHelp');
  return (
    <details className={classes['quick']}>
      <summary>{t('actions.title')}</summary>
      <dl>
        {actions.map((action) => (
          <div key={action}>
            <dt>{t(`actions.${action}`)}</dt>
            <dd>{t.rich(`actions.${action}How`, marks)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

export function ModelHelp() {
  const t = useTranslations('modelHelp');
  const drawer = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (isOpen && !drawer.current?.open) drawer.current?.showModal();
  }, [isOpen]);
  return (
    <>
      <Button variant="default" leftSection={<IconLifebuoy size={16} stroke={1.75} aria-hidden="true" />} onClick={() => setOpen(true)}>
        {t('troubleshooting')}
      </Button>
      <dialog ref={drawer} className={classes['drawer']} aria-labelledby="model-help" closedby="any" onClose={() => setOpen(false)}>
        {isOpen && (
          <div className={classes['inside']}>
            <div className={classes['head']}>
              <h2 id="model-help">{t('title')}</h2>
              <CloseButton aria-label={t('close')} onClick={() => drawer.current?.close()} />
            </div>
            <Issues />
            <p className={classes['tip']}>{t.rich('tip', marks)}</p>
            <Fields />
            <Providers />
            <Scenarios />
          </div>
        )}
      </dialog>
    </>
  );
}

function Issues() {
  const t = useTranslations('modelHelp');
  return (
    <section>
      <h3>{t('troubleshooting')}</h3>
      <section className={classes['scroll']} aria-label={t('troubleshooting')} {...reachable}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('issue')}</th>
              <th scope="col">{t('check')}</th>
              <th scope="col">{t('resolution')}</th>
            </tr>
          </thead>
          <tbody>
            {issues.map((issue) => (
              <tr key={issue}>
                <th scope="row">{t(`issues.${issue}.issue`)}</th>
                <td>{t(`issues.${issue}.check`)}</td>
                <td>{t.rich(`issues.${issue}.resolution`, marks)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function Fields() {
  const t = useTranslations('modelHelp');
  return (
    <section>
      <h3>{t('fields.title')}</h3>
      <dl>
        {fields.map(({ field, examples }) => (
          <div key={field}>
            <dt>{t(`fields.${field}`)}</dt>
            <dd>
              {t(`fields.${field}Text`)} <Examples texts={examples} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const Examples = ({ texts }: { texts: readonly string[] }) => (
  <span className={classes['example']}>
    {texts.map((text) => (
      <code key={text}>{text}</code>
    ))}
  </span>
);

function Providers() {
  const t = useTranslations('modelHelp');
  return (
    <section>
      <h3>{t('providers.title')}</h3>
      <p>{t('providers.text')}</p>
      <dl>
        {providers.map(({ provider, models }) => (
          <div key={provider}>
            <dt>{t(`providers.${provider}`)}</dt>
            <dd>
              {provider === 'deepseek' ? <code>{deepseekUrl}</code> : t.rich(`providers.${provider}Text`, marks)}{' '}
              <Examples texts={models} />
            </dd>
          </div>
        ))}
      </dl>
      <h3>{t('protection.title')}</h3>
      <dl>
        {protections.map((name) => (
          <div key={name}>
            <dt>{t(`protection.${name}`)}</dt>
            <dd>{t(`protection.${name}Text`)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Scenarios() {
  const t = useTranslations('modelHelp');
  return (
    <section>
      <h3>{t('scenarios')}</h3>
      <h4>{t('rotation.title')}</h4>
      <p>{t('rotation.text')}</p>
      <ol>
        {rotation.map((step) => (
          <li key={step}>{t.rich(`rotation.${step}`, marks)}</li>
        ))}
      </ol>
      <h4>{t('budget.title')}</h4>
      <ol>
        {rotation.map((step) => (
          <li key={step}>{t.rich(`budget.${step}`, marks)}</li>
        ))}
      </ol>
    </section>
  );
}
