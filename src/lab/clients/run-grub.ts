import { createHash } from 'node:crypto';
import { type Ipv4, ipv4ToNumber } from '../../kernel/ipv4.ts';
import { latin1FromBytes } from '../../kernel/latin1.ts';
import { startGrub } from './grub-shell.ts';
import { JourneyEnd, type Stopwatch } from './journey.ts';
import { carryOut, type LoaderRun, smbiosOf } from './run-loader.ts';

/** Where GRUB finds its files: the server and its own address are those of the firmware's lease. */
export type GrubPlace = {
  readonly cpu: 'x86_64' | 'arm64';
  readonly server: string;
  readonly address: Ipv4;
  /** undefined: the server says that there is no such file. */
  readonly tftp: (file: string, watch: Stopwatch) => Promise<Uint8Array | undefined>;
};

/** Lists of the modules that a GRUB would load from files; a signed one has all that it may load in itself. */
const LISTS = ['command.lst', 'fs.lst', 'crypto.lst', 'terminal.lst'] as const;
const ON_SERVER = /^\(tftp,([^)]*)\)\/(.*)$/;

/**
 * Runs GRUB with the script that it finds, until the goal is reached.
 * @returns the command line of the kernel that it would start; undefined: its goal was its script
 * @throws JourneyEnd if it finds no script, or the script leads elsewhere
 */
export async function runGrub(place: GrubPlace, run: LoaderRun): Promise<string | undefined> {
  const entry = await run.journey.at('entry script', (watch) => findEntry(place, run.client.mac, watch));
  const { uuid, serial, manufacturer, product } = smbiosOf(run.client);
  const variables = new Map([
    ['net_default_mac', run.client.mac],
    ['grub_cpu', place.cpu],
    ['grub_platform', 'efi'],
  ]);
  const smbios = {
    '--get-uuid 8': uuid,
    '--get-string 7': serial,
    '--get-string 4': manufacturer,
    '--get-string 5': product,
  };
  return carryOut(
    {
      shell: startGrub(entry, variables, smbios),
      fetch: async ({ url }, watch) => {
        const [, server, file] = ON_SERVER.exec(url) ?? [];
        if (server !== place.server || !file)
          throw new JourneyEnd(`GRUB is sent to ${url}, and boots from ${place.server}`);
        const bytes = await place.tftp(file, watch);
        if (!bytes) return undefined;
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        return { text: latin1FromBytes(bytes), sha256, bytes: bytes.length };
      },
    },
    run,
  );
}

/** Each of these files is asked for, and the first script that is there is it. */
async function findEntry(place: GrubPlace, mac: string, watch: Stopwatch): Promise<string> {
  const folder = place.cpu === 'arm64' ? 'arm64-efi' : 'x86_64-efi';
  for (const list of LISTS) await place.tftp(`grub/${folder}/${list}`, watch);
  for (const name of entryNames(mac, place.address)) {
    const bytes = await place.tftp(`grub/${name}`, watch);
    if (bytes) return latin1FromBytes(bytes);
  }
  throw new JourneyEnd('GRUB finds no grub.cfg, and ends at its prompt');
}

/** By its card, by its address and ever larger networks, then for all (grub_net_search_config_file). */
export function entryNames(mac: string, address: Ipv4): readonly string[] {
  const hex = ipv4ToNumber(address).toString(16).toUpperCase().padStart(8, '0');
  const parts = Array.from({ length: 8 }, (_, i) => hex.slice(0, 8 - i));
  return [`01-${mac.replaceAll(':', '-')}`, ...parts].map((end) => `grub.cfg-${end}`).concat('grub.cfg');
}
