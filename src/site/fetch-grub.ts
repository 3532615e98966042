import type { SiteAddress } from '../model/site-ports.ts';
import { type GrubCommand, readGrub } from './boot/codec/grub-read.ts';
import { GRUB_ENTRY } from './boot/policy/grub-ask.ts';
import { DRY_MAC } from './dry-machine.ts';
import type { DrySite } from './dry-site.ts';
import { type Read, readByTftp } from './fetch-file.ts';

/** What GRUB calls the processor that it was built for. */
export type GrubCpu = 'x86_64' | 'arm64';

const ON_SERVER = /^\(tftp,([^)]*)\)\/(.*)$/;

/** Why a machine that nobody knows would not come from the first script of GRUB to an answer of its own. */
export async function lackOfEntry(dry: DrySite, site: SiteAddress): Promise<string | undefined> {
  const answer = await askGrub(dry, site, 'x86_64');
  return 'because' in answer ? answer.because : undefined;
}

/** What starts the system of a machine, by the name that its GRUB makes up. */
export async function askGrubToStart(dry: DrySite, site: SiteAddress, cpu: GrubCpu): Promise<Read> {
  const answer = await askGrub(dry, site, cpu);
  const commands = 'text' in answer ? readGrub(answer.text) : undefined;
  if (!commands?.ok || commandsOf(commands.value, 'linux').length > 0) return answer;
  return { because: `its script of GRUB starts nothing: ${saidBy(commands.value)}` };
}

async function askGrub(dry: DrySite, site: SiteAddress, cpu: GrubCpu): Promise<Read> {
  const asked = askedIn(await readByTftp(dry, GRUB_ENTRY), site, cpu);
  if ('because' in asked) return { because: `GRUB has no first script: ${asked.because}` };
  const answer = await readByTftp(dry, asked.text);
  if ('because' in answer) return { because: `GRUB has no script: ${answer.because}` };
  const read = readGrub(answer.text);
  if (!read.ok) return { because: `GRUB cannot read its script: ${read.error}` };
  // Only by its last line GRUB knows that a script came whole.
  if (read.value.at(-1)?.join(' ') !== 'set answered=1') return { because: 'GRUB does not see the end of its script' };
  return answer;
}

/** The files that an answer names to GRUB, and the command line of its kernel with what GRUB writes before it. */
export function filesOf(
  script: string,
  { address }: SiteAddress,
): { readonly files: readonly string[]; readonly elsewhere: readonly string[]; readonly cmdline: string } {
  const read = readGrub(script);
  const commands = read.ok ? read.value : [];
  const places = [...commandsOf(commands, 'linux'), ...commandsOf(commands, 'initrd')].flatMap((words) =>
    words.flatMap((word) => (word.startsWith('(') ? [word] : [])),
  );
  const own = places.map((place) => ({ place, parts: ON_SERVER.exec(place) }));
  return {
    files: own.flatMap(({ parts }) => (parts?.[1] === address && parts[2] ? [parts[2]] : [])),
    elsewhere: own.flatMap(({ place, parts }) => (parts?.[1] === address && parts[2] ? [] : [place])),
    cmdline: commandsOf(commands, 'linux').map((words) => `BOOT_IMAGE=${words.slice(1).join(' ')}`)[0] ?? '',
  };
}

function askedIn(entry: Read, { address }: SiteAddress, cpu: GrubCpu): Read {
  if ('because' in entry) return entry;
  const known = { mac: DRY_MAC, grub_cpu: cpu, grub_platform: 'efi', waited: '00000' };
  const read = readGrub(entry.text, known);
  if (!read.ok) return { because: read.error };
  const place = commandsOf(read.value, 'source')[0]?.[1] ?? '';
  const [, server, name] = ON_SERVER.exec(place) ?? [];
  if (server !== address || !name) return { because: `it asks for ${JSON.stringify(place)}, which is not here` };
  return { text: name };
}

function commandsOf(commands: readonly GrubCommand[], name: string): readonly GrubCommand[] {
  return commands.filter(([first]) => first === name);
}

/** What a script that starts nothing tells a person. */
function saidBy(commands: readonly GrubCommand[]): string {
  const said = commandsOf(commands, 'echo').map((words) => words.slice(1).join(' '));
  return said
    .filter((line) => line !== '')
    .slice(2)
    .join(' ')
    .slice(0, 200);
}
