/** The form of Ollama: the length of the context decides whether a model fits into the machine, so it is no afterthought. */
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { FieldGroups } from './FieldGroups.tsx';

const essentials = ['numCtx'];

export const OllamaConfig = ({ form }: { form: ConnectionForm }) => <FieldGroups form={form} essentials={essentials} />;
