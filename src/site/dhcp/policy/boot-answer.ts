import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import type { BootRole, BootWay, OfferShape } from '../../../model/boot-way.ts';
import type { LoaderTable, SiteAddress } from '../../../model/site-ports.ts';
import { httpBase, loaderUrl } from '../../../model/site-ports.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import { describeArches } from './architectures.ts';
import { bootRoleOf, chooseWay } from './choose-way.ts';
import { IPXE_HTTP } from './client-kinds.ts';
import type { Inquiry } from './decision.ts';

/** The part of a reply that makes a client boot. siaddr and 66, file and 67 always agree: each firmware reads another one. */
export type BootAnswer = { readonly siaddr: Ipv4; readonly file: string; readonly options: readonly RawOption[] };

export type NoBootAnswer = { readonly reason: 'no-loader' | 'loader-missing'; readonly because: string };

/** Where an answer is given, and what there is to give. */
type Setting = { readonly site: SiteAddress; readonly role: BootRole; readonly loaders: LoaderTable };

const nothing: BootAnswer = { siaddr: UNSPECIFIED, file: '', options: [] };

const pxeClient = option('vendorClass', 'PXEClient');
/** 06 01 08 ff. Bit 3 of PXE_DISCOVERY_CONTROL: take the boot file from this answer, show no menu, look for no boot server. */
const useThisBootFile = { code: 43, bytes: Uint8Array.of(6, 1, 8, 255) };
/** 175.176 = 1 (no-pxedhcp): otherwise iPXE waits two seconds more for a proxy that is not there. */
const noProxyToWaitFor = option('ipxe', [{ code: 176, bytes: Uint8Array.of(1) }]);
/** Sub-option 9, a boot menu of one line, is what the ROM of a Raspberry Pi looks for; 10 is the prompt. */
const raspberryPiBoot = option('vendorSpecific', [
  { code: 9, bytes: Uint8Array.of(0, 0, 17, ...ascii('Raspberry Pi Boot')) },
  { code: 10, bytes: Uint8Array.of(0, ...ascii('PXE')) },
]);

/**
 * What this client needs in order to boot, or why there is nothing for it. Such firmware is better left without any
 * answer: an address without a file ends in an error screen, silence lets it go on to its next boot device.
 */
export function bootAnswer(inquiry: Inquiry, given?: BootWay): Result<BootAnswer, NoBootAnswer> {
  const { client, context } = inquiry;
  const role = bootRoleOf(context.plan.role);
  const { traits } = client;
  const way = given ?? chooseWay(inquiry);
  if (!way) return err({ reason: 'no-loader', because: `there is no loader for ${titleOf(client, role)}` });
  return answerOf(way, traits.ipxeFeatures, { site: context.plan.site, role, loaders: context.loaders });
}

function titleOf({ kind, traits }: Inquiry['client'], role: BootRole): string {
  if (!kind) return describeArches(traits.arches);
  const isLostBeside = role === 'proxy' && kind.ways('authoritative').length > 0 && kind.ways(role).length === 0;
  return isLostBeside ? `${kind.title} where another server leases` : kind.title;
}

/** A way, written as the options of an answer; fails while its loader is not here. */
export function answerOf(
  { shape, loader }: BootWay,
  ipxeFeatures: ReadonlySet<number>,
  { site, role, loaders }: Setting,
): Result<BootAnswer, NoBootAnswer> {
  if (loader !== undefined && !loaders.find(loader)) {
    return err({ reason: 'loader-missing', because: `the loader ${loader} is not here yet` });
  }
  if (shape === 'none') return ok(nothing);
  const file = fileOf(shape, loader ?? '', ipxeFeatures, site);
  const extras = extrasOf(shape, role);
  // Dotted quad without a NUL: some firmware takes the text as it stands.
  const server = option('tftpServerName', site.address);
  const name = option('bootFileName', file);
  const named = { file: [server, name], url: [name], server: [server], header: [] }[SPOKEN[shape]];
  const options = [...extras.filter(({ code }) => code < 66), ...named, ...extras.filter(({ code }) => code > 67)];
  return ok({ siaddr: site.address, file, options });
}

/** Where an answer says server and file, besides siaddr and file: in 66 and 67, or in one of them, or nowhere. */
const SPOKEN = {
  file: 'file',
  'no-menu': 'file',
  'ask-boot-server': 'file',
  script: 'file',
  url: 'url',
  pi: 'server',
  'plain-file': 'header',
} as const satisfies Record<Exclude<OfferShape, 'none'>, string>;

function fileOf(shape: OfferShape, loader: string, ipxeFeatures: ReadonlySet<number>, site: SiteAddress): string {
  if (shape === 'script') return scriptUrl(ipxeFeatures, site);
  return shape === 'url' ? loaderUrl(site, loader) : loader;
}

function extrasOf(shape: OfferShape, role: BootRole): readonly RawOption[] {
  switch (shape) {
    case 'no-menu':
      return [pxeClient, useThisBootFile];
    case 'ask-boot-server':
    case 'plain-file':
      return [pxeClient];
    case 'url':
      // EDK2 compares nine bytes, and takes no other answer to HTTP boot.
      return [option('vendorClass', 'HTTPClient')];
    case 'pi':
      return [pxeClient, raspberryPiBoot];
    case 'script':
      // iPXE takes a proxy's answer only with PXEClient.
      return role === 'proxy' ? [pxeClient] : [noProxyToWaitFor];
    default:
      return [];
  }
}

/** ROM builds of iPXE may lack HTTP; they say so in option 175. */
function scriptUrl(ipxeFeatures: ReadonlySet<number>, site: SiteAddress): string {
  return ipxeFeatures.has(IPXE_HTTP) ? `${httpBase(site)}/boot.ipxe` : `tftp://${site.address}/boot.ipxe`;
}

function ascii(text: string): readonly number[] {
  return Array.from(text, (c) => c.charCodeAt(0));
}
