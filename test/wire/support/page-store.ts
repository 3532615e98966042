import type { NodeView, SiteNodes } from '../../../src/wire/api/views.ts';
import type { SimMachine } from './machine.ts';
import { codeOn } from './screen.ts';
import { SiteLab } from './site-lab.ts';
import { writeTemplate } from './template.ts';

export const PIN = '471147';
/** Machines that the template of the store knows. */
export const BOX = '52:54:00:2e:00:01';
export const OLD = '52:54:00:2e:00:02';
/** Machines that nobody knows. */
export const NEW = '52:54:00:2e:00:03';
export const NEXT = '52:54:00:2e:00:04';
export const SPARE = '52:54:00:2e:00:05';
/** The address of a web server that is no friend. */
export const HOSTILE = '10.46.0.66';

export const lab = new SiteLab('br-page', '10.46.0');
export const url = `http://${lab.address}/`;

/** Starts a new store with two tills, which are installed, and two kiosks, which run from memory. */
export async function openStore(): Promise<void> {
  await lab.open();
  const pinFile = lab.write('pin', `${PIN}\n`, 0o600);
  writeTemplate(lab, {
    slots: [
      { name: 'pos-1', mac: BOX, host: 11, profile: 'pos' },
      { name: 'pos-2', mac: '52:54:00:2e:00:99', host: 12, profile: 'pos' },
      { name: 'kiosk-1', mac: OLD, host: 13 },
      { name: 'kiosk-2', mac: '52:54:00:2e:00:98', host: 14 },
    ],
    profiles: `    pos:
      kind: install
      boots: tiny
      documents: { user-data: { text: "#cloud-config\\n{}\\n" } }
      install: { completes: phone-home, attempts: 2, within: 10m, wipe: { cmdline: { wipe: yes } } }`,
  });
  await lab.start({ config: lab.config(`pinFile: ${pinFile}\n`) });
  await lab.untilAssetsAreHere();
}

/** Switches a machine on, and answers its script. */
export async function powerOn(machine: SimMachine, product = 'OptiPlex 7010'): Promise<string> {
  await machine.dhcp();
  const serial = `CZC${machine.mac.slice(-5).replace(':', '')}`;
  const said = `mac=${machine.mac}&manufacturer=Dell&product=${encodeURIComponent(product)}&serial=${serial}`;
  const script = await machine.get(`/boot/script?${said}`);
  if (script.includes('***')) codes.set(machine.mac, codeOn(script));
  return script;
}

const codes = new Map<string, string>();

/** The code that the machine showed last. */
export function codeOf(mac: string): string {
  return codes.get(mac) ?? 'none';
}

export async function nodeOf(slot: string): Promise<NodeView> {
  const { nodes } = await lab.ask<SiteNodes>('/api/v1/nodes');
  const node = nodes.find((one) => one.slot === slot);
  if (!node) throw new Error(`no slot ${slot}`);
  return node;
}
