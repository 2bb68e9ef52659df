/** Ask a model, whole and word by word, and read from the books what it cost. */
import { client } from './settings.ts';

const model = process.env['PATCHBAY_MODEL'] ?? '';
const messages = [{ role: 'user' as const, content: 'What does the quick brown fox do?' }];

const answer = await client.chat.create({ model, messages });
console.log(answer.choices[0]?.message.content);

for await (const chunk of client.chat.stream({ model, messages })) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
process.stdout.write('\n');

const { data } = await client.books.requests({ limit: 1 });
console.log(`${data[0]?.model}: ${data[0]?.tokensIn} tokens in, ${data[0]?.tokensOut} out, ${data[0]?.costUsd ?? 'no'} dollars`);
