import { afterAll, describe, expect, it } from 'vitest';
import {
  CHILD,
  CONFIG,
  closeWorlds,
  IMAGE,
  INDEX,
  LAYER,
  MirrorWorld,
  OTHER_CHILD,
  SMALL_LAYER,
} from './support/mirror-world.ts';
import { SEQUENCES } from './support/pull-sequences.ts';
import { must } from './support/registry-world.ts';
import { replay } from './support/replay.ts';

afterAll(closeWorlds);

async function openStocked() {
  const world = await MirrorWorld.open({ images: { tagsFreshSeconds: 0 } });
  const { shelf } = world.upstream;
  shelf.put('library/app', '1.4', IMAGE);
  const signature = shelf.sign('pos/app', INDEX);
  shelf.refer('pos/app', CHILD, 'application/x.sbom');
  const things = {
    ...{ index: INDEX, child: CHILD, config: CONFIG, layer: LAYER, small: SMALL_LAYER },
    ...{ signature: signature.top, payload: must(signature.blobs[1]) },
  };
  return { world, things };
}

describe.concurrent('the mirror is asked by', () => {
  it.for(SEQUENCES.map((sequence) => [sequence.client, sequence] as const))('%s', async ([, sequence], { expect }) => {
    const { world, things } = await openStocked();
    const { ledger } = world.upstream;
    await replay(world.port, sequence, things);
    // However it asks, each blob comes once, as a whole.
    for (const { url } of ledger.seen({ what: 'blob', method: 'GET' }))
      expect([url, ledger.count({ what: 'blob', method: 'GET', in: url }).requests]).toEqual([url, 1]);
    await world.untilKept([CONFIG, LAYER, SMALL_LAYER]);

    await world.upstream.close();
    ledger.clear();
    await replay(world.port, sequence, things);
    await world.restart();
    await replay(world.port, sequence, things);
    expect(ledger.count().requests).toBe(0);
  });

  it('all of them at once, and each blob comes once', async () => {
    const { world, things } = await openStocked();
    await Promise.all(SEQUENCES.map((sequence) => replay(world.port, sequence, things)));
    const { ledger } = world.upstream;
    for (const { digest } of [CONFIG, LAYER, SMALL_LAYER])
      expect(ledger.count({ what: 'blob', method: 'GET', in: digest })).toMatchObject({ requests: 1 });
    expect(ledger.count({ in: OTHER_CHILD.digest }).requests).toBe(0);
  });
});
