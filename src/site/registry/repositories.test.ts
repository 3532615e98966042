import { describe, expect, it } from 'vitest';
import type { Digest } from '../../kernel/digest.ts';
import type { Repository, Tag, UpstreamName } from '../../kernel/image-name.ts';
import type { Log } from '../../kernel/ports.ts';
import { type IndexFiles, openRepositories } from './repositories.ts';

const digest = (digit: string): Digest => digit.repeat(64) as Digest;
const [TOP, LAYER, OTHER] = ['a', 'b', 'c'].map(digest) as [Digest, Digest, Digest];
const APP = { upstream: 'registry.test:5000' as UpstreamName, repository: 'pos/app' as Repository };
const DB = { ...APP, repository: 'pos/db' as Repository };
const TAG = '1.4' as Tag;
const MANIFEST = {
  ...{ mediaType: 'application/vnd.oci.image.manifest.v1+json', sizeBytes: 10 },
  parts: [{ kind: 'blob', digest: LAYER, sizeBytes: 5 }],
} as const;

class MemoryFiles implements IndexFiles {
  readonly files = new Map<string, string>();
  readonly aside: string[] = [];
  writes = 0;
  fails = false;
  load = () => Promise.resolve(new Map(this.files));
  save = async (name: string, text: string) => {
    this.writes++;
    await Promise.resolve();
    if (this.fails) throw new Error('no space');
    this.files.set(name, text);
  };
  setAside = async (name: string) => {
    this.aside.push(name);
    this.files.delete(name);
  };
}
const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

describe('what is known of repositories', () => {
  it('is the same after a restart', async () => {
    const files = new MemoryFiles();
    const first = await openRepositories(files, log);
    await first.putManifest(APP, TOP, { ...MANIFEST, subject: OTHER });
    await first.putTag(APP, TAG, { digest: TOP, checkedAt: 7 });
    await first.putBlob(APP, OTHER);
    const again = await openRepositories(files, log);
    expect(again.all()).toEqual(first.all());
    expect(again.get(APP)?.tags.get(TAG)).toEqual({ digest: TOP, checkedAt: 7 });
    expect([...files.files.keys()].every((name) => /^[0-9a-f]{64}\.json$/.test(name))).toBe(true);
  });

  it('a repository has its manifests, what they name, and what its upstream said that it has; another one does not', async () => {
    const known = await openRepositories(new MemoryFiles(), log);
    await known.putManifest(APP, TOP, MANIFEST);
    await known.putBlob(APP, OTHER);
    expect([TOP, LAYER, OTHER].map((one) => known.has(APP, one))).toEqual([true, true, true]);
    expect([TOP, LAYER, OTHER].map((one) => known.has(DB, one))).toEqual([false, false, false]);
  });

  it('is written when it is news, and not when a tag still means the same', async () => {
    const files = new MemoryFiles();
    const known = await openRepositories(files, log);
    await known.putTag(APP, TAG, { digest: TOP, checkedAt: 1 });
    await known.putTag(APP, TAG, { digest: TOP, checkedAt: 2 });
    await known.putManifest(APP, TOP, MANIFEST);
    await known.putManifest(APP, TOP, MANIFEST);
    expect([known.has(APP, LAYER), known.proves(APP, LAYER)]).toEqual([true, false]);
    for (let n = 0; n < 2; n++) await known.putBlob(APP, LAYER);
    expect([files.writes, known.proves(APP, LAYER)]).toEqual([3, true]);
    expect(known.get(APP)?.tags.get(TAG)?.checkedAt).toBe(2);
  });

  it('a write that failed is told to who asked, and the next one has everything', async () => {
    const files = new MemoryFiles();
    const known = await openRepositories(files, log);
    files.fails = true;
    await expect(known.putTag(APP, TAG, { digest: TOP, checkedAt: 1 })).rejects.toThrow('no space');
    files.fails = false;
    await Promise.all([known.putManifest(APP, TOP, MANIFEST), known.putBlob(APP, OTHER)]);
    expect((await openRepositories(files, log)).all()).toEqual(known.all());
  });

  it.each([
    ['torn', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of another name', (text: string) => text.replace('pos/app', 'pos/apx')],
    ['with a digest that is none', (text: string) => text.replaceAll(TOP, 'xyz')],
  ])('a file that is %s is set aside, and the others count', async (_, harm) => {
    const files = new MemoryFiles();
    const first = await openRepositories(files, log);
    await first.putTag(APP, TAG, { digest: TOP, checkedAt: 1 });
    const [broken = ''] = files.files.keys();
    await first.putTag(DB, TAG, { digest: OTHER, checkedAt: 1 });
    files.files.set(broken, harm(files.files.get(broken) ?? ''));
    const again = await openRepositories(files, log);
    expect(again.all().map(({ repository }) => repository)).toEqual(['pos/db']);
    expect(files.aside).toEqual([broken]);
  });

  it('what is gone is forgotten everywhere, with the tags that meant it', async () => {
    const files = new MemoryFiles();
    const known = await openRepositories(files, log);
    for (const key of [APP, DB]) {
      await known.putManifest(key, TOP, MANIFEST);
      await known.putTag(key, TAG, { digest: TOP, checkedAt: 1 });
    }
    await known.putManifest(DB, OTHER, MANIFEST);
    await known.forget(new Set([TOP]));
    expect(known.get(APP)).toEqual({ tags: new Map(), manifests: new Map(), blobs: new Set() });
    expect([...(known.get(DB)?.manifests.keys() ?? [])]).toEqual([OTHER]);
    expect((await openRepositories(files, log)).all()).toEqual(known.all());
  });
});
