/** Makes the first access key, so that the new user can ask something at once. The key is in the answer and nowhere else. */
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export function useCreateFirstKey() {
  return useMutation({ mutationFn: async (name: string) => (await client.accessKeys.create({ name })).key });
}
