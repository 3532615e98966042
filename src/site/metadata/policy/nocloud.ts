import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { Result } from '../../../kernel/result.ts';
import { ok } from '../../../kernel/result.ts';
import { DOCUMENT_TARGETS, fillHoles } from '../../../model/holes.ts';
import type { Network } from '../../../model/network.ts';
import type { Document, DocumentName, Slot } from '../../../model/revision.ts';
import type { Subject } from './subject.ts';
import type { YamlMap } from './yaml.ts';
import { formatYaml } from './yaml.ts';

/** The files of a NoCloud seed. */
export const NOCLOUD_FILES = ['meta-data', 'user-data', 'vendor-data', 'network-config'] as const;
export type NocloudFile = (typeof NOCLOUD_FILES)[number];

export function isNocloudFile(name: string): name is NocloudFile {
  return NOCLOUD_FILES.some((file) => file === name);
}

/** What a document is filled with. */
export type Filling = {
  readonly holes: Readonly<Record<string, string | undefined>>;
  /** Where this very requester may report, with a slash at the end; undefined: it has not shown that it is the machine itself. */
  readonly reportUrl: string | undefined;
  /** true: whoever this is rendered for was found to be the machine itself, at a time when it may read its secrets. */
  readonly maySeeSecrets: boolean;
  /** The networks in which another server leases: an address that a slot has there is for the machine to set itself. */
  readonly leasedByOthers?: Readonly<Record<string, Network>>;
  /** true: this client asks again at 503, and would take an empty user-data for the last word. */
  readonly waits: boolean;
};

/** cloud-init takes it for "nothing to do"; an empty file would do too, but says nothing to a person. */
export const NOTHING = '#cloud-config\n{}\n';

/** cloud-init's own defaults are 10 tries too, but it waits 3 seconds between them: a site restarts in that time. */
const PHONE_HOME_TRIES = 10;

type Known = Exclude<Subject, { kind: 'unknown' }>;

/**
 * One file of a seed. `undefined`: not decided yet, answer 503. Only user-data can be that, and only for a client that
 * waits: without meta-data and network-config Talos is silent for minutes, and without a network-config it throws the
 * meta-data away; cloud-init of 25.1 and later would hang at the 503, an older one lose its data source.
 * Fails with a sentence if a hole of the document has no value.
 */
export function renderNocloud(file: NocloudFile, subject: Known, filling: Filling): Result<string | undefined, string> {
  switch (file) {
    case 'meta-data':
      return ok(formatYaml(metaData(subject)));
    case 'user-data':
      if (subject.kind === 'pending') return ok(filling.waits ? undefined : NOTHING);
      return documentOf(subject.slot, 'user-data', filling, () => NOTHING);
    case 'vendor-data':
      return ok(vendorData(filling.reportUrl));
    case 'network-config':
      if (subject.kind === 'pending') return ok(formatYaml(bootNicOnly(subject.mac)));
      return documentOf(subject.slot, 'network-config', filling, (document) =>
        formatYaml(
          document ? interfacesOf(subject.slot, subject.mac, filling.leasedByOthers) : bootNicOnly(subject.mac),
        ),
      );
  }
}

/** A new binding of a slot is a new instance, so that cloud-init begins from the start on the new hardware. */
function metaData(subject: Known): YamlMap {
  if (subject.kind === 'pending') return { 'instance-id': `pending.${subject.id}` };
  return { 'instance-id': `${subject.slot.name}.${subject.binding}`, 'local-hostname': subject.slot.name };
}

function documentOf(
  slot: Slot,
  name: NocloudFile,
  filling: Filling,
  otherwise: (document: Document | undefined) => string,
): Result<string | undefined, string> {
  const document = documentIn(slot, name);
  return document?.kind === 'text' ? renderText(document, name, filling) : ok(otherwise(document));
}

/** The document of this name that the profile of a slot has. */
export function documentIn(slot: Slot, name: string): Document | undefined {
  return Object.hasOwn(slot.profile.documents, name) ? slot.profile.documents[name] : undefined;
}

/** A text with its places filled. `undefined`: it is secret, and this is not the way to it. */
export function renderText(
  document: Extract<Document, { kind: 'text' }>,
  name: string,
  { holes, maySeeSecrets }: Filling,
): Result<string | undefined, string> {
  if (document.secret && !maySeeSecrets) return ok(undefined);
  return document.fill ? fillHoles(document.text, holes, DOCUMENT_TARGETS[name as DocumentName]) : ok(document.text);
}

function vendorData(reportUrl: string | undefined): string {
  if (reportUrl === undefined) return NOTHING;
  const map = {
    phone_home: { url: `${reportUrl}phone-home`, post: 'all', tries: PHONE_HOME_TRIES },
    reporting: { slipway: { type: 'webhook', endpoint: `${reportUrl}report` } },
  };
  return `#cloud-config\n${formatYaml(map)}`;
}

/** Both cloud-init and Talos find the NIC by its address, whatever the kernel calls it. */
function bootNicOnly(mac: MacAddress | undefined): YamlMap {
  return { version: 2, ethernets: { id0: nic(mac) } };
}

/** Every interface of the slot that has a known MAC; its IPv4 address comes by DHCP, where the site reserves it. */
function interfacesOf(slot: Slot, bootMac: MacAddress | undefined, leasedByOthers: Filling['leasedByOthers']): YamlMap {
  const named = Object.entries(slot.interfaces).flatMap(([name, { mac, boot, network, address }]) => {
    const own = mac ?? (boot ? bootMac : undefined);
    const other = leasedByOthers?.[network];
    const fixed = other && address !== undefined ? fixedAddress(address, other) : {};
    return own ? [[name, { ...nic(own), ...fixed }] as const] : [];
  });
  return named.length > 0 ? { version: 2, ethernets: Object.fromEntries(named) } : bootNicOnly(bootMac);
}

/**
 * The address of the template beside the one that the other server leases, which brings the router: that is the other's
 * affair, and the template knows none.
 */
function fixedAddress(address: Ipv4, { subnet, dns, domain, mtu }: Network): YamlMap {
  const search = domain === undefined ? {} : { search: [domain] };
  return {
    addresses: [`${address}/${subnet.prefix}`],
    ...(dns.length > 0 && { nameservers: { addresses: [...dns], ...search } }),
    ...(mtu !== undefined && { mtu }),
  };
}

function nic(mac: MacAddress | undefined): YamlMap {
  return { match: mac ? { macaddress: mac } : { name: 'e*' }, dhcp4: true };
}
