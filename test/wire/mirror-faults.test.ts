import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import { openDeafServer, openSilentServer } from '../../src/lab/upstream/mute-servers.ts';
import { bindingKey } from '../../src/model/boot.ts';
import type { MachineId } from '../../src/model/machine.ts';
import { blobPath, layoutOf } from '../../src/site/content/layout.ts';
import { OTHER_MAC, POS_MAC } from '../support/sample-site.ts';
import {
  CHILD,
  CONFIG,
  closeWorlds,
  IMAGE,
  INDEX,
  LAYER,
  MirrorWorld,
  OTHER_CHILD,
  OTHER_LAYER,
  SMALL_LAYER,
} from './support/mirror-world.ts';
import type { RawAnswer } from './support/raw-http.ts';
import { closeAll, closeLater, digestOf, sha256 } from './support/registry-world.ts';

afterAll(async () => {
  await closeWorlds();
  await closeAll();
});

const MIB = 1024 * 1024;
const codeIn = ({ body }: RawAnswer): string => {
  const { errors } = JSON.parse(body.toString()) as { readonly errors: readonly { readonly code: string }[] };
  return errors[0]?.code ?? '';
};
const pathOf = (world: MirrorWorld, blob: { readonly digest: string }): string =>
  blobPath(layoutOf(world.folder), digestOf(blob));

/** One that has served `CHILD` from its registry, and knows it all. */
async function openWarm(settings: Parameters<typeof MirrorWorld.open>[0] = {}): Promise<MirrorWorld> {
  const world = await MirrorWorld.open(settings);
  expect(await world.pull()).toBeUndefined();
  await world.untilKept();
  world.upstream.ledger.clear();
  return world;
}

/** A mirror that knows the manifests of `CHILD`, and none of its blobs. */
async function openReady(settings: Parameters<typeof MirrorWorld.open>[0] = {}): Promise<MirrorWorld> {
  const world = await MirrorWorld.open(settings);
  for (const reference of ['1.4', CHILD.digest]) expect((await world.ask(`manifests/${reference}`)).status).toBe(200);
  return world;
}

/** Whoever stands at 127.0.0.1 fills a slot from now on; `before` looks between any two steps of that. */
async function bindMachine(world: MirrorWorld, before: () => Promise<void> = async () => undefined): Promise<void> {
  world.neighbours.set('127.0.0.1' as Ipv4, { mac: POS_MAC, complete: true });
  await before();
  const id = 'm1' as MachineId;
  const seen = { kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: 0, lastSeen: 0 } as const;
  await world.store.commit([{ table: 'machines', key: id, row: { id, evidence: [seen] } }], []);
  await before();
  const row = { slot: 'pos-1', number: 1, machine: id, since: 0, health: 'waiting' } as const;
  await world.store.commit([{ table: 'bindings', key: bindingKey(row.slot, row.number), row }], []);
}

describe.concurrent('the mirror:', () => {
  describe('a tag', () => {
    it('that is fresh costs its registry nothing', async () => {
      const world = await openWarm();
      const answer = await world.ask('manifests/1.4');
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'docker-content-digest': INDEX.digest, 'oci-namespace': 'registry.test' },
      });
      expect(world.upstream.ledger.count().requests).toBe(0);
    });

    it('that is old is asked for by HEAD, and served as it is known if its registry is gone', async () => {
      const world = await openWarm({ images: { tagsFreshSeconds: 0 } });
      expect((await world.ask('manifests/1.4')).status).toBe(200);
      expect(world.upstream.ledger.seen().map(({ method }) => method)).toEqual(['HEAD']);
      await world.upstream.close();
      expect((await world.ask('manifests/1.4')).headers['docker-content-digest']).toBe(INDEX.digest);
    });

    it('that nobody knows is unknown in time while its registry is gone, and then at once', async () => {
      const world = await MirrorWorld.open();
      await world.upstream.close();
      const answers: RawAnswer[] = [];
      for (let i = 0; i < 4; i++) answers.push(await world.ask('manifests/9.9'));
      expect(answers.map((answer) => [answer.status, codeIn(answer)])).toEqual(
        Array(4).fill([404, 'MANIFEST_UNKNOWN']),
      );
      expect(Math.max(...answers.map(({ headMs }) => headMs))).toBeLessThan(2_000);
    });

    it('of an image that is not whole here is unknown while its registry is gone', async () => {
      const world = await openReady({ images: { tagsFreshSeconds: 0 } });
      await world.upstream.close();
      const answer = await world.ask('manifests/1.4');
      expect([answer.status, codeIn(answer)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    });

    it('outlives a clock that is set back, and one that is set forward', async () => {
      const world = await openWarm();
      for (const setBy of [-86_400_000, 365 * 86_400_000]) {
        world.clock.setBy = setBy;
        expect(await world.pull()).toBeUndefined();
      }
      expect(world.upstream.ledger.seen().map(({ method }) => method)).not.toContain('GET');
      await world.upstream.close();
      world.clock.setBy = -365 * 86_400_000;
      expect(await world.pull()).toBeUndefined();
    });
  });

  describe('a registry that swallows what is sent', () => {
    it.for([
      ['accepts nothing', openDeafServer],
      ['says nothing', openSilentServer],
    ] as const)(
      'and %s, lets the mirror start, serve what is whole, and say no in time',
      async ([, open], { expect }) => {
        const mute = closeLater(await open());
        const world = await openWarm({ images: { tagsFreshSeconds: 0 } });
        await world.restartWith(`http://127.0.0.1:${mute.port}`);
        // Two seconds of its patience are one of ours.
        world.clock.run(2);
        expect(await world.pull()).toBeUndefined();
        const missing = await world.ask('manifests/9.9');
        expect([missing.status, missing.headMs < 2_000]).toEqual([404, true]);
        // Two that waited were enough: from then on nobody does.
        const next = await Promise.all(
          ['manifests/9.9', 'manifests/9.8', 'manifests/1.4'].map((rest) => world.ask(rest)),
        );
        expect(next.map(({ status }) => status)).toEqual([404, 404, 200]);
        expect(Math.max(...next.map(({ headMs }) => headMs))).toBeLessThan(800);
      },
    );
  });

  describe('a blob on its way', () => {
    it('is one GET for 64 clients that come one after the other; who is slow or gone slows nobody', async () => {
      const world = await openReady({ upstream: { lineBytesPerSecond: 4 * MIB } });
      const gate = Promise.withResolvers<void>();
      const slow = world.ask(`blobs/${LAYER.digest}`, { pause: { at: 1, until: gate.promise } });
      const gone = world.ask(`blobs/${LAYER.digest}`, { stopAt: 1_000 });
      const clients = Array.from({ length: 64 }, async (_, index) => {
        await sleep(index * 12);
        return world.ask(`blobs/${LAYER.digest}`);
      });
      for (const { body, headers, isWhole } of await Promise.all(clients)) {
        expect([isWhole, sha256(body)]).toEqual([true, LAYER.digest]);
        expect(headers['content-length']).toBe(String(LAYER.sizeBytes));
      }
      gate.resolve();
      expect(sha256((await slow).body)).toBe(LAYER.digest);
      expect((await gone).isWhole).toBe(false);
      expect(world.upstream.ledger.count({ what: 'blob' })).toMatchObject({
        ...{ requests: 1, mostAtOnce: 1, bytesSent: LAYER.sizeBytes },
      });
    });

    it('is there a moment after its first byte was', async () => {
      const world = await openReady({ upstream: { lineBytesPerSecond: 2 * MIB } });
      const startedAt = performance.now();
      const { firstByteMs, isWhole } = await world.ask(`blobs/${LAYER.digest}`);
      expect(isWhole).toBe(true);
      expect(firstByteMs).toBeLessThan((performance.now() - startedAt) / 2);
    });

    it.for([
      ['resets the connection', { resetAt: 1_000_000 }],
      ['ends it early', { endAt: 1_000_000 }],
      ['falls silent', { silentAt: 1_000_000 }],
    ] as const)('is gone on with in the same answer if its registry %s', async ([, does], { expect }) => {
      const world = await openReady({ content: { stallMs: 500 } });
      world.upstream.script([{ what: 'blob', in: LAYER.digest, times: 1, does }]);
      const { body, isWhole, status } = await world.ask(`blobs/${LAYER.digest}`);
      expect([status, isWhole, sha256(body)]).toEqual([200, true, LAYER.digest]);
      const asked = world.upstream.ledger.seen({ in: LAYER.digest });
      expect(asked.map(({ headers }) => headers['range'])).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
      expect(world.upstream.ledger.count({ what: 'blob' }).bytesSent).toBeLessThanOrEqual(LAYER.sizeBytes + MIB);
    });

    it('is cut, not ended, if its registry stays silent for a minute', async () => {
      const world = await openReady({ content: { stallMs: 1_000 } });
      world.upstream.script([{ what: 'blob', does: { silentAt: 1_000_000 } }]);
      const cut = world.ask(`blobs/${LAYER.digest}`);
      await expect.poll(() => world.upstream.ledger.count({ what: 'blob' }).bytesSent).toBe(1_000_000);
      world.clock.run(100);
      world.upstream.script([{ what: 'blob', does: { silent: true } }]);
      const { isWhole, status, body } = await cut;
      expect([status, isWhole]).toEqual([200, false]);
      expect(body.length).toBeLessThanOrEqual(1_000_000);
      // The registry is well again: what is here is not fetched a second time.
      world.clock.run(1);
      world.clock.pass(600_000);
      world.upstream.script([]);
      expect(sha256((await world.ask(`blobs/${LAYER.digest}`)).body)).toBe(LAYER.digest);
      expect(world.upstream.ledger.seen({ in: LAYER.digest }).at(-1)?.headers['range']).toBe('bytes=1000000-');
    });

    it('of wrong bytes is never whole, nothing of it stays, and the right one is served later', async () => {
      const world = await openReady();
      world.upstream.script([{ what: 'blob', in: LAYER.digest, times: 1, does: { wrongAt: LAYER.sizeBytes - 3 } }]);
      const { isWhole, body } = await world.ask(`blobs/${LAYER.digest}`);
      expect(isWhole).toBe(false);
      expect(body.length).toBeLessThan(LAYER.sizeBytes);
      expect((await world.ask(`blobs/${LAYER.digest}`)).status).toBe(503);
      world.clock.pass(120_000);
      expect(sha256((await world.ask(`blobs/${LAYER.digest}`)).body)).toBe(LAYER.digest);
    });

    it('that is short and says it were whole is never served as whole', async () => {
      const world = await openReady();
      world.upstream.script([{ what: 'blob', in: LAYER.digest, does: { shortTo: 1_000_000 } }]);
      const { isWhole, status } = await world.ask(`blobs/${LAYER.digest}`);
      expect(status === 200 && isWhole).toBe(false);
    });

    it('is asked for anew where it was redirected to an address that is over', async () => {
      const world = await openReady({ upstream: { redirectsForMs: 300 } });
      world.upstream.script([
        {
          what: 'content',
          in: encodeURIComponent(LAYER.digest),
          times: 1,
          does: { bytesPerSecond: 2 * MIB, resetAt: 1_500_000 },
        },
      ]);
      const { body, isWhole } = await world.ask(`blobs/${LAYER.digest}`);
      expect([isWhole, sha256(body)]).toEqual([true, LAYER.digest]);
      expect(world.upstream.ledger.count({ what: 'blob' }).requests).toBe(2);
      expect(world.upstream.ledger.seen({ what: 'content' }).map(({ status }) => status)).toEqual([200, 206]);
    });
  });

  describe('what its registry says, is not passed on:', () => {
    it('429, which containerd would answer with more of the same', async () => {
      const world = await MirrorWorld.open();
      world.upstream.script([{ does: { status: 429, headers: { 'retry-after': '1' } } }]);
      const rest = ['manifests/1.4', `manifests/${INDEX.digest}`, `blobs/${LAYER.digest}`, 'tags/list'];
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => world.ask(rest[i % rest.length] ?? '')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
      // Each of them once at most: it wants to be left alone.
      expect(world.upstream.ledger.count().requests).toBeLessThanOrEqual(rest.length);
      world.upstream.script([]);
      world.clock.pass(60_000);
      expect(await world.pull()).toBeUndefined();
    });

    it('429 for a layer of a manifest that is here', async () => {
      const world = await openReady();
      world.upstream.script([{ what: 'blob', times: 1, does: { status: 429, headers: { 'retry-after': '1' } } }]);
      const answer = await world.ask(`blobs/${LAYER.digest}`);
      expect([answer.status, codeIn(answer)]).toEqual([503, 'UNAVAILABLE']);
      world.clock.pass(60_000);
      expect(await world.pull()).toBeUndefined();
    });
  });

  describe('an image', () => {
    it('of which a layer is lost is fetched again, or is unknown while its registry is gone', async () => {
      const world = await openWarm({ images: { tagsFreshSeconds: 0 } });
      await rm(pathOf(world, LAYER));
      await world.restart();
      expect(await world.pull()).toBeUndefined();
      await world.untilKept();
      expect(world.upstream.ledger.count({ what: 'blob', method: 'GET' }).requests).toBe(1);
      await rm(pathOf(world, SMALL_LAYER));
      await world.restart();
      await world.upstream.close();
      expect(await world.ask('manifests/1.4')).toMatchObject({ status: 404 });
    });

    it('whose other platform was never fetched has an index as it was, and its children are fetched or unknown', async () => {
      const world = await openWarm();
      expect(sha256((await world.ask(`manifests/${INDEX.digest}`)).body)).toBe(INDEX.digest);
      expect(await world.pull(OTHER_CHILD)).toBeUndefined();

      const alone = await openWarm();
      await alone.upstream.close();
      expect(sha256((await alone.ask(`manifests/${INDEX.digest}`)).body)).toBe(INDEX.digest);
      const child = await alone.ask(`manifests/${OTHER_CHILD.digest}`);
      expect([child.status, codeIn(child)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    });

    it('that is not for these clients, or of no registry of the template, does not exist, and nobody is asked', async () => {
      const world = await MirrorWorld.open();
      const askAt = (path: string) => world.askAt(path);
      const answers = await Promise.all([
        askAt('/v2/pos/app/manifests/1.4?ns=evil.test'),
        askAt('/v2/evil.test/pos/app/manifests/1.4'),
        askAt(`/v2/127.0.0.1:${new URL(world.upstream.origin).port}/pos/app/manifests/1.4`),
        askAt('/v2/other/app/manifests/1.4?ns=registry.test'),
        askAt('/v2/registry.test/pos/../other/app/manifests/1.4'),
      ]);
      for (const answer of answers) expect([404, 400]).toContain(answer.status);
      expect(answers.slice(0, 4).map(codeIn)).toEqual(Array(4).fill('NAME_UNKNOWN'));
      expect(world.upstream.connections).toBe(0);
    });

    it('is for machines that fill a slot of the site, where its registry is not for anyone', async () => {
      const world = await MirrorWorld.open({ access: 'known-machines' });
      const address = '127.0.0.1' as Ipv4;
      const ask = async () => [await world.ask('manifests/1.4'), await world.ask(`blobs/${LAYER.digest}`)];
      const denied = async () => {
        for (const answer of await ask()) expect([answer.status, codeIn(answer)]).toEqual([403, 'DENIED']);
      };
      await denied();
      await bindMachine(world, async () => {
        await denied();
        expect(world.upstream.connections).toBe(0);
      });
      expect((await ask()).map(({ status }) => status)).toEqual([200, 200]);
      // Somebody else at the same address now.
      world.neighbours.set(address, { mac: OTHER_MAC, complete: true });
      await denied();
      // The files that machines boot are for anybody who knows their digest; what came as an image is none of them.
      await world.untilKept([LAYER]);
      for (const method of ['GET', 'HEAD'])
        for (const { digest } of [LAYER, INDEX])
          expect((await world.askAt(`/assets/sha256/${digestOf({ digest })}/x`, { method })).status).toBe(404);
    });

    it('of a closed registry is not read through an open one whose manifest only names it', async () => {
      const world = await MirrorWorld.open({ access: 'known-machines', hubAccess: 'anyone' });
      await bindMachine(world);
      expect(await world.pull()).toBeUndefined();
      await world.untilKept([LAYER, SMALL_LAYER]);
      world.neighbours.clear();
      world.upstream.shelf.put('library/other', '1', IMAGE);
      world.upstream.shelf.drop('library/other', LAYER.digest);
      const ask = async (rest: string) => (await world.askAt(`/v2/library/other/${rest}`)).status;
      expect(await ask(`manifests/${CHILD.digest}`)).toBe(200);
      // One that the open repository has as well is for everybody, also when its registry is gone.
      for (let n = 0; n < 2; n++)
        expect([await ask(`blobs/${LAYER.digest}`), await ask(`blobs/${SMALL_LAYER.digest}`)]).toEqual([404, 200]);
      await world.upstream.close();
      expect([await ask(`blobs/${LAYER.digest}`), await ask(`blobs/${SMALL_LAYER.digest}`)]).toEqual([404, 200]);
    });

    it('is passed on where there is no room for it, to all who ask', async () => {
      const world = await MirrorWorld.open({ content: { maxDiskBytes: () => 200_000 } });
      expect(await world.pull()).toBeUndefined();
      const answers = await Promise.all(Array.from({ length: 8 }, () => world.ask(`blobs/${LAYER.digest}`)));
      for (const { body, isWhole } of answers) expect([isWhole, sha256(body)]).toEqual([true, LAYER.digest]);
      expect(world.upstream.ledger.count({ in: LAYER.digest }).mostAtOnce).toBe(1);
      world.upstream.script([{ what: 'blob', does: { wrongAt: LAYER.sizeBytes - 3 } }]);
      expect((await world.ask(`blobs/${LAYER.digest}`)).isWhole).toBe(false);
    });

    it('that made room for another one is fetched again, or is unknown while its registry is gone', async () => {
      const world = await MirrorWorld.open({
        ...{ images: { tagsFreshSeconds: 0 }, content: { maxDiskBytes: () => 3_000_000 } },
      });
      for (const child of [CHILD, OTHER_CHILD, CHILD]) {
        expect(await world.pull(child)).toBeUndefined();
        await world.untilKept(child === CHILD ? IMAGE.blobs.slice(1, 3) : IMAGE.blobs.slice(4));
      }
      expect(world.upstream.ledger.count({ what: 'blob', method: 'GET', in: LAYER.digest }).requests).toBe(2);
      await world.upstream.close();
      expect(await world.pull(OTHER_CHILD)).toMatchObject({ status: 404 });
    });

    it('of one repository is not read through another', async () => {
      const world = await openWarm();
      world.upstream.shelf.put('pos/other', '1', IMAGE);
      world.upstream.shelf.drop('pos/other', LAYER.digest);
      expect((await world.askAt(`/v2/registry.test/pos/other/blobs/${LAYER.digest}`)).status).toBe(404);
      // The other repository has this one as well: no byte of it comes a second time.
      expect(sha256((await world.askAt(`/v2/registry.test/pos/other/blobs/${CONFIG.digest}`)).body)).toBe(
        CONFIG.digest,
      );
      expect(world.upstream.ledger.count({ what: 'blob', method: 'GET' }).requests).toBe(0);
      await world.upstream.close();
      expect((await world.askAt(`/v2/registry.test/pos/other/blobs/${SMALL_LAYER.digest}`)).status).toBe(404);
    });

    it('is served to a client though the window of the line is closed for what nobody waits for', async () => {
      const windows = [
        { days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 0, toMinute: 0, bytesPerSecond: 4 * MIB, prefetch: false },
      ];
      const world = await MirrorWorld.open({ wan: { windows, timeZone: 'UTC', spreadSeconds: 0 } });
      expect(await world.pull()).toBeUndefined();
      expect(await world.pull(OTHER_CHILD)).toBeUndefined();
      expect(world.upstream.ledger.count({ what: 'blob', in: OTHER_LAYER.digest }).requests).toBe(1);
    });
  });
});
