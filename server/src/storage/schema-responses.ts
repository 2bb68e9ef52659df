/** The table of kept responses (docs/schema.md). */
export interface ResponsesSchema {
  stored_responses: {
    owner_scope: 'user' | 'workspace';
    owner_id: string;
    id: string;
    previous_id: string | null;
    /** JSON list. */
    input: string;
    /** JSON object. */
    response: string;
    created_at: number;
    expires_at: number;
  };
}
