import type { BootRole, BootWay } from '../model/boot-way.ts';
import type { NetworkMode } from '../model/network.ts';
import type { Revision } from '../model/revision.ts';
import { httpBase, type LoaderTable, type SiteAddress } from '../model/site-ports.ts';
import { answerOf } from './dhcp/policy/boot-answer.ts';
import { isServed, SECOND_STAGE } from './dhcp/policy/choose-way.ts';
import { CLIENT_KINDS, type ClientKind, IPXE_HTTP } from './dhcp/policy/client-kinds.ts';
import { overridden } from './dhcp/policy/ways.ts';

/** One thing that an answer of DHCP may tell a machine to fetch. */
export type Advertised = {
  readonly what: 'loader' | 'script';
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
    const roles = ROLES[revision.networks[site.network]?.mode ?? 'authoritative'];
    const named = roles.flatMap((role) =>
      kinds.flatMap((kind) =>
        waysUnder(revision, kind, role).flatMap((way) => fetchedBy(way, { kind, role, site, loaders })),
      ),
    );
    return [...named, ...scriptsOf(site)];
  });
  return [...new Map(rows.map((row) => [`${row.site.network} ${row.by} ${row.name}`, row])).values()];
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
    // A Raspberry Pi knows its file names itself.
    if (!answer.ok || answer.value.file === '') return [];
    const what = way.shape === 'script' ? 'script' : 'loader';
    const first: Advertised = { what, ...placeOf(answer.value.file, site), site, of };
    const second = SECOND_STAGE[way.loader ?? ''];
    return second === undefined
      ? [first]
      : [first, { ...first, name: first.name.replace(/[^/]*$/, second), of: `${way.loader} of ${of}` }];
  });
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
