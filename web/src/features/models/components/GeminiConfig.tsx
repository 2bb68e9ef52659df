/** The form of Google Gemini: its safety settings are parameters of every answer. */
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { FieldGroups } from './FieldGroups.tsx';

const parameters = ['safetySettings'];

export const GeminiConfig = ({ form }: { form: ConnectionForm }) => <FieldGroups form={form} parameters={parameters} />;
