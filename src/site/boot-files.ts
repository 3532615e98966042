import { type Digest, parseDigest } from '../kernel/digest.ts';
import type { Clock } from '../kernel/ports.ts';
import type { ContentStore } from '../model/content.ts';
import type { Revision } from '../model/revision.ts';
import type { LoaderTable } from '../model/site-ports.ts';
import type { LoaderFamily } from './boot/policy/decision.ts';
import { GRUB_ENTRY, parseAskName } from './boot/policy/grub-ask.ts';
import type { BootDesk } from './boot/routes.ts';
import { type AssetProgress, createProgress, type OnProgress } from './content/progress.ts';
import { createSharedFiles, memoryFile } from './shared-files.ts';
import type { BootFile, BootFileSource, TransferReport } from './tftp/ports.ts';

/** Names under which a loader asks for its first script, where it did not get it by HTTP. */
const ENTRIES: ReadonlyMap<string, LoaderFamily> = new Map([
  ['boot.ipxe', 'ipxe'],
  ['autoexec.ipxe', 'ipxe'],
  [GRUB_ENTRY, 'grub'],
]);

type Parts = {
  readonly loaders: LoaderTable;
  readonly content: Pick<ContentStore, 'open'>;
  readonly desk: BootDesk;
  readonly clock: Clock;
  /** Hears how far a kernel or initramfs is while it is read; that it has arrived the server tells. */
  readonly onProgress: OnProgress;
  /** What is not for whoever knows its digest: layers of images. */
  readonly isHeldBack?: (digest: Digest) => boolean;
  /** What the template brings for Raspberry Pi, by name. */
  readonly raspberryPi?: () => Revision['raspberryPi'];
};

/** What TFTP serves: the loaders that are here, the first scripts, and to GRUB, which has no HTTP, its answers and files. */
export function createBootFiles(parts: Parts): BootFileSource {
  const share = createSharedFiles(parts.content);
  const byDigest = async (digest: Digest, name: string, remote: string): Promise<BootFile | undefined> => {
    const asset = parts.isHeldBack?.(digest) ? undefined : await share(digest);
    return asset && watched(parts, asset, { digest, name: lastPart(name), remote });
  };
  return {
    find: async (name, { address }, asked) => {
      const family = ENTRIES.get(name);
      const entry = family && parts.desk.entry(parts.desk.peerOf(address, ''), family);
      if (entry !== undefined) return textFile(entry);
      const values = parseAskName(asked);
      if (values) {
        const answer = await parts.desk.answer({ peer: parts.desk.peerOf(address, ''), values, loader: 'grub' });
        return answer && textFile(answer.text, answer.delivered);
      }
      const digest = digestIn(name);
      if (digest) return byDigest(digest, name, address);
      const file = parts.loaders.find(name) ?? piFile(name, parts.raspberryPi?.());
      return file && share(file.digest);
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

/** The digest of `assets/sha256/<hex>/<name>`, as a kernel and an initramfs are called also over HTTP. */
function digestIn(name: string): Digest | undefined {
  const hex = /^assets\/sha256\/([0-9a-f]{64})\/[^/]+$/.exec(name)?.[1];
  return hex === undefined ? undefined : parseDigest(hex);
}

/** What stands behind the last slash. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** What a transfer that is over means for a kernel or initramfs; undefined if it was about something else. */
export function assetSent({ name, endpoint, bytes, sizeBytes, outcome }: TransferReport): AssetProgress | undefined {
  const digest = digestIn(name);
  if (!digest || bytes === 0) return undefined;
  const done = outcome === 'done';
  return { remote: endpoint.address, digest, name: lastPart(name), bytesSent: bytes, sizeBytes, done };
}

/** Tells how far a file is while it is read. One that is in memory is sent too soon for that. */
function watched(
  { clock, onProgress }: Parts,
  asset: BootFile,
  wanted: { readonly digest: Digest; readonly name: string; readonly remote: string },
): BootFile {
  if (asset.bytes) return asset;
  const progress = createProgress({ clock, onProgress, first: 0, sizeBytes: asset.sizeBytes, ...wanted });
  return {
    sizeBytes: asset.sizeBytes,
    read: async (into, position) => {
      const length = await asset.read(into, position);
      progress.sent(position + length);
      return length;
    },
    close: () => asset.close(),
  };
}

function textFile(text: string, delivered?: () => void): BootFile {
  return { ...memoryFile(new TextEncoder().encode(text)), ...(delivered && { delivered }) };
}
