/** The form of any other endpoint: how it wants to be told the key belongs to the key. */
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { FieldGroups } from './FieldGroups.tsx';

const essentials = ['authType', 'headerName'];
const parameters = ['parameters'];

export const CustomAPIConfig = ({ form }: { form: ConnectionForm }) => (
  <FieldGroups form={form} essentials={essentials} parameters={parameters} />
);
