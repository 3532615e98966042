import { type BootRole, type BootWay, loaderWord } from '../model/boot-way.ts';
import type { NetworkMode } from '../model/network.ts';
import type { Revision } from '../model/revision.ts';
import { httpBase, type LoaderTable, type SiteAddress } from '../model/site-ports.ts';
import { GRUB_ENTRY } from './boot/policy/grub-ask.ts';
import { answerOf } from './dhcp/policy/boot-answer.ts';
import { isServed, SECOND_STAGE } from './dhcp/policy/choose-way.ts';
import { CLIENT_KINDS, type ClientKind, IPXE_HTTP } from './dhcp/policy/client-kinds.ts';
import { overridden } from './dhcp/policy/ways.ts';
import type { GrubCpu } from './fetch-grub.ts';

/** One thing that an answer of DHCP may tell a machine to fetch. */
export type Advertised = {
  readonly what: 'loader' | 'script' | 'GRUB script';
  readonly by: 'tftp' | 'http';
  /** File name of TFTP, or path of the URL. */
  readonly name: string;
  /** Where the machine that fetches it meets the site. */
  readonly site: SiteAddress;
  /** Whom it is for, in words: `uefi-x64 in nodes`. */
  readonly of: string;
};

const ROLES: Readonly<Record<NetworkMode, readonly BootRole[]>> = {
  authoritative: ['authoritative'],
  proxy: ['proxy'],
  auto: ['authoritative', 'proxy'],
};

/** What iPXE looks for beside itself when nothing told it of a script; one that came by HTTP looks there. */
const FIRST_SCRIPTS = ['boot.ipxe', 'autoexec.ipxe'] as const;

/** The folder that a Raspberry Pi asks in is its serial number: any of them will do. */
const PI_FOLDER = 'e8271e00';

/**
 * All that any answer under `revision` could tell any client to fetch before its own script: each way of each kind, in
 * each role that a network may come to have, of iPXE with HTTP and without. Each thing once for each network. A way whose
 * loader is not here is no way now, and nothing of it is named.
 */
export function advertised(
  revision: Revision,
  sites: readonly SiteAddress[],
  loaders: LoaderTable,
  kinds: readonly ClientKind[] = CLIENT_KINDS,
): readonly Advertised[] {
  const rows = sites.flatMap((site) => {
    const named = waysAt(revision, site, kinds).flatMap(({ way, kind, role }) =>
      way.shape === 'pi' ? piFiles(revision, site) : fetchedBy(way, { kind, role, site, loaders }),
    );
    const grub = grubCpusAt(revision, site, loaders, kinds).size > 0 ? [grubScriptOf(site)] : [];
    return [...named, ...scriptsOf(site), ...grub];
  });
  return [...new Map(rows.map((row) => [`${row.site.network} ${row.by} ${row.name}`, row])).values()];
}

/** The kinds of GRUB to which ways lead in this network, as GRUB calls them; a way whose loaders are not here is none. */
export function grubCpusAt(
  revision: Revision,
  site: SiteAddress,
  loaders: LoaderTable,
  kinds: readonly ClientKind[] = CLIENT_KINDS,
): ReadonlySet<GrubCpu> {
  const led = waysAt(revision, site, kinds).filter(({ way }) => isOfGrub(way) && isServed(way, loaders));
  return new Set(led.map(({ kind }) => (kind.arch === 'arm64' ? 'arm64' : 'x86_64')));
}

/**
 * A sentence for each kind of client that a slot may need and that gets no answer, or not the one that is meant for it,
 * because a loader is not here.
 */
export function lackingLoaders(
  revision: Revision,
  sites: readonly SiteAddress[],
  loaders: LoaderTable,
): readonly string[] {
  const arches = new Set(Object.values(revision.slots).map(({ profile }) => profile.arch));
  const kinds = CLIENT_KINDS.filter(({ arch = 'amd64' }) => arches.has(arch));
  const lacking = sites.flatMap((site) =>
    kinds.flatMap((kind) => {
      const here = `${kind.name} in ${site.network}`;
      const roles = rolesAt(revision, site);
      const own = roles.flatMap((role) => kind.ways(role));
      const classes = revision.hardware.filter(({ loader }) => loader !== undefined);
      const meant = classes.flatMap((one) => {
        const ways = roles.flatMap((role) => overridden(kind.ways(role), one, role));
        return ways.length === own.length ? [] : noneOf(`${here}, hardware ${one.name}`, ways, loaders);
      });
      return [...noneOf(here, own, loaders), ...halvesOf(here, own, loaders), ...meant];
    }),
  );
  return [...new Set(lacking)];
}

function noneOf(whose: string, ways: readonly BootWay[], loaders: LoaderTable): readonly string[] {
  if (ways.length === 0 || ways.some((way) => isServed(way, loaders))) return [];
  return [`${whose}: none of its loaders is here (${namesOf(ways).join(', ')})`];
}

function halvesOf(whose: string, ways: readonly BootWay[], loaders: LoaderTable): readonly string[] {
  const halves = namesOf(ways).filter(
    (name) => loaders.find(name) && !isServed({ shape: 'file', loader: name }, loaders),
  );
  return halves.map((name) => `${whose}: ${name} is here, and ${SECOND_STAGE[name]}, which it fetches, is not`);
}

function namesOf(ways: readonly BootWay[]): readonly string[] {
  return [...new Set(ways.flatMap(({ loader }) => loader ?? []))];
}

function isOfGrub({ loader }: BootWay): boolean {
  const word = loaderWord(loader);
  return word === 'grub' || word === 'shim';
}

function rolesAt({ networks }: Revision, { network }: Pick<SiteAddress, 'network'>): readonly BootRole[] {
  return ROLES[networks[network]?.mode ?? 'authoritative'];
}

type WayAt = { readonly way: BootWay; readonly kind: ClientKind; readonly role: BootRole };

/** All ways that any answer in this network may take, in each role that it may come to have. */
function waysAt(revision: Revision, { network }: SiteAddress, kinds: readonly ClientKind[]): readonly WayAt[] {
  return rolesAt(revision, { network }).flatMap((role) =>
    kinds.flatMap((kind) => waysUnder(revision, kind, role).map((way) => ({ way, kind, role }))),
  );
}

type Asker = {
  readonly kind: ClientKind;
  readonly role: BootRole;
  readonly site: SiteAddress;
  readonly loaders: LoaderTable;
};

/** Those of the kind, and what any class of hardware makes of them. */
function waysUnder({ hardware }: Revision, { ways }: ClientKind, role: BootRole): readonly BootWay[] {
  const own = ways(role);
  return [...own, ...hardware.flatMap((one) => overridden(own, one, role))];
}

function fetchedBy(way: BootWay, { kind, role, site, loaders }: Asker): readonly Advertised[] {
  if (!isServed(way, loaders)) return [];
  const of = `${kind.name} in ${site.network}`;
  return [new Set<number>(), new Set([IPXE_HTTP])].flatMap((features) => {
    const answer = answerOf(way, features, { site, role, loaders });
    if (!answer.ok || answer.value.file === '') return [];
    const what = way.shape === 'script' ? 'script' : 'loader';
    const first: Advertised = { what, ...placeOf(answer.value.file, site), site, of };
    const second = SECOND_STAGE[way.loader ?? ''];
    return second === undefined
      ? [first]
      : [first, { ...first, name: first.name.replace(/[^/]*$/, second), of: `${way.loader} of ${of}` }];
  });
}

/** A Raspberry Pi knows its file names itself; what the template does not bring it asks for in vain. */
function piFiles({ raspberryPi = {} }: Revision, site: SiteAddress): readonly Advertised[] {
  const of = `raspberry-pi in ${site.network}`;
  return Object.keys(raspberryPi).map((name) => ({
    what: 'loader',
    by: 'tftp',
    name: `${PI_FOLDER}/${name}`,
    site,
    of,
  }));
}

function grubScriptOf(site: SiteAddress): Advertised {
  return { what: 'GRUB script', by: 'tftp', name: GRUB_ENTRY, site, of: `GRUB in ${site.network}` };
}

function scriptsOf(site: SiteAddress): readonly Advertised[] {
  const of = `iPXE in ${site.network}`;
  return FIRST_SCRIPTS.flatMap((name): readonly Advertised[] => [
    { what: 'script', by: 'tftp', name, site, of },
    { what: 'script', by: 'http', name: `/${name}`, site, of },
  ]);
}

/** What is named is fetched from here, or nowhere: the address of another server stands as a whole, and is found by nobody. */
function placeOf(file: string, site: SiteAddress): Pick<Advertised, 'by' | 'name'> {
  const [http, tftp] = [`${httpBase(site)}/`, `tftp://${site.address}/`];
  if (file.startsWith(http)) return { by: 'http', name: file.slice(http.length - 1) };
  return { by: 'tftp', name: file.startsWith(tftp) ? file.slice(tftp.length) : file };
}
