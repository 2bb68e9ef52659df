/** The state of a connection's form: what was typed, what is wrong with it, and what of it goes into a request. */
import type { Configuration } from '@patchbay/contract/configurations';
import type { Provider } from '@patchbay/contract/providers';
import { useDebouncedValue } from '@mantine/hooks';
import { startTransition, useState } from 'react';
import { useTypedSchema } from '../api/provider-schema.ts';
import { useValidateConfiguration } from '../api/validate-configuration.ts';
import { faultAt, ownFaults, serverFaults, type Fault, type Faults } from './faults.ts';
import { fieldId, isSetting, type FormField } from './fields.ts';
import { useFormModels, type FormModels } from './use-form-models.ts';
import { settingsOf, settledOf, type FormValues } from './values.ts';

export interface ConnectionFormOptions {
  provider: Provider;
  fields: readonly FormField[];
  /** The connection that is edited; null for a new one. */
  stored: Configuration | null;
  initial: FormValues;
  lens?: Lens;
  /** Called with what stands in the form after each change. */
  onChange?: (values: FormValues) => void;
}

/** What a person came from decides what fields are called: a model with a variant, or a connection with a default model. */
export type Lens = 'connection' | 'model';

export interface ConnectionForm extends ConnectionFormOptions {
  lens: Lens;
  /** Where requests would go with what is typed; null where that is no address. */
  requestUrl: string | null;
  models: FormModels;
  values: FormValues;
  faults: Faults;
  /** TRUE once something was typed that is not saved. */
  isDirty: boolean;
  set: (change: Partial<FormValues>) => void;
  setSetting: (name: string, text: string) => void;
  /** A field was left: what can be said about it is said now, and not while it is typed. */
  leave: (name: string) => void;
  /** The request's part of the values; null where something is wrong, with the focus on the first such field. */
  settle: () => ReturnType<typeof settledOf> | null;
  /** Shows what a server objected to, with the focus on the first field of it. */
  refuse: (error: unknown) => void;
}

/** So long nothing is asked while somebody types. */
const typingPauseMs = 200;

/** Brings a field into view, also out of a folded part of the form. */
export function focusField(name: string): void {
  const element = document.getElementById(fieldId(name));
  const folded = element?.closest('details');
  if (folded) folded.open = true;
  element?.focus();
}

function withFault(faults: Faults, name: string, fault: Fault | undefined): Faults {
  const { [name]: _former, ...rest } = faults;
  return fault === undefined ? rest : { ...rest, [name]: fault };
}

export function useConnectionForm(options: ConnectionFormOptions): ConnectionForm {
  const { provider, stored, initial } = options;
  const [values, setValues] = useState(initial);
  const [typed] = useDebouncedValue({ model: values.model.trim(), baseUrl: values.baseUrl.trim() }, typingPauseMs);
  const { data: schema } = useTypedSchema(provider.name, typed);
  const fields = schema?.fields ?? options.fields;
  const models = useFormModels({ provider, stored, baseUrl: values.baseUrl });
  const [faults, setFaults] = useState<Faults>({});
  const validate = useValidateConfiguration(provider.name);
  const change = (next: FormValues, names: readonly string[]): void => {
    setValues(next);
    setFaults((known) => names.reduce((left, name) => withFault(left, name, undefined), known));
    options.onChange?.(next);
  };
  const show = (found: Faults): void => {
    setFaults(found);
    const first = ['name', ...fields.map(({ name }) => name)].find((name) => name in found);
    // The focus waits until the fault is there to be read with its field.
    if (first !== undefined) requestAnimationFrame(() => focusField(first));
  };
  /** Bounds hang on the model, so the server judges them; without an answer the field is judged when the form is saved. */
  const askAbout = (name: string): void => {
    const settings = settingsOf(fields, { ...values, headers: [] }, {});
    validate.mutate(values.model.trim() === '' ? settings : { ...settings, model: values.model.trim() }, {
      onSuccess: ({ errors }) => {
        const found = errors.map(({ path, code }) => faultAt(path, code, fields)).find(([place]) => place === name);
        if (found) setFaults((known) => withFault(known, name, found[1]));
      },
    });
  };
  return {
    ...options,
    lens: options.lens ?? 'connection',
    fields,
    requestUrl: schema?.requestUrl ?? null,
    models,
    values,
    faults,
    isDirty: JSON.stringify(values) !== JSON.stringify(initial),
    set: (part) => change({ ...values, ...part }, Object.keys(part)),
    setSetting: (name, text) => change({ ...values, settings: { ...values.settings, [name]: text } }, [name]),
    leave: (name) => {
      const own = ownFaults(fields, values)[name];
      // What a server said of the field holds until the field is changed.
      // Whoever leaves it is on the way to the next one, and that comes first: the whole form is drawn anew for this.
      if (own !== undefined) startTransition(() => setFaults((known) => withFault(known, name, own)));
      const field = fields.find((one) => one.name === name);
      if (own === undefined && field && isSetting(field) && field.kind !== 'headers' && values.settings[name]) askAbout(name);
    },
    settle: () => {
      const found = ownFaults(fields, values);
      show(found);
      return Object.keys(found).length > 0 ? null : settledOf(provider, fields, values, stored);
    },
    refuse: (error) => show(serverFaults(error, fields)),
  };
}
