/** How a request proves itself at a provider of OpenAI's family, whichever of its wires it speaks. */
import { credentialsOf } from './aws-signature.ts';
import type { Destination } from './protocol.ts';

/** Headers that a custom connection may name for its secret; the value goes in as it is (D-31). */
function customAuth(to: Destination, secret: string): Record<string, string> | null {
  const name = to.settings['headerName'];
  switch (to.settings['authType']) {
    case 'none':
      return {};
    case 'api-key':
    case 'custom':
      return { [typeof name === 'string' && name !== '' ? name.toLowerCase() : 'api-key']: secret };
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
    default:
      return null;
  }
}

/** The secret as a provider of OpenAI's family takes it: as a bearer token, or alone in a header. */
export function authHeaders(to: Destination, secret: string): Record<string, string> {
  if (secret === '') return {};
  const custom = to.row.id === 'custom' ? customAuth(to, secret) : null;
  if (custom) return custom;
  switch (to.row.auth.kind) {
    case 'none':
      return {};
    case 'aws':
      // A secret of two parts never travels: it signs.
      return credentialsOf(secret) ? {} : { authorization: `Bearer ${secret}` };
    case 'header':
    case 'service_account':
      return { [to.row.auth.header ?? 'api-key']: secret };
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
  }
}

/** Whose account is meant, where a key belongs to several. */
export function accountHeaders(to: Destination): Record<string, string> {
  const organization = to.settings['organizationId'];
  const project = to.settings['projectId'];
  return {
    ...(typeof organization === 'string' && organization !== '' && { 'openai-organization': organization }),
    ...(typeof project === 'string' && project !== '' && { 'openai-project': project }),
  };
}
