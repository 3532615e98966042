import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { INITRD, KERNEL, sampleProfile, sampleRevision, sampleSlot } from '../../test/support/sample-site.ts';
import { parseSiteConfig } from './config.ts';
import { blobPath, layoutOf } from './content/layout.ts';
import { blobsHere } from './doctor-content.ts';
import { notServed } from './doctor-served.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-served-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const parsed = parseSiteConfig(
  `site: s\ntemplate: ${dir}/template.yaml\ninterfaces: { nodes: eth0 }\ndataDir: ${dir}\n`,
  dir,
);
if (!parsed.ok) throw parsed.error;
const config = parsed.value;
const withLine = (length: number) =>
  sampleRevision({
    slots: {
      'pos-1': sampleSlot({
        profile: sampleProfile({ arch: 'arm64', cmdline: [{ key: 'x', value: 'y'.repeat(length) }] }),
      }),
    },
  });

it('before a site runs holds a revision to the rule of its trial: GRUB is walked, and nothing needs to be here', async () => {
  expect(await notServed(config, withLine(10), undefined, {})).toEqual({ seen: { asked: 1, problems: [] } });
  expect(await notServed(config, withLine(4_060), undefined, {})).toEqual({
    seen: {
      asked: 1,
      problems: [expect.stringMatching(/^pos-1: its command line has 41\d\d bytes with what GRUB adds/)],
    },
  });
  expect(await notServed(config, undefined, undefined, {})).toEqual({ unseen: 'there is no revision here yet' });
});

it('sees of the store of a site what is in it, and opens that alone', async () => {
  const path = blobPath(layoutOf(dir), KERNEL);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'kernel');
  const found = await blobsHere(dir, [KERNEL, INITRD]);
  if ('unseen' in found) throw new Error(found.unseen);
  expect([KERNEL, INITRD].map((digest) => found.seen.stateOf(digest).kind)).toEqual(['complete', 'absent']);
  const opened = await found.seen.open(KERNEL);
  expect(opened?.sizeBytes).toBe(6);
  await opened?.close();
  expect(await found.seen.open(INITRD)).toBeUndefined();
});
