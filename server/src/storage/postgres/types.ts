/** How PostgreSQL's texts become values: 64-bit integers and exact numerics are numbers, or an error where they would be rounded. */
import { types as builtIn, type CustomTypesConfig } from 'pg';
import { UnsafeInteger } from '../errors.ts';

/** Object ids of built-in types: select oid, typname from pg_type. */
const int8 = 20;
const numeric = 1700;

function safeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw new UnsafeInteger('a column holds an integer beyond 2^53');
  return number;
}

/** Given to each client, so that `pg`'s own table of parsers, which other libraries may use, stays as it is. */
export const types: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
    if (oid === int8 || oid === numeric) return safeNumber;
    return builtIn.getTypeParser(oid, format) as (text: string) => unknown;
  },
};
