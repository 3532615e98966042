import { AppError } from '../kernel/errors.ts';
import type { Profile, Revision, Slot } from '../model/revision.ts';
import { httpBase, type SiteAddress } from '../model/site-ports.ts';
import { type Advertised, advertised } from './advertised.ts';
import type { MachineEnv } from './boot/policy/machine-env.ts';
import { missingFiles } from './boot/policy/readiness.ts';
import { DRY_MAC, dryAddress, dryState } from './dry-machine.ts';
import { createDrySite, type DryParts, type DrySite } from './dry-site.ts';
import { NOCLOUD_FILES } from './metadata/policy/nocloud.ts';

export type ServeWorld = DryParts & { readonly addresses: readonly SiteAddress[] };

/** The loaders that start a kernel, as each kind of profile expects them. */
const ENVS: Readonly<Record<Profile['arch'], readonly MachineEnv[]>> = {
  amd64: [
    { platform: 'pcbios', buildarch: 'i386', longMode: 'yes' },
    { platform: 'efi', buildarch: 'x86_64', longMode: 'unknown' },
  ],
  arm64: [{ platform: 'efi', buildarch: 'arm64', longMode: 'unknown' }],
};
const CLIENT_PORT = 2_070;

/**
 * Fetches all that an answer by `revision` could name, by the code that serves it: every loader and first script of every
 * kind of client, by TFTP and HTTP; the script of every slot; and every file and document that such a script names.
 * Answers a sentence for each that would not come; empty: what would be advertised is served. A profile whose files
 * are still on their way is left out: its machines are told to wait.
 */
export async function findUnserved(revision: Revision, world: ServeWorld): Promise<readonly string[]> {
  // Whom the template tells to leave alone is not the machine that asks here.
  const tried = { ...revision, unknownMachines: { ...revision.unknownMachines, ignore: [] } };
  const site = await createDrySite(tried, world);
  try {
    const faults: string[] = [];
    for (const row of advertised(tried, world.addresses, world.loaders)) faults.push(...(await fetchRow(site, row)));
    const seen = new Set<string>();
    for (const slot of Object.values(tried.slots)) faults.push(...(await fetchSlot(site, slot, tried, world, seen)));
    return faults;
  } finally {
    await site.close();
  }
}

/** As `findUnserved`, of the revision alone: all files are taken to be here, whatever the store has of them by now. */
export function findUnanswerable(revision: Revision, world: ServeWorld): Promise<readonly string[]> {
  const content: ServeWorld['content'] = {
    stateOf: () => ({ kind: 'complete', sizeBytes: 1 }),
    open: async () => ({ sizeBytes: 1, read: readOne, close: async () => undefined }),
  };
  return findUnserved(revision, { ...world, content });
}

const readOne = async (_into: Uint8Array, position: number): Promise<number> => (position === 0 ? 1 : 0);

async function fetchRow(dry: DrySite, row: Advertised): Promise<readonly string[]> {
  dry.stand(row.site);
  const because = row.by === 'tftp' ? await lackOfTftp(dry, row) : await lackOfHttp(dry, row);
  return because === undefined ? [] : [`${row.of}: the ${row.what} ${row.name} by ${row.by.toUpperCase()}: ${because}`];
}

async function lackOfTftp(dry: DrySite, { name, site, what }: Advertised): Promise<string | undefined> {
  const file = await dry.tftp.find(name, { address: dryAddress(site), port: CLIENT_PORT }, name);
  if (!file) return 'there is no such file';
  try {
    const head = new Uint8Array(6);
    const read = await file.read(head, 0);
    if (file.sizeBytes === 0 || read === 0) return 'it is empty';
    return what === 'script' && new TextDecoder().decode(head) !== '#!ipxe' ? 'it is no script' : undefined;
  } finally {
    await file.close();
  }
}

async function lackOfHttp(dry: DrySite, { name, what }: Advertised): Promise<string | undefined> {
  if (what === 'loader') return lackOfFile(dry, name);
  const { status, body } = await dry.http('GET', name);
  if (status !== 200) return `the answer is ${status}`;
  return body.startsWith('#!ipxe') ? undefined : 'it is no script';
}

/** What firmware and iPXE want of a file: its length by HEAD, and a part of it. */
async function lackOfFile(dry: DrySite, path: string): Promise<string | undefined> {
  const head = await dry.http('HEAD', path);
  if (head.status !== 200) return `the answer to HEAD is ${head.status}`;
  if (!(Number(head.headers['content-length']) > 0)) return 'HEAD does not tell its length';
  const part = await dry.http('GET', path, { range: 'bytes=0-0' });
  return part.status === 206 ? undefined : `the answer to a part of it is ${part.status}`;
}

async function fetchSlot(
  dry: DrySite,
  slot: Slot,
  revision: Revision,
  { addresses, content }: ServeWorld,
  seen: Set<string>,
): Promise<readonly string[]> {
  const [site] = addresses;
  if (!site || missingFiles(slot.profile, (digest) => content.stateOf(digest)) !== undefined) return [];
  const faults: string[] = [];
  for (const env of ENVS[slot.profile.arch]) {
    dry.stand(site, dryState(revision, slot, site, 'asks'));
    const script = await askScript(dry, env);
    if ('because' in script) faults.push(`${slot.name}: ${script.because}`);
    else {
      dry.stand(site, dryState(revision, slot, site, 'reads'));
      for (const path of pathsIn(script.text, httpBase(site))) faults.push(...(await fetchPath(dry, slot, path, seen)));
    }
  }
  return [...new Set(faults)];
}

async function askScript(
  dry: DrySite,
  { platform, buildarch, longMode }: MachineEnv,
): Promise<{ readonly text: string } | { readonly because: string }> {
  const query = new URLSearchParams({ mac: DRY_MAC, platform, buildarch, longmode: longMode });
  try {
    const { status, body } = await dry.http('GET', `/boot/script?${query}`);
    if (status !== 200) return { because: `its script is answered by ${status}: ${firstLine(body)}` };
    if (!/^\s*boot\b/m.test(body)) return { because: `its script starts nothing: ${saidBy(body)}` };
    return { text: body };
  } catch (error) {
    return { because: `it has no script: ${AppError.from(error).message}` };
  }
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

async function fetchPath(dry: DrySite, slot: Slot, path: string, seen: Set<string>): Promise<readonly string[]> {
  if (path.startsWith('/assets/')) {
    // Many slots start the same files.
    if (seen.has(path)) return [];
    seen.add(path);
    const because = await lackOfFile(dry, path);
    return because === undefined ? [] : [`${slot.name}: ${path.split('/').at(-1)}: ${because}`];
  }
  const { status, body } = await dry.http('GET', path);
  return status === 200 ? [] : [`${slot.name}: ${path.split('/').at(-1)}: the answer is ${status}: ${firstLine(body)}`];
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
