/** What a repository is: a named container in a workspace whose access keys reach its attached connections and no others (C-54). */

/** A connection is attached to as many repositories as one likes, and a repository holds at most so many. */
export const attachedMax = 100;

export interface Repository {
  id: string;
  workspaceId: string;
  name: string;
  /** In the order in which they are tried. */
  connectionIds: readonly string[];
}
