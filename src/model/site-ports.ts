import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Result } from '../kernel/result.ts';
import { type Boot, hasBegun } from './boot.ts';
import type { Revision } from './revision.ts';

/** The revision in force. */
export interface RevisionSource {
  /** undefined until the first template was accepted. */
  current(): Revision | undefined;
  /**
   * One that is in force, or that an open boot or an unproved install pins, so that it ends with what it began with;
   * undefined: not kept any more.
   */
  get?(digest: Digest): Revision | undefined;
  /** All that are kept like that, and the one that the site goes back to if the one in force is on trial. */
  inUse?(): readonly Revision[];
}

/** The revision that an open boot pins, as long as it is kept; for everything else the one in force. */
export function revisionFor(source: RevisionSource, boot: Boot | undefined): Revision | undefined {
  const pinned = boot && !boot.outcome && boot.revision ? source.get?.(boot.revision) : undefined;
  return pinned ?? source.current();
}

/** The revision by which the loader of a boot is told what to do: its own once it was told to start something, else the newest. */
export function revisionToStart(source: RevisionSource, boot: Boot | undefined): Revision | undefined {
  return boot && hasBegun(boot) ? revisionFor(source, boot) : source.current();
}

/** Where the site can be reached in one of its networks. */
export type SiteAddress = {
  readonly network: string;
  readonly address: Ipv4;
  readonly httpPort: number;
  /** Of the mirror of images; missing: 5000. */
  readonly registryPort?: number;
  /** The network that the address is of, where the machines of this one stand behind a relay. */
  readonly via?: string;
};

const REGISTRY_PORT = 5000;

/** Of these, the ones where the site has a device and sockets of its own. */
export function ownAddresses(sites: readonly SiteAddress[]): readonly SiteAddress[] {
  return sites.filter(({ via }) => via === undefined);
}

/** `http://10.0.0.1` or `http://10.0.0.1:8080`: no trailing slash, no default port (some firmware stumbles over `:80`). */
export function httpBase(site: SiteAddress): string {
  return site.httpPort === 80 ? `http://${site.address}` : `http://${site.address}:${site.httpPort}`;
}

/** Host and port of the mirror of images: `10.0.0.1:5000`, as names of images have it. */
export function registryHost({ address, registryPort = REGISTRY_PORT }: SiteAddress): string {
  return `${address}:${registryPort}`;
}

/** Where UEFI HTTP boot finds a loader: no `//` and no redirect on the way, both of which its firmware stumbles over. */
export function loaderUrl(site: SiteAddress, name: string): string {
  return `${httpBase(site)}/boot/loader/${name}`;
}

/** A loader that the site can serve now. `name` is its TFTP file name and last URL segment. */
export type Loader = { readonly name: string; readonly digest: Digest; readonly sizeBytes: number };

/** The loaders that are complete in the content store, by name. */
export interface LoaderTable {
  find(name: string): Loader | undefined;
}

/** Makes and checks the tokens of `/r/…` and `/t/…`: they carry what they grant, so they outlive a restart and a lost database. */
export interface TokenMint {
  mint(grant: TokenGrant): string;
  /** undefined: not ours, or changed on the way. */
  verify(token: string): TokenGrant | undefined;
}

/** `report` lets a node say things of itself; `read` lets it fetch its documents. */
export type TokenGrant = { readonly use: 'report' | 'read'; readonly mac: MacAddress; readonly issuedAt: number };

/** Who the kernel says is behind an address on the wire; `complete` false: it asked and has no answer (yet). */
export interface NeighbourTable {
  entries(): Promise<ReadonlyMap<Ipv4, { readonly mac: MacAddress; readonly complete: boolean }>>;
}

/** Who stands at an address of our wire; undefined: nobody that the kernel has heard of. */
export interface Neighbours {
  find(address: Ipv4): Promise<MacAddress | undefined>;
  /** As `find` answered a moment ago, for those who cannot wait: the first time it knows nobody. */
  lastKnown(address: Ipv4): MacAddress | undefined;
  /** The addresses at which a card was seen, by what was read a moment ago; the first time none. */
  addressesOf(mac: MacAddress): readonly Ipv4[];
}

/** The values of `@{secret.NAME}`, read where they lie each time they are needed, and kept nowhere else. */
export interface SecretSource {
  /** The values by name; fails with a sentence that has none of them if one cannot be read. */
  read(names: readonly string[]): Promise<Result<Readonly<Record<string, string>>, string>>;
}
