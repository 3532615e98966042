import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAdminWorld } from '../../../test/support/admin-world.ts';
import { formatSite, formatSites } from '../../cli/hub-site-view.ts';
import type { Digest } from '../../kernel/digest.ts';

type World = Awaited<ReturnType<typeof createAdminWorld>>;
let api: World;
let reader: string;

beforeAll(async () => {
  api = await createAdminWorld();
  reader = await api.token('reader', 'read');
  await api.world.addSites(['rogue', 'store-2']);
  await api.world.publish({ push: await api.world.push(['rogue', 'store-2']), rules: { canary: [] } });
});
afterAll(() => api.close());

async function say(key: string, value: string): Promise<void> {
  const digest = createHash('sha256').update(value).digest('hex') as Digest;
  await api.store.work((tx) => tx.put('states', `rogue/${key}`, { site: 'rogue', key, digest, value, at: 1 }));
}

const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const NOT_A_TIME = '1e300';
const WORDS: readonly (readonly [string, string, string])[] = [
  ['site', 'a word that cannot be made a text', '{"notReady":[{"toString":1,"valueOf":1}]}'],
  ['site', 'a word a hundred thousand lists deep', `{"notReady":[${DEEP}]}`],
  ['site', 'a revision that is no number of one', '{"revision":{"number":1e300},"held":1e300}'],
  ['site', 'nothing but depth', DEEP],
  ['freeze', 'a freeze until a time that is none', `{"until":${NOT_A_TIME},"because":"x"}`],
  [
    'alarms',
    'alarms that are none',
    `[null,1,{},{"sentence":{}},{"sentence":"s","firstAt":${NOT_A_TIME},"lastAt":-1e300}]`,
  ],
  ['images', 'images that are none', `[null,1,{},{"name":{}},{"name":"x","state":"__proto__","sentence":${DEEP}}]`],
  [
    'slots/pos-1',
    'a slot with times that are none',
    `{"since":${NOT_A_TIME},"lastBootAt":-1e300,"machine":{"mac":${DEEP}}}`,
  ],
  ['slots/__proto__', 'a slot with a name of the language', '{"__proto__":{"state":"enrolled"},"constructor":1}'],
  ['orders/pos-1', 'an order at no time', `{"order":"o1","profileDigest":"x","at":${NOT_A_TIME}}`],
  ['apply', 'a trial that is none', `{"number":1,"state":"deferred","because":{},"since":${NOT_A_TIME}}`],
];

test.each(WORDS)('what a site says of its %s breaks no view of another one: %s', async (key, _what, value) => {
  await say(key, value);
  for (const path of ['fleet', 'sites', 'sites?behind=true', 'sites/rogue', 'sites/store-2', 'publications/r1/sites']) {
    const answer = await api.ask(reader, path);
    expect([path, answer.statusCode]).toEqual([path, 200]);
    if (path === 'sites') expect(formatSites(answer.json())).toContain('store-2');
    if (path === 'sites/rogue') expect(formatSite(answer.json())).toContain('rogue');
  }
});
