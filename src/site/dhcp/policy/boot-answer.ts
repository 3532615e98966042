import type { Ipv4 } from '../../../kernel/ipv4.ts';
import { UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import type { LoaderTable, SiteAddress } from '../../../model/site-ports.ts';
import { httpBase } from '../../../model/site-ports.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import type { Client } from './client.ts';
import type { ClientTraits } from './client-kinds.ts';
import { describeArches, IPXE_HTTP } from './client-kinds.ts';

/** The part of a reply that makes a client boot. siaddr and 66, file and 67 always agree: each firmware reads another one. */
export type BootAnswer = { readonly siaddr: Ipv4; readonly file: string; readonly options: readonly RawOption[] };

export type NoBootAnswer = { readonly reason: 'no-loader' | 'loader-missing'; readonly because: string };

const nothing: BootAnswer = { siaddr: UNSPECIFIED, file: '', options: [] };

/**
 * What this client needs in order to boot, or why there is nothing for it. Such firmware is better left without any
 * answer: an address without a file ends in an error screen, silence lets it go on to its next boot device.
 */
export function bootAnswer(client: Client, site: SiteAddress, loaders: LoaderTable): Result<BootAnswer, NoBootAnswer> {
  const { kind, traits } = client;
  if (!kind) {
    return err({ reason: 'no-loader', because: `there is no loader for ${describeArches(traits.arches)}` });
  }
  if (kind.boot.kind === 'none') return ok(nothing);
  if (kind.boot.kind === 'script') return ok(bootFrom(site, scriptUrl(traits, site), kind.boot.extras));
  if (!loaders.find(kind.boot.file)) {
    return err({ reason: 'loader-missing', because: `the loader ${kind.boot.file} is not here yet` });
  }
  return ok(bootFrom(site, kind.boot.file, kind.boot.extras));
}

function bootFrom(site: SiteAddress, file: string, extras: readonly RawOption[]): BootAnswer {
  return {
    siaddr: site.address,
    file,
    options: [
      ...extras.filter(({ code }) => code < 66),
      // Dotted quad without a NUL: some firmware takes the text as it stands.
      option('tftpServerName', site.address),
      option('bootFileName', file),
      ...extras.filter(({ code }) => code > 67),
    ],
  };
}

/** ROM builds of iPXE may lack HTTP; they say so in option 175. */
function scriptUrl(traits: ClientTraits, site: SiteAddress): string {
  return traits.ipxeFeatures.has(IPXE_HTTP) ? `${httpBase(site)}/boot.ipxe` : `tftp://${site.address}/boot.ipxe`;
}
