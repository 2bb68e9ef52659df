/** The form of Gemini: what it blocks is a table of its own and stands with what shapes the answers. */
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { FieldGroups } from './FieldGroups.tsx';

const parameters = ['safetySettings'];

export const GeminiConfig = ({ form }: { form: ConnectionForm }) => <FieldGroups form={form} parameters={parameters} />;
