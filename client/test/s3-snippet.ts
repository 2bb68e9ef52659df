/** S3's client example, call by call, with its module name mapped to ours. It has to compile as it stands. */
import { FlashbackClient } from '@patchbay/client';

/** What the example leaves to its reader. */
export interface Given {
  apiKey: string;
  baseUrl: string;
  data: Parameters<FlashbackClient['createAiLlm']>[0];
  workspaceId: string;
}

/** Returns what each call answered, in order. */
export async function runSnippet({ apiKey, baseUrl, data, workspaceId }: Given) {
  const client = new FlashbackClient({ apiKey, baseUrl });

  const created = await client.createAiLlm(data);
  const id = created.aiLlmId;
  const listed = await client.getAiLlms(workspaceId);
  const available = await client.getAvailableAiLlms();
  const updated = await client.updateAiLlm(id, { name: 'Renamed' });
  const validated = await client.validateAiLlm(id);
  const counted = await client.getAiLlmStats(id);
  const deleted = await client.deleteAiLlm(id);
  return { created, listed, available, updated, validated, counted, deleted };
}
