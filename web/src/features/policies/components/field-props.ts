/** What every part of a policy's form is handed. */
import type { FaultName, Values } from './policy-values.ts';

export interface Place {
  value: string;
  label: string;
}

export interface Judge {
  id: string;
  name: string;
  model: string | null;
}

/** A pattern that the server could not read. */
export interface PatternFault {
  /** Counted from one. */
  number: number;
  code: string;
  /** The engine's own words. */
  detail: string;
}

export interface FieldsProps {
  values: Values;
  faults: readonly FaultName[];
  patternFaults: readonly PatternFault[];
  /** Where a new one may bind; a saved one stays where it is. */
  places: readonly Place[];
  judges: readonly Judge[];
  isNew: boolean;
  onChange: (part: Partial<Values>) => void;
}
