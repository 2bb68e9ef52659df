/** Invitations: links that make one person each. */
import type { Invitation, invitationAccept, invitationCreate, invitationCreated, invitationSeen } from '@patchbay/contract/invitations';
import type { Page, PageQuery } from './people.ts';
import { segment, type Input, type Output, type Transport } from './transport.ts';

export interface InvitationCalls {
  list(query?: PageQuery & { workspaceId?: string }, signal?: AbortSignal): Promise<Page<Invitation>>;
  /** The only answer that ever holds the token. Whoever has an account already is `added` to the workspace at once. */
  create(input: Input<typeof invitationCreate>): Promise<Output<typeof invitationCreated>['data']>;
  revoke(id: string): Promise<void>;
  look(token: string, signal?: AbortSignal): Promise<Output<typeof invitationSeen>['data']>;
  /** Makes the account; in a browser the session's cookie comes with the answer. */
  accept(input: Input<typeof invitationAccept>): Promise<void>;
}

export function invitationCalls(transport: Transport): InvitationCalls {
  return {
    list: (query, signal) => transport.call('GET', 'api/invitations', { query: { ...query }, signal }),
    async create(input) {
      return (await transport.call<Output<typeof invitationCreated>>('POST', 'api/invitations', { body: input })).data;
    },
    async revoke(id) {
      await transport.call('DELETE', `api/invitations/${segment(id)}`);
    },
    async look(token, signal) {
      return (await transport.call<Output<typeof invitationSeen>>('POST', 'api/invitations/look', { body: { token }, signal })).data;
    },
    async accept(input) {
      await transport.call('POST', 'api/invitations/accept', { body: input });
    },
  };
}
