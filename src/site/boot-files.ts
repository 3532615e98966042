import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { ContentStore } from '../model/content.ts';
import type { Revision } from '../model/revision.ts';
import type { LoaderTable, SiteAddress } from '../model/site-ports.ts';
import type { BootFile, BootFileSource } from './tftp/ports.ts';

/** Names under which a loader asks for its first script, where it did not get it by HTTP. */
const scriptNames = new Set(['boot.ipxe', 'autoexec.ipxe']);

/** What TFTP serves: the loaders that are here, and the first script. */
export function createBootFiles(parts: {
  readonly loaders: LoaderTable;
  readonly content: Pick<ContentStore, 'open'>;
  /** Where the site stands as seen from an address; undefined while it serves no network. */
  readonly siteFor: (remote: Ipv4) => SiteAddress | undefined;
  readonly script: (site: SiteAddress) => string;
  /** What the template brings for Raspberry Pi, by name. */
  readonly raspberryPi?: () => Revision['raspberryPi'];
}): BootFileSource {
  return {
    find: async (name, from) => {
      const site = scriptNames.has(name) ? parts.siteFor(from.address) : undefined;
      if (site) return textFile(parts.script(site));
      const file = parts.loaders.find(name) ?? piFile(name, parts.raspberryPi?.());
      return file && parts.content.open(file.digest);
    },
  };
}

/**
 * A Raspberry Pi asks in a folder of its own, which is called after its serial number or its MAC, and for some files
 * without it. All of them are given the same.
 */
function piFile(name: string, files: Revision['raspberryPi']): { readonly digest: Digest } | undefined {
  const own = name.replace(/^(?:[0-9a-f]{8}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})\//, '');
  return files && Object.hasOwn(files, own) ? files[own] : undefined;
}

function textFile(text: string): BootFile {
  const bytes = new TextEncoder().encode(text);
  return {
    sizeBytes: bytes.length,
    read: async (into, position) => {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: async () => undefined,
  };
}
