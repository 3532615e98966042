import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { createHttpServer } from '../../../src/adapters/http/server.ts';
import { systemClock } from '../../../src/adapters/node/clock.ts';
import { systemRandom } from '../../../src/adapters/node/random.ts';
import { parseUpstreamName } from '../../../src/kernel/image-name.ts';
import type { Ipv4 } from '../../../src/kernel/ipv4.ts';
import type { MacAddress } from '../../../src/kernel/mac.ts';
import type { Cancel, Clock } from '../../../src/kernel/ports.ts';
import { ok } from '../../../src/kernel/result.ts';
import { FakeRegistry, type RegistrySettings } from '../../../src/lab/upstream/fake-registry.ts';
import { type MadeImage, makeImage } from '../../../src/lab/upstream/made-image.ts';
import type { Images, Upstream } from '../../../src/model/images.ts';
import type { Revision } from '../../../src/model/revision.ts';
import { parseSiteConfig } from '../../../src/site/config.ts';
import { assetRoutes } from '../../../src/site/content/routes.ts';
import { type ContentSettings, createContentStore, type RunningContentStore } from '../../../src/site/content/store.ts';
import { type ImageMirror, openImageMirror } from '../../../src/site/image-mirror.ts';
import { openWanLine } from '../../../src/site/wan-line.ts';
import { SampleLog, SampleStore, sampleRevision } from '../../support/sample-site.ts';
import { askRaw, type RawAnswer, type RawRequest } from './raw-http.ts';
import { digestOf, must, sha256 } from './registry-world.ts';

/** A layer large enough to be cut in the middle, and a small one; for two platforms. */
export const IMAGE: MadeImage = makeImage({
  seed: 'app',
  platforms: ['linux/amd64', 'linux/arm64'],
  layers: [2_000_384, 100_352],
});
export const INDEX = IMAGE.top;
export const CHILD = must(IMAGE.manifests[1]);
export const OTHER_CHILD = must(IMAGE.manifests[2]);
/** Config and layers of `CHILD`. */
export const CONFIG = must(IMAGE.blobs[0]);
export const LAYER = must(IMAGE.blobs[1]);
export const SMALL_LAYER = must(IMAGE.blobs[2]);
export const OTHER_LAYER = must(IMAGE.blobs[4]);

export type WorldSettings = {
  readonly upstream?: RegistrySettings;
  readonly content?: Partial<ContentSettings>;
  readonly images?: Partial<Images>;
  readonly wan?: Revision['wan'];
  /** Instead of the fake registry's. */
  readonly url?: string;
  readonly access?: Upstream['access'];
  /** Of docker.io, where it is another one. */
  readonly hubAccess?: Upstream['access'];
};

/** A clock that a test can put forward or back, or let run faster: timers that begin then are that much shorter. */
export class WarpedClock implements Clock {
  #speed = 1;
  #base = { monotonic: systemClock.monotonic(), real: systemClock.monotonic() };
  /** Milliseconds by which somebody set the time of day; may be negative. */
  setBy = 0;

  monotonic(): number {
    return this.#base.monotonic + (systemClock.monotonic() - this.#base.real) * this.#speed;
  }

  now(): number {
    return systemClock.now() + this.setBy + this.monotonic() - systemClock.monotonic();
  }

  after(delayMs: number, run: () => void): Cancel {
    return systemClock.after(delayMs / this.#speed, run);
  }

  /** From now on so many seconds pass in one. */
  run(speed: number): void {
    this.#base = { monotonic: this.monotonic(), real: systemClock.monotonic() };
    this.#speed = speed;
  }

  pass(ms: number): void {
    this.#base = { monotonic: this.monotonic() + ms, real: systemClock.monotonic() };
  }
}

type Life = {
  readonly mirror: ImageMirror;
  readonly content: RunningContentStore;
  readonly port: number;
  end(): Promise<void>;
};

/** The mirror as a site has it, with its HTTP server, its files and a fake registry, and without a site. */
export class MirrorWorld {
  readonly upstream: FakeRegistry;
  readonly clock = new WarpedClock();
  readonly log = new SampleLog();
  readonly store = new SampleStore();
  /** Who the kernel says is behind an address. */
  readonly neighbours: Map<Ipv4, { readonly mac: MacAddress; readonly complete: boolean }> = new Map();
  readonly folder: string;
  /** Where its registry is, or was. */
  readonly #origin: string;
  #settings: WorldSettings;
  #life: Life | undefined;

  private constructor(upstream: FakeRegistry, folder: string, settings: WorldSettings) {
    this.upstream = upstream;
    this.#origin = upstream.origin;
    this.folder = folder;
    this.#settings = settings;
  }

  static async open(settings: WorldSettings = {}): Promise<MirrorWorld> {
    const upstream = await FakeRegistry.open(settings.upstream);
    upstream.shelf.put('pos/app', '1.4', IMAGE);
    const folder = await mkdtemp(join(tmpdir(), 'slipway-mirror-'));
    const world = new MirrorWorld(upstream, folder, settings);
    await world.start();
    opened.push(world);
    return world;
  }

  get port(): number {
    return this.#running().port;
  }

  get content(): RunningContentStore {
    return this.#running().content;
  }

  get mirror(): ImageMirror {
    return this.#running().mirror;
  }

  /** The rules of the registry; the first is `registry.test`. */
  upstreams(): readonly Upstream[] {
    const { url = this.#origin, access = 'anyone', hubAccess = access } = this.#settings;
    const common = { url, access, tokenHosts: [], isDefault: false };
    return [
      { ...common, name: must(parseUpstreamName('registry.test')), repositories: ['pos/*'] },
      {
        ...common,
        name: must(parseUpstreamName('docker.io')),
        repositories: ['library/*'],
        isDefault: true,
        access: hubAccess,
      },
    ];
  }

  async start(): Promise<void> {
    const { content: settings, images, wan } = this.#settings;
    const revision = sampleRevision({
      images: { upstreams: this.upstreams(), wanted: [], tagsFreshSeconds: 900, ...images },
      ...(wan && { wan }),
    });
    const { clock, log } = this;
    const common = { clock, random: systemRandom, log };
    const line = await openWanLine({ dataDir: this.folder, rules: () => revision.wan, clock, log });
    const content = await createContentStore({
      ...common,
      wan: line,
      settings: { dataDir: this.folder, reserveBytes: 0, ...settings },
    });
    const text = `site: test\ninterfaces: { nodes: lo }\ntemplate: none.yaml\ndataDir: ${this.folder}\n`;
    const config = parseSiteConfig(text, 'site.yaml');
    if (!config.ok) throw config.error;
    const mirror = await openImageMirror({
      ...{ ...common, content, config: config.value, revisions: { current: () => revision }, store: this.store },
      secrets: { read: async () => ok({}) },
      addresses: () => [],
      arp: { entries: async () => this.neighbours },
      ...{ wan: line, onPulled: () => undefined, onFirstByte: () => undefined },
    });
    const loaders = { find: () => undefined };
    const files = assetRoutes({
      ...{ content, loaders, clock, log, onProgress: () => undefined, isHeldBack: mirror.isOfImage },
    });
    const http = await createHttpServer({ log, routes: [mirror.routes, files], maxConnectionsPerClient: 500 });
    const port = await http.listen({ address: '127.0.0.1', port: 0 });
    const end = async (): Promise<void> => {
      await content.stop();
      await mirror.stop();
      await http.close(0);
      await line.stop();
    };
    this.#life = { mirror, content, port, end };
  }

  async stop(): Promise<void> {
    await this.#life?.end();
    this.#life = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** A new life with what is on the disk; its registries are at another address now. */
  async restartWith(url: string): Promise<void> {
    this.#settings = { ...this.#settings, url };
    await this.restart();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.upstream.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One question about `pos/app` of `registry.test`: `manifests/1.4`. */
  ask(rest: string, request: Omit<RawRequest, 'path'> = {}): Promise<RawAnswer> {
    return askRaw(this.port, { ...request, path: `/v2/pos/app/${rest}?ns=registry.test` });
  }

  askAt(path: string, request: Omit<RawRequest, 'path'> = {}): Promise<RawAnswer> {
    return askRaw(this.port, { ...request, path });
  }

  /** Pulls one platform as containerd does: index, manifest, then its blobs at once. Gives the first that was not right. */
  async pull(child: MadeImage['top'] = CHILD): Promise<RawAnswer | undefined> {
    const blobs = child === CHILD ? IMAGE.blobs.slice(0, 3) : IMAGE.blobs.slice(3);
    for (const path of ['manifests/1.4', `manifests/${INDEX.digest}`, `manifests/${child.digest}`]) {
      const answer = await this.ask(path);
      if (answer.status !== 200 || !answer.isWhole) return answer;
    }
    const answers = await Promise.all(blobs.map(({ digest }) => this.ask(`blobs/${digest}`)));
    return answers.find(({ status, isWhole, body }, i) => status !== 200 || !isWhole || !isRight(body, blobs[i]));
  }

  /** Who pulls has the last byte a moment before the file has its name. */
  async untilKept(blobs: readonly { readonly digest: string }[] = IMAGE.blobs.slice(0, 3)): Promise<void> {
    const look = () => {
      for (const blob of blobs) expect(this.content.stateOf(digestOf(blob)).kind).toBe('complete');
    };
    await vi.waitFor(look, { interval: 10, timeout: 10_000 });
  }

  #running(): Life {
    if (!this.#life) throw new Error('the mirror does not run');
    return this.#life;
  }
}

const opened: MirrorWorld[] = [];

export async function closeWorlds(): Promise<void> {
  await Promise.all(opened.splice(0).map((world) => world.close()));
}

function isRight(body: Buffer, blob: MadeImage['blobs'][number] | undefined): boolean {
  return blob !== undefined && sha256(body) === blob.digest;
}
