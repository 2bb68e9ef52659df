/** Memory that is measured without what nobody refers to any more: when the runtime collects that by itself is chance. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of the heap that something refers to. */
export function heapInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
