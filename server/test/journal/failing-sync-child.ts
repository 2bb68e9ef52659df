/** Writes lines that the disk then does not sync, while nothing more can be written anywhere, and dies of it in the middle. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ids, intentOf } from '../storage/ledger-records.ts';
import { breakFile } from './break-file.ts';

const dir = process.argv[2]!;
const segments = (): string[] => readdirSync(dir).filter((name) => name.endsWith('.log'));
const { journal } = openJournal({ dir, clock: systemClock, ids, onError: () => undefined });
// One write, and a second one, so that several numbers are in doubt.
for (let count = 0; count < 3; count++) journal.append(intentOf());
journal.flush();
for (let count = 0; count < 2; count++) journal.append(intentOf());
journal.flush();
breakFile(join(dir, segments()[0]!));
execFileSync('/usr/bin/prlimit', ['--fsize=0', '--pid', String(process.pid)]);
journal.whenDurable(journal.lastSeq(), () => undefined);
// The journal begins another segment, which takes nothing either.
setInterval(() => {
  if (segments().length > 1 && journal.isFailing()) process.kill(process.pid, 'SIGKILL');
}, 20);
