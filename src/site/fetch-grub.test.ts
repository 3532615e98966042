import { expect, it } from 'vitest';
import { SITE, sampleProfile, sampleRandom, sampleRevision, sampleSlot } from '../../test/support/sample-site.ts';
import { GRUB_ENTRY } from './boot/policy/grub-ask.ts';
import { dryState } from './dry-machine.ts';
import { createDrySite, type DrySite } from './dry-site.ts';
import { askGrubToStart, filesOf, lackOfEntry } from './fetch-grub.ts';
import { memoryFile } from './shared-files.ts';

const slot = sampleSlot({ profile: sampleProfile({ arch: 'arm64' }) });
const revision = sampleRevision({ slots: { 'pos-1': slot } });
const dry = await createDrySite(revision, {
  ...{ siteName: 'store-0417', loaders: { find: () => undefined }, random: sampleRandom },
  content: { open: async () => undefined, stateOf: () => ({ kind: 'complete', sizeBytes: 1 }) },
});
dry.stand(SITE, dryState(revision, slot, SITE, 'asks'));

/** The same site, of which one kind of script is another one. */
function changed(isIt: (asked: string) => boolean, change: (text: string) => string): DrySite {
  const find: DrySite['find'] = async (asked) => {
    const found = await dry.find(asked);
    if (!found || !isIt(asked)) return found;
    return memoryFile(new TextEncoder().encode(change(new TextDecoder().decode(found.bytes))));
  };
  return { ...dry, find };
}
const entry = (change: (text: string) => string) => changed((asked) => asked === GRUB_ENTRY, change);
const answer = (change: (text: string) => string) => changed((asked) => asked !== GRUB_ENTRY, change);
const because = async (site: DrySite) => {
  const read = await askGrubToStart(site, SITE, 'arm64');
  return 'because' in read ? read.because : undefined;
};

it('goes the way of GRUB, from its first script to the files of its machine', async () => {
  expect(await lackOfEntry(dry, SITE)).toBeUndefined();
  const read = await askGrubToStart(dry, SITE, 'arm64');
  const { files, elsewhere, cmdline } = filesOf('text' in read ? read.text : '', SITE);
  expect(files.map((name) => name.replace(/^assets.sha256.\w{64}./, ''))).toEqual(['vmlinuz', 'initrd.img']);
  expect(elsewhere).toEqual([]);
  expect(cmdline).toMatch(/^BOOT_IMAGE=\(tftp,10\.0\.0\.1\)\S+ console=ttyS0 quiet ds=nocloud-net;s=http:/);
});

it.each<[string, DrySite, RegExp]>([
  ['no first script', { ...dry, find: async () => undefined }, /^GRUB has no first script: there is no such file$/],
  ['half of it', entry((text) => text.slice(0, 900)), /^GRUB has no first script: (it ends before|a quote)/],
  [
    'a first script that asks by another name',
    entry((text) => text.replace('grub/ask/', 'grub/tell/')),
    /^GRUB has no script: there is no such file$/,
  ],
  [
    'one that asks somebody else',
    entry((text) => text.replaceAll('(tftp,10.0.0.1)', '(tftp,10.0.0.9)')),
    /which is not here$/,
  ],
  [
    'one that does not say who it is',
    entry((text) => text.replace("'mac='", "'mc='")),
    /starts nothing: .*which machine it is/,
  ],
  ['half an answer', answer((text) => text.slice(0, 700)), /^GRUB cannot read its script: /],
  ['an answer without its end', answer((text) => text.replace("set answered='1'\n", '')), /does not see the end/],
  [
    'an answer of 70,000 bytes',
    answer((text) => `${'# \n'.repeat(25_000)}${text}`),
    /^GRUB has no script: it has \d+ bytes/,
  ],
])('does not come through with %s', async (_name, site, why) => expect(await because(site)).toMatch(why));

it('does not take files of another server for those of the site', () => {
  const script = "linux '(tftp,10.0.0.9)/assets/x' a\ninitrd '(http,10.0.0.1)/y' '(tftp,10.0.0.1)/z'\n";
  const { files, elsewhere } = filesOf(script, SITE);
  expect({ files, elsewhere }).toEqual({
    files: ['z'],
    elsewhere: ['(tftp,10.0.0.9)/assets/x', '(http,10.0.0.1)/y'],
  });
});
