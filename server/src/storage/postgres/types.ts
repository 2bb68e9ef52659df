/** How PostgreSQL's texts become values: 64-bit integers and exact numerics are numbers, or an error where they would be rounded. */
import pg from 'pg';
import { UnsafeInteger } from '../errors.ts';

/** Object ids of built-in types: select oid, typname from pg_type. */
const int8 = 20;
const numeric = 1700;

function safeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw new UnsafeInteger('a column holds an integer beyond 2^53');
  return number;
}

const safeParser = (text: string): number => safeNumber(text);

/** Given to each client, so that `pg`'s own table of parsers, which other libraries may use, stays as it is. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 || oid === numeric ? safeParser : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};
