/** A provider's key: typed, never shown again, never filled in. Blanks and quotes that came with it are taken off in sight. */
import { PasswordInput } from '@mantine/core';
import type { Provider } from '@patchbay/contract/providers';
import { IconExternalLink } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useProviderStore } from '../store/provider-store.ts';
import { useFieldProps, type FieldProps } from './use-field-props.ts';
import classes from './SecretField.module.css';

const around = /^[\s"'`]+|[\s"'`]+$/g;
/** Shorter prefixes are those of many providers and say nothing. */
const prefixLengthMin = 4;

/** The provider that issues keys which begin like this one, where that is not the chosen one. */
function strangerOf(key: string, chosen: Provider, providers: readonly Provider[]): Provider | undefined {
  if (chosen.keyPrefix === null || chosen.requiresBaseUrl) return undefined;
  const lengthOf = ({ keyPrefix }: Provider): number => (keyPrefix !== null && key.startsWith(keyPrefix) ? keyPrefix.length : 0);
  const best = providers.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
  return best && lengthOf(best) >= prefixLengthMin && lengthOf(best) > lengthOf(chosen) ? best : undefined;
}

export function SecretField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const { onBlur, ...common } = useFieldProps({ field, form });
  const providers = useProviderStore(({ supportedProviders }) => supportedProviders);
  const [isTrimmed, setTrimmed] = useState(false);
  const { provider, stored, values } = form;
  const last4 = stored?.apiKey?.replace(/^\*+/, '') ?? '';
  const kept = !stored?.hasApiKey ? common.description : last4 === '' ? t('keyKept') : t('keyKeptEnds', { last4 });
  const stranger = strangerOf(values.apiKey, provider, providers);
  const trim = (): void => {
    const trimmed = values.apiKey.replace(around, '');
    if (trimmed !== values.apiKey) {
      setTrimmed(true);
      form.set({ apiKey: trimmed });
    }
    onBlur();
  };
  return (
    <div className={classes['secret']}>
      <PasswordInput
        {...common}
        description={kept}
        value={values.apiKey}
        onChange={({ currentTarget }) => {
          setTrimmed(false);
          form.set({ apiKey: currentTarget.value });
        }}
        onBlur={trim}
        placeholder={stored?.hasApiKey ? undefined : field.placeholder}
        autoComplete="off"
        data-1p-ignore=""
        spellCheck={false}
        // With a key that is kept, or at a local address, none has to be typed; the server knows.
        required={false}
        visibilityToggleFocusable
        visibilityToggleButtonProps={{ 'aria-label': t('showKey') }}
      />
      <output className={classes['said']}>
        {isTrimmed && t('keyTrimmed')} {stranger && t('keyForeign', { provider: stranger.displayName })}
      </output>
      {provider.keyPage !== null && (
        <a className={classes['page']} href={provider.keyPage} target="_blank" rel="noreferrer">
          {t('keyPage', { provider: provider.displayName })}
          <IconExternalLink size={14} stroke={1.75} aria-hidden="true" />
        </a>
      )}
    </div>
  );
}
