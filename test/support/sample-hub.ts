import { createSites, LIMITS, type Sites } from '../../src/hub/sites/sites.ts';
import type { HubStore } from '../../src/model/fleet/hub-store.ts';
import type { HelloRequest, Item } from '../../src/wire/link/gen/link.ts';
import type { Caller } from '../../src/wire/link/handlers.ts';
import { SampleClock, SampleLog } from './sample-site.ts';

export const STORE_1: Caller = { site: 'store-1', serial: '01', remote: '192.0.2.1', throughProxy: false };

/** What a box says first; `session` names its process. */
export function helloOf(session: string, more: Partial<HelloRequest> = {}): HelloRequest {
  return {
    ...{ session, ratchet: new Uint8Array(), eventEpoch: 'e1', nextSeq: 1n, confirmedNumber: 0n, highestNumber: 0n },
    ...{ keySetVersion: 0, roots: [], version: '1', capabilities: [], sealingKey: new Uint8Array(), clockOffsetMs: 0n },
    ...{ fresh: false, hardware: undefined, ...more },
  };
}

export function eventItem(
  seq: number,
  more: { epoch?: string; type?: string; data?: string; sentence?: string } = {},
): Item {
  const { epoch = 'e1', type = 'node-enrolled', data = '', sentence = `event ${seq}` } = more;
  const event = { type, atMs: BigInt(1_000 + seq), sentence, machine: '', slot: 'pos-1', boot: '', data, schema: 1 };
  return { epoch, seq: BigInt(seq), event };
}

export function gapItem(seq: number, through: number, count = through - seq + 1): Item {
  return { epoch: 'e1', seq: BigInt(seq), gap: { through: BigInt(through), count: BigInt(count), reason: 'too old' } };
}

/** The room of sites at a hub with one site, on this store. */
export async function sampleSites(
  store: HubStore,
  clock = new SampleClock(),
): Promise<{ sites: Sites; clock: SampleClock; log: SampleLog; keys: { version: number } }> {
  const keys = { version: 0 };
  await store.work(async (tx) => {
    const site = {
      name: 'store-1',
      createdAt: 1,
      state: 'invited',
      labels: {},
      confirmedNumber: 0,
      highestNumber: 0,
    } as const;
    if (!(await tx.get('sites', 'store-1'))) await tx.put('sites', 'store-1', site);
  });
  const log = new SampleLog();
  let drawn = 0;
  const bytes = (count: number) => {
    drawn += 1;
    return new Uint8Array(count).fill(drawn % 256);
  };
  const sites = createSites({
    ...{ store, clock, log, limits: () => LIMITS },
    random: { unit: () => 0.5, bytes },
    identity: {
      keySetVersion: async () => keys.version,
      atHello: async (_tx, _caller, said) => ({
        ...{ renew: false, trust: said.keySetVersion < keys.version ? { roots: [], keySets: [] } : undefined },
      }),
    },
  });
  return { sites, clock, log, keys };
}
