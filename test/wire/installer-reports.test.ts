import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { Slot } from '../../src/model/revision.ts';
import { applyChanges } from '../../src/model/state.ts';
import { createFormatSite, type FormatSite, orderRow } from '../support/format-site.ts';
import { readyTemplate } from '../support/ready-template.ts';
import { POS_MAC, sampleRevision, T0 } from '../support/sample-site.ts';

/** What the ready templates have the installers do last is run here as it stands, by the programs that they have. */
const here = '127.0.0.1' as Ipv4;
let site: FormatSite;
let port = 0;
afterEach(() => site.server.close());

/** The document of the first slot of a ready template, as its machine gets it. */
async function readyDocument(template: string, name: string): Promise<string> {
  const [slot] = Object.values(readyTemplate(template).slots);
  const place = { address: here, site: () => ({ network: 'nodes', address: here, httpPort: port }) };
  const mine: Slot = { ...(slot as Slot), name: 'pos-1', match: [{ mac: POS_MAC }] };
  site = await createFormatSite(sampleRevision({ slots: { 'pos-1': mine } }), undefined, {
    ...place,
    secrets: { rootPassword: '$6$salt$hash' },
  });
  port = await site.server.listen({ address: here, port: 0 });
  expect(mine.profile.install?.completes).toBe('phone-home');
  applyChanges(site.store.state, [orderRow({ profile: mine.profile.digest })]);
  const answer = await fetch(`http://${here}:${port}/documents/pos-1/${name}`);
  return answer.text();
}

/** Runs a command of an installer; to wait takes no time. */
async function run(command: string): Promise<void> {
  await promisify(execFile)('sh', ['-c', `sleep() { :; }\n${command}`], { timeout: 30_000 });
}

const heard = () => site.signals.heard.filter(({ kind }) => kind === 'phone-home');
const phoneHome = { kind: 'phone-home', at: T0, mac: POS_MAC, issuedAt: T0, hostname: 'node-1' };

function refuseTwice(): () => number {
  let refused = 0;
  site.signals.before = () => {
    if (refused < 2) {
      refused += 1;
      throw new Error('the disk is slow today');
    }
  };
  return () => refused;
}

it('the Debian installer says that it is done, and says it again until it was heard', async () => {
  const preseed = await readyDocument('debian-installer', 'preseed');
  const command = /^d-i preseed\/late_command string (.+)$/m.exec(preseed)?.[1] ?? 'false';
  const refused = refuseTwice();
  await run(command);
  expect([refused(), heard()]).toEqual([2, [phoneHome]]);
});

it('the Debian installer stops at its screen, and starts nothing anew, if nobody hears it', async () => {
  const preseed = await readyDocument('debian-installer', 'preseed');
  const command = /^d-i preseed\/late_command string (.+)$/m.exec(preseed)?.[1] ?? 'true';
  site.signals.before = () => {
    throw new Error('the disk is gone');
  };
  await expect(run(command)).rejects.toMatchObject({ code: 1 });
  expect(heard()).toEqual([]);
});

it('Anaconda says that it is done', async () => {
  const kickstart = await readyDocument('kickstart', 'kickstart');
  const script = /^%post --nochroot --erroronfail\n([\s\S]*?)^%end$/m.exec(kickstart)?.[1] ?? 'false';
  await run(script);
  expect(heard()).toEqual([phoneHome]);
});
