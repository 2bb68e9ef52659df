/** How names are compared: unique per owner whatever their case or Unicode spelling (C-30). SQLite alone would fold ASCII only. */

export const nameKeyOf = (name: string): string => name.normalize('NFKC').toLowerCase();
