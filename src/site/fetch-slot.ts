import { AppError } from '../kernel/errors.ts';
import type { Profile, Revision, Slot } from '../model/revision.ts';
import { httpBase, type SiteAddress } from '../model/site-ports.ts';
import { grubCpusAt } from './advertised.ts';
import type { MachineEnv } from './boot/policy/machine-env.ts';
import { missingFiles } from './boot/policy/readiness.ts';
import { DRY_MAC, dryState } from './dry-machine.ts';
import type { DryParts, DrySite } from './dry-site.ts';
import { lackOfFile, lackOfTftpFile, type Read, SCRIPT_BYTES, tooLarge } from './fetch-file.ts';
import { askGrubToStart, filesOf, type GrubCpu } from './fetch-grub.ts';
import { NOCLOUD_FILES } from './metadata/policy/nocloud.ts';

/** What a walk through all slots takes along. */
export type Walk = DryParts & {
  readonly dry: DrySite;
  readonly revision: Revision;
  readonly addresses: readonly SiteAddress[];
  /** Files that were fetched already: many slots start the same. */
  readonly seen: Set<string>;
  readonly turn: () => Promise<void>;
};

/** The iPXE that starts a kernel, as each kind of profile expects it. */
const ENVS: Readonly<Record<Profile['arch'], readonly MachineEnv[]>> = {
  amd64: [
    { platform: 'pcbios', buildarch: 'i386', longMode: 'yes' },
    { platform: 'efi', buildarch: 'x86_64', longMode: 'unknown' },
  ],
  arm64: [{ platform: 'efi', buildarch: 'arm64', longMode: 'unknown' }],
};
/** And the GRUB. */
const GRUB_CPUS: Readonly<Record<Profile['arch'], GrubCpu>> = { amd64: 'x86_64', arm64: 'arm64' };
/** As a template may have at most; GRUB writes something of its own before it, which it cannot count. */
const CMDLINE_BYTES = 4_096;

/** One way from the loader of a slot's machine to its files. */
type Route = {
  readonly ask: () => Promise<Read>;
  /** Why what such a script names would not come, in sentences. */
  readonly faults: (script: string) => Promise<readonly string[]>;
};

/** Lets the machine of a slot ask for its script by each loader that it may have, and fetch all that it names. */
export async function fetchSlot(slot: Slot, walk: Walk): Promise<readonly string[]> {
  const { dry, revision, content } = walk;
  const site = placeOf(slot, walk.addresses);
  if (!site || missingFiles(slot.profile, (digest) => content.stateOf(digest)) !== undefined) return [];
  const faults: string[] = [];
  for (const route of routesOf(slot, site, walk)) {
    dry.stand(site, dryState(revision, slot, site, 'asks'));
    const script = await asked(route);
    await walk.turn();
    // What keeps one loader from its script mostly keeps the others, too: once is enough to say it.
    if ('because' in script) return [...new Set([...faults, script.because])];
    dry.stand(site, dryState(revision, slot, site, 'reads'));
    faults.push(...(await route.faults(script.text)));
  }
  return [...new Set(faults)];
}

/** Where its machine stands when it boots. */
function placeOf({ interfaces }: Slot, sites: readonly SiteAddress[]): SiteAddress | undefined {
  const own = Object.values(interfaces).find(({ boot }) => boot)?.network;
  return sites.find(({ network }) => network === own) ?? sites[0];
}

function routesOf({ profile }: Slot, site: SiteAddress, walk: Walk): readonly Route[] {
  const { dry, revision, loaders } = walk;
  const viaIpxe = ENVS[profile.arch].map((env): Route => {
    return { ask: () => askScript(dry, env), faults: (script) => fetchAll(pathsIn(script, httpBase(site)), walk) };
  });
  const cpu = GRUB_CPUS[profile.arch];
  if (!grubCpusAt(revision, site, loaders).has(cpu)) return viaIpxe;
  return [
    ...viaIpxe,
    { ask: () => askGrubToStart(dry, site, cpu), faults: (script) => fetchByGrub(script, site, walk) },
  ];
}

async function asked(route: Route): Promise<Read> {
  try {
    const script = await route.ask();
    return 'text' in script && script.text.length > SCRIPT_BYTES
      ? { because: `its script: ${tooLarge(script.text.length)}` }
      : script;
  } catch (error) {
    return { because: `it has no script: ${AppError.from(error).message}` };
  }
}

async function askScript(dry: DrySite, { platform, buildarch, longMode }: MachineEnv): Promise<Read> {
  const query = new URLSearchParams({ mac: DRY_MAC, platform, buildarch, longmode: longMode });
  const { status, body } = await dry.http('GET', `/boot/script?${query}`);
  if (status !== 200) return { because: `its script is answered by ${status}: ${firstLine(body)}` };
  return /^\s*boot\b/m.test(body) ? { text: body } : { because: `its script starts nothing: ${saidBy(body)}` };
}

async function fetchByGrub(script: string, site: SiteAddress, walk: Walk): Promise<readonly string[]> {
  const { files, elsewhere, cmdline } = filesOf(script, site);
  const faults = elsewhere.map((place) => `GRUB is sent to ${place}, which is not this site`);
  if (cmdline.length > CMDLINE_BYTES)
    faults.push(`its command line has ${cmdline.length} bytes with what GRUB adds, at most ${CMDLINE_BYTES} are read`);
  for (const name of files) {
    // By TFTP it is another way to the same file.
    if (walk.seen.has(`tftp ${name}`)) continue;
    walk.seen.add(`tftp ${name}`);
    const because = await lackOfTftpFile(walk.dry, name);
    if (because !== undefined) faults.push(`${name.split('/').at(-1)} by TFTP: ${because}`);
    await walk.turn();
  }
  return [...faults, ...(await fetchAll(pathsIn(script, httpBase(site)), walk))];
}

/** A seed ends with a slash: cloud-init adds the names of its files itself. */
function pathsIn(script: string, base: string): readonly string[] {
  const urls = script.split(/[\s"'\\;,]+/).flatMap((word) => {
    const at = word.indexOf(`${base}/`);
    return at < 0 ? [] : [word.slice(at + base.length)];
  });
  const named = urls.filter((path) => /^\/(assets|nocloud|documents|t)\//.test(path));
  return [
    ...new Set(named.flatMap((path) => (path.endsWith('/') ? NOCLOUD_FILES.map((file) => path + file) : [path]))),
  ];
}

async function fetchAll(paths: readonly string[], walk: Walk): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const path of paths) {
    faults.push(...(await fetchPath(path, walk)));
    await walk.turn();
  }
  return faults;
}

async function fetchPath(path: string, { dry, seen }: Walk): Promise<readonly string[]> {
  const name = path.split('/').at(-1);
  if (path.startsWith('/assets/')) {
    if (seen.has(path)) return [];
    seen.add(path);
    const because = await lackOfFile(dry, path);
    return because === undefined ? [] : [`${name}: ${because}`];
  }
  const { status, body } = await dry.http('GET', path);
  return status === 200 ? [] : [`${name}: the answer is ${status}: ${firstLine(body)}`];
}

function firstLine(body: string): string {
  return body.split('\n')[0]?.slice(0, 200) ?? '';
}

/** What a script that starts nothing tells a person. */
function saidBy(script: string): string {
  const said = script.split('\n').flatMap((line) => (line.startsWith('echo ') ? [line.slice(5).trim()] : []));
  return said
    .filter((line) => line !== '')
    .slice(2)
    .join(' ')
    .slice(0, 200);
}
