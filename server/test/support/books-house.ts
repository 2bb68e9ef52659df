/** A house for the tests of the books: four people, a workspace, a connection and a key that usage can be of, and entries written by hand. */
import type { Intent, LedgerRecord, Settlement } from '../../src/domain/ledger.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';
import { openHouse, type House, type Json, type Reply, type Resident } from './house.ts';

export interface BooksHouse {
  house: House;
  /** An administrator. */
  ada: Resident;
  /** Reads in the lab, and owns the connection and the key. */
  ben: Resident;
  /** Administers the lab. */
  cat: Resident;
  /** Writes in the lab. */
  dan: Resident;
  /** Id of the workspace. */
  lab: string;
  connectionId: string;
  keyId: string;
  /** Asks as somebody, as the administrator unless told. */
  get: (path: string, person?: Resident) => Promise<Reply>;
  book: (...records: LedgerRecord[]) => void;
  /** One request that went well; its id. */
  answered: (intent: Partial<Intent>, settlement?: Partial<Settlement>) => string;
}

export const rowsOf = (reply: Reply): Json[] => reply.body.data as unknown as Json[];
/** Status, code and first refused field of an answer. */
export const said = ({ status, body }: Reply): [number, unknown, unknown] => [
  status,
  body.error_code,
  body.details?.[0 as never]?.['path'],
];

export async function openBooksHouse(): Promise<BooksHouse> {
  const house = await openHouse();
  const ada = await house.createResident('Ada', 'administrator');
  const ben = await house.createResident('Ben');
  const cat = await house.createResident('Cat');
  const dan = await house.createResident('Dan');
  const lab = await house.createWorkspace('Lab', [
    [ben, 'READ'],
    [cat, 'ADMIN'],
    [dan, 'WRITE'],
  ]);
  const connection = await house.request('POST', '/api/configurations', {
    token: ben.token,
    body: { name: "Ben's OpenAI", provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' },
  });
  const key = await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: "Ben's app" } });
  const book = (...records: LedgerRecord[]): void => {
    for (const record of records) house.deps.journal.append(record);
  };
  return {
    house,
    ada,
    ben,
    cat,
    dan,
    lab,
    connectionId: connection.at('data.id'),
    keyId: key.at('data.id'),
    get: (path, person = ada) => house.request('GET', path, { token: person.token }),
    book,
    answered(intent, settlement = {}) {
      const begun = intentOf(intent);
      book(begun, settlementOf(begun, settlement));
      return begun.requestId;
    },
  };
}
