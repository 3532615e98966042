import type { Host } from '../../../src/lab/network.ts';
import type { SiteLab } from './site-lab.ts';

export type StormMachine = { readonly mac: string; readonly address: string };

/** What the machines of a storm do: all ask for their scripts and fetch what these name, or all fetch one file at once. */
export type StormPlan = {
  readonly site: string;
  readonly machines: readonly StormMachine[];
  /** Path of the file that all fetch; missing: they ask for scripts. */
  readonly file?: string;
  /** Between two machines that are switched on. */
  readonly staggerMs: number;
  /** Between two questions of a machine in the queue. */
  readonly askMs: number;
};

/** How it went for one machine; times in milliseconds of one clock. */
export type StormResult = {
  readonly mac: string;
  readonly askedAt: number;
  /** When it had its script with files. */
  readonly letInAt: number;
  readonly doneAt: number;
  /** Its places in the queue, as they were shown. */
  readonly places: readonly number[];
  readonly bytes: number;
  readonly error?: string;
};

/** A host that is many machines: each has a card with a MAC and an address of its own, so that the wire shows who asks. */
export async function stormHost(lab: SiteLab, machines: readonly StormMachine[], own: number): Promise<Host> {
  const host = await lab.host('storm', { address: `${lab.net}.${own}/24` });
  // Each card answers for its own address, whichever card a packet leaves by.
  for (const [name, value] of [
    ['arp_ignore', 1],
    ['arp_announce', 2],
    ['rp_filter', 0],
  ])
    await host.exec([
      'sh',
      '-c',
      `for c in all default eth0; do echo ${value} > /proc/sys/net/ipv4/conf/$c/${name}; done`,
    ]);
  const lines = machines.flatMap(({ mac, address }, i) => [
    `link add link eth0 name m${i} address ${mac} type macvlan mode bridge`,
    `address add ${address}/32 dev m${i}`,
    `link set m${i} up`,
  ]);
  await host.exec(['ip', '-batch', lab.write('storm.ip', lines.join('\n'))]);
  return host;
}
