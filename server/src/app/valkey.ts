/** What the instances of one installation tell each other by way of Valkey: whom to leave in peace, and what open pages are to know. */
import { houseEventNames } from '@patchbay/contract/event-names';
import type { Events, HouseEvent } from '../control/events.ts';
import type { RestLeft } from '../domain/breaker.ts';
import type { HealthTold, SharedHealth } from '../gateway/health.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { openValkey, type Valkey } from '../valkey/valkey.ts';
import { keyCheckValue, upToCurrent, type MasterKey } from '../vault/keys.ts';
import { createSharedBox } from '../vault/shared-box.ts';
import type { Settings } from './settings.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';

/** Null where the operator named none. An installation is known there by its oldest master key, of which the name tells nothing. */
export async function valkeyOf(
  settings: Settings,
  masters: readonly MasterKey[],
  { clock, ids, log }: { clock: Clock; ids: Ids; log: Log },
): Promise<Valkey | null> {
  if (settings.redisUrl === null) return null;
  const name = keyCheckValue(upToCurrent(masters)[0]!.bytes);
  return openValkey({ url: settings.redisUrl, name, instance: ids.uuid(), sealing: createSharedBox(masters, ids), clock, log });
}

/** Events that this instance alone knows of are heard by the pages of all. */
export function tellingOthers(own: Events, valkey: Valkey): Events {
  valkey.hear('event', (message) => {
    const event = message as HouseEvent;
    if (houseEventNames.includes(event.name)) own.publish(event);
  });
  return {
    publish(event) {
      own.publish(event);
      valkey.tell('event', event);
    },
    subscribe: (listener, onClose) => own.subscribe(listener, onClose),
    since: (id) => own.since(id),
    get lastId() {
      return own.lastId;
    },
    get listeners() {
      return own.listeners;
    },
    get isClosed() {
      return own.isClosed;
    },
    close: () => own.close(),
  };
}

interface RestWord extends RestLeft {
  id: string;
  /** Of the connection as the teller knows it: what was found of an older one says nothing of this. */
  revision: number;
}

type Connections = Pick<OwnedKeeper, 'snapshot'>;

/** What `createHealth` tells, passed on. The connection of the environment is each instance's own and is not spoken of. */
export function tellingRests(valkey: Valkey, { snapshot }: Connections): Required<Pick<HealthTold, 'onRest' | 'onReturn'>> {
  const revisionOf = (id: string): number | undefined => snapshot.connections.get(id)?.revision;
  return {
    onRest(id, left) {
      const revision = revisionOf(id);
      if (revision !== undefined) valkey.tell('rest', { id, revision, ...left } satisfies RestWord);
    },
    onReturn(id) {
      const revision = revisionOf(id);
      if (revision !== undefined) valkey.tell('return', { id, revision });
    },
  };
}

/** Takes over what others found. Whenever word may have been missed, it asks for theirs and tells its own once more. */
export function hearRests(valkey: Valkey, health: SharedHealth, { snapshot }: Connections): void {
  const { onRest } = tellingRests(valkey, { snapshot });
  const isKnown = ({ id, revision }: Pick<RestWord, 'id' | 'revision'>): boolean => snapshot.connections.get(id)?.revision === revision;
  valkey.hear('rest', (message) => {
    const word = message as RestWord;
    if (isKnown(word) && word.openMs >= 0 && word.cooledMs >= 0) health.heardOfRest(word.id, word);
  });
  valkey.hear('return', (message) => {
    const word = message as RestWord;
    if (isKnown(word)) health.heardOfReturn(word.id);
  });
  const tellAll = (): void => health.rests().forEach(({ connectionId, left }) => onRest(connectionId, left));
  valkey.hear('who-rests', tellAll);
  valkey.onBack(() => {
    valkey.tell('who-rests', null);
    tellAll();
  });
}
