import type { ContentStore } from '../model/content.ts';
import type { LoaderTable, SiteAddress } from '../model/site-ports.ts';
import type { BootFile, BootFileSource } from './tftp/ports.ts';

/** Names under which a loader asks for its first script, where it did not get it by HTTP. */
const scriptNames = new Set(['boot.ipxe', 'autoexec.ipxe']);

/** What TFTP serves: the loaders that are here, and the first script. */
export function createBootFiles(parts: {
  readonly loaders: LoaderTable;
  readonly content: ContentStore;
  readonly addresses: () => readonly SiteAddress[];
  readonly script: (site: SiteAddress) => string;
}): BootFileSource {
  return {
    find: async (name) => {
      const [site] = parts.addresses();
      if (scriptNames.has(name) && site) return textFile(parts.script(site));
      const loader = parts.loaders.find(name);
      return loader && parts.content.open(loader.digest);
    },
  };
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
