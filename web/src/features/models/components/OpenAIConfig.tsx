/** The form of OpenAI: who pays, organization and project, stands with what shapes the answers. */
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { FieldGroups } from './FieldGroups.tsx';

const parameters = ['organizationId', 'projectId'];

export const OpenAIConfig = ({ form }: { form: ConnectionForm }) => <FieldGroups form={form} parameters={parameters} />;
