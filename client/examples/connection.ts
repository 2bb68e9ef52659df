/** Add a connection, test it step by step, make it the default, and remove it again. */
import { client } from './settings.ts';

const created = await client.configurations.create({
  name: 'Example',
  provider: 'custom',
  baseUrl: process.env['PROVIDER_URL'],
  apiKey: process.env['PROVIDER_KEY'],
  model: 'gpt-4o',
});
console.log(`made ${created.name}, its key is shown as ${created.apiKey}`);

const { data: test } = await client.configurations.test(created.id);
for (const step of test.steps) console.log(`${step.outcome} ${step.name}`);

await client.configurations.update(created.id, { isDefault: true });
await client.configurations.delete(created.id);
console.log('removed');
