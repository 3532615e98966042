import { createHash } from 'node:crypto';
import { systemClock } from '../../../src/adapters/node/clock.ts';
import { systemRandom } from '../../../src/adapters/node/random.ts';
import type { Digest } from '../../../src/kernel/digest.ts';
import { parseOciDigest, parseReference, parseRepository, type UpstreamName } from '../../../src/kernel/image-name.ts';
import type { Clock, Log } from '../../../src/kernel/ports.ts';
import type { Result } from '../../../src/kernel/result.ts';
import { FakeRegistry, type RegistrySettings } from '../../../src/lab/upstream/fake-registry.ts';
import { makeImage } from '../../../src/lab/upstream/made-image.ts';
import type { BlobDelivery, BlobSource } from '../../../src/model/content.ts';
import { createUpstream, type UpstreamPorts, type UpstreamSettings } from '../../../src/site/registry/upstream.ts';
import type { UpstreamFailure, UpstreamRegistry } from '../../../src/site/registry/upstream-port.ts';

export const SIZE = 1_000_448;
export const image = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [SIZE] });
export const layer = image.blobs[1] ?? image.top;

export const repository = must(parseRepository('pos/app'));
export const tag = must(parseReference('1.4'));
export const digestOf = (blob: { readonly digest: string }): Digest => must(parseOciDigest(blob.digest));
export const byDigest = (blob: { readonly digest: string }) => must(parseReference(blob.digest));

/** The clock of this machine, that a test can put forward; timers that run already go right. */
export function shiftedClock(): Clock & { skip(ms: number): void } {
  let skippedMs = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + skippedMs,
    monotonic: () => systemClock.monotonic() + skippedMs,
    skip: (ms) => {
      skippedMs += ms;
    },
  };
}

export type World = {
  readonly registry: FakeRegistry;
  readonly upstream: UpstreamRegistry;
  /** Everything that was logged, as one text. */
  readonly logged: () => string;
};

const open: { close(): unknown }[] = [];

/** Closes what the tests of a file opened. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((each) => each.close()));
}

export function closeLater<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

/** A fake registry with one image, and a client of it. */
export async function startWorld(
  settings: RegistrySettings = {},
  ports: Partial<UpstreamPorts> = {},
  change: Partial<UpstreamSettings> = {},
): Promise<World> {
  const registry = closeLater(await FakeRegistry.open(settings));
  registry.shelf.put('pos/app', '1.4', image);
  return { registry, ...startClient(registry.origin, ports, { name: registry.host as UpstreamName, ...change }) };
}

export function startClient(url: string, ports: Partial<UpstreamPorts> = {}, change: Partial<UpstreamSettings> = {}) {
  const lines: unknown[] = [];
  const write = (...line: unknown[]) => void lines.push(line);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const settings = { name: new URL(url).host as UpstreamName, url, tokenHosts: [], ...change };
  const upstream = closeLater(createUpstream(settings, { clock: systemClock, random: systemRandom, log, ...ports }));
  return { upstream, logged: () => JSON.stringify(lines) };
}

export function deliver(source: BlobSource, fromByte = 0, stallMs = 5_000): Promise<BlobDelivery> {
  return source.deliver({ fromByte, stallMs, priority: () => 'client', signal: new AbortController().signal });
}

/** The bytes of a delivery until they end or fail; `error` if they failed. */
export async function drain(delivery: BlobDelivery): Promise<{ bytes: Buffer; error?: Error }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of delivery.chunks) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks) };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error: error as Error };
  }
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function failureIn(result: Result<unknown, UpstreamFailure>): UpstreamFailure {
  if (result.ok) throw new Error('was no failure');
  return result.error;
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('is not there');
  return value;
}
