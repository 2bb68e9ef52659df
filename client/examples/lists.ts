/** Lists of any length as one loop: pages are asked for as their rows are used. */
import { eachRow } from '@patchbay/client';
import { client } from './settings.ts';

let keys = 0;
for await (const key of eachRow((cursor) => client.accessKeys.list({ cursor, limit: 2 }))) {
  keys += 1;
  console.log(key.name);
}
console.log(`${keys} keys`);

let costly = 0;
for await (const request of client.books.eachRequest({ rowsMax: 1_000, limit: 100 })) if (Number(request.costUsd ?? 0) > 0.01) costly += 1;
console.log(`${costly} requests above a cent`);
