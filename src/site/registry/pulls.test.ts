import { beforeEach, describe, expect, it } from 'vitest';
import { TestClock } from '../../../test/packets/ports.ts';
import { parseImageReference, parseOciDigest, type Reference } from '../../kernel/image-name.ts';
import { makeImage } from '../../lab/upstream/made-image.ts';
import { createPulls, type Pull } from './pulls.ts';

const NAME = 'registry.test/pos/app:1.4';
const NODE = '10.0.0.50';
const image = makeImage({ seed: 'app', platforms: ['linux/amd64', 'linux/arm64'], layers: [3_000, 5_000] });
const [index, amd64, arm64] = image.manifests;
const blobs = image.blobs.slice(0, 3);
const whole = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

type Made = { readonly digest: string; readonly sizeBytes: number };

let clock: TestClock;
let pulled: Pull[];
let pulls: ReturnType<typeof createPulls>;
beforeEach(() => {
  clock = new TestClock();
  pulled = [];
  pulls = createPulls({ clock, onPulled: (pull) => pulled.push(pull) });
});

function digestOf({ digest }: Made) {
  const parsed = parseOciDigest(digest);
  if (!parsed) throw new Error('no digest');
  return parsed;
}

function ask(manifest: typeof index, by?: string, remote = NODE): void {
  const key = parseImageReference(by ?? NAME);
  if (!manifest || !key) throw new Error('no manifest');
  const digest = digestOf(manifest);
  const reference: Reference = by === undefined ? { kind: 'digest', digest } : key.reference;
  const bytes = manifest.slice(0, manifest.sizeBytes);
  pulls.asked({ remote, key, reference, digest, mediaType: manifest.mediaType, bytes });
}

function send(blob: Made, done = true, remote = NODE): void {
  pulls.sent({ remote, digest: digestOf(blob), sizeBytes: blob.sizeBytes, done });
}

describe('what a client asks for one by one', () => {
  it('is one pull under the name that it asked for, when its last blob is there', () => {
    ask(index, NAME);
    ask(amd64);
    for (const blob of blobs) {
      expect(pulled).toEqual([]);
      send(blob, false);
      send(blob);
    }
    expect(pulled).toEqual([{ remote: NODE, image: NAME, sizeBytes: whole }]);
    expect(clock.timers).toBe(1);
  });

  it('is a pull when nothing more is asked for, of a client that has some layers already', async () => {
    ask(amd64, NAME);
    send(blobs[0] as Made);
    await clock.pass(12_000);
    send(blobs[1] as Made, false);
    await clock.pass(12_000);
    expect(pulled).toEqual([]);
    await clock.pass(10_000);
    expect(pulled).toEqual([{ remote: NODE, image: NAME, sizeBytes: blobs[0]?.sizeBytes }]);
    await clock.pass(60_000);
    expect([pulled.length, clock.timers]).toEqual([1, 0]);
  });

  it('is none where a client only looks whether what it has is the newest', async () => {
    ask(index, NAME);
    ask(amd64);
    await clock.pass(60_000);
    expect(pulled).toEqual([]);
  });

  it('is each client’s own', () => {
    ask(amd64, NAME);
    ask(amd64, NAME, '10.0.0.51');
    for (const blob of blobs) send(blob);
    expect(pulled).toEqual([{ remote: NODE, image: NAME, sizeBytes: whole }]);
  });

  it('is told by its digest where nobody said a tag', () => {
    ask(amd64);
    for (const blob of blobs) send(blob);
    expect(pulled.map((pull) => pull.image)).toEqual([`registry.test/pos/app@${amd64?.digest}`]);
  });

  it('is no pull if it is a signature', async () => {
    const tag = `${index?.digest.replace(':', '-')}.sig`;
    ask(arm64, `registry.test/pos/app:${tag}`);
    for (const blob of image.blobs) send(blob);
    await clock.pass(60_000);
    expect(pulled).toEqual([]);
  });

  it('takes a bounded place, however many clients and images there are', () => {
    for (let i = 0; i < 600; i++) ask(amd64, NAME, `10.0.${i >> 8}.${i & 255}`);
    for (const blob of blobs) send(blob, true, '10.0.0.0');
    expect(pulled).toEqual([]);
    for (const blob of blobs) send(blob, true, '10.0.2.87');
    expect(pulled.length).toBe(1);
  });
});
