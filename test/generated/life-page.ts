import { formatDetail } from '../../src/cli/node-view.ts';
import type { MacAddress } from '../../src/kernel/mac.ts';

import { viewDetail } from '../../src/site/nodes/policy/views.ts';
import { replacePart } from '../docs/template-page.ts';
import { InstallWorld, OTHER_MAC } from '../support/install-world.ts';
import { sampleCode } from '../support/sample-code.ts';

export const LIFE_PAGE = 'docs/use/life-of-a-slot.md';

const FIRST = '52:54:00:00:00:77' as MacAddress;
const SECOND_CARD = '52:54:00:00:00:9a' as MacAddress;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The page with what `slipway node` prints of the life of a slot made anew. */
export function lifePage(before: string): string {
  return replacePart(before, 'life', `\`\`\`text\n${withoutZone(lifeOfSlot())}\`\`\``);
}

/** An unknown machine is claimed, stands still, is installed, dies, and another one with two network cards takes its place. */
export function lifeOfSlot(): string {
  const world = new InstallWorld(undefined, { leases: true });
  world.powerOn(FIRST);
  world.tell({ kind: 'claim', slot: 'pos-2', code: sampleCode(FIRST) }, MINUTE);
  world.askAgain(FIRST);
  world.kernel(FIRST);
  const listeningSince = world.now;
  world.see({ kind: 'tick', listeningSince }, 4 * MINUTE);
  install(world, FIRST);
  world.tick(DAY);
  world.powerOn(OTHER_MAC);
  world.tell({ kind: 'replace', slot: 'pos-2', code: sampleCode(OTHER_MAC) }, MINUTE);
  world.askAgain(OTHER_MAC);
  world.kernel(OTHER_MAC);
  install(world, OTHER_MAC);
  world.powerOn(SECOND_CARD);
  world.tell({ kind: 'merge', keep: 'pos-2', other: SECOND_CARD });
  const { state, revision, now } = world;
  const detail = viewDetail('pos-2', { state, revision, now, progressOf: () => undefined, showsCodes: true });
  return detail ? formatDetail(detail) : '';
}

/** From its address to the first start from its disk. */
function install(world: InstallWorld, mac: MacAddress): void {
  world.osAddress(mac);
  world.secret(mac);
  world.tick(3 * MINUTE);
  world.phoneHome(mac);
  world.powerOn(mac);
  world.osAddress(mac);
}

/** The same text wherever it is made: times as UTC has them. */
function withoutZone(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, (local) =>
    new Date(local).toISOString().slice(0, 19).replace('T', ' '),
  );
}
