/** What can go wrong, told apart by its class and its code, never by its text. */
import { HttpError, NetworkError, PatchbayClient } from '@patchbay/client';
import { client } from './settings.ts';

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof HttpError && error.is('VALIDATION_ERROR')) return `refused: ${Object.keys(error.fields).join(', ')}`;
    if (error instanceof HttpError) return `refused: ${error.status} ${error.code}`;
    if (error instanceof NetworkError) return `no answer: ${error.reason}`;
    throw error;
  }
}

console.log(await outcomeOf(client.accessKeys.create({ name: '' })));
console.log(await outcomeOf(client.configurations.get('00000000-0000-7000-8000-000000000000')));
console.log(await outcomeOf(new PatchbayClient({ baseUrl: 'http://127.0.0.1:1', retries: 0 }).me.get()));
