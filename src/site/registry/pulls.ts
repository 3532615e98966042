import type { Digest } from '../../kernel/digest.ts';
import { formatImageReference, type Reference, type RepositoryKey } from '../../kernel/image-name.ts';
import type { Cancel, Clock } from '../../kernel/ports.ts';
import { childrenOf, parseManifest } from './codec/manifest.ts';

/** A client asked for a manifest and got it, or its digest. */
export type AskedManifest = {
  readonly remote: string;
  readonly key: RepositoryKey;
  readonly reference: Reference;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};

/** How far a blob is on its way to a client; `done` once, with its last byte. */
export type SentBlob = {
  readonly remote: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly done: boolean;
};

/** An image of which a client took what it lacked. */
export type Pull = { readonly remote: string; readonly image: string; readonly sizeBytes: number };

/** Puts together what clients ask for one by one: the manifests and blobs of an image are one pull. */
export interface Pulls {
  asked(asked: AskedManifest): void;
  sent(sent: SentBlob): void;
  stop(): void;
}

/** A client that has some layers already never asks for them: its pull is over when nothing has moved for so long. */
const QUIET_MS = 15_000;
const LOOK_MS = 5_000;
/** Who was not heard for longest gives way. */
const MOST_CLIENTS = 512;
const MOST_NAMES = 256;
const MOST_OPEN = 32;

type OpenPull = { readonly image: string; readonly left: Set<Digest>; sizeBytes: number; movedAt: number };
type Client = {
  /** By what name a manifest was asked for, which those below it inherit: clients ask for these by digest. */
  readonly names: Map<Digest, string>;
  readonly open: Map<Digest, OpenPull>;
};

/** `onPulled` hears of each pull once, when its last byte went out or nothing more is asked for. */
export function createPulls({ clock, onPulled }: { clock: Clock; onPulled: (pull: Pull) => void }): Pulls {
  const clients = new Map<string, Client>();
  let looking: Cancel | undefined;

  const end = (remote: string, { open }: Client, digest: Digest): void => {
    const pull = open.get(digest);
    open.delete(digest);
    if (pull && pull.sizeBytes > 0) onPulled({ remote, image: pull.image, sizeBytes: pull.sizeBytes });
  };
  const look = (): void => {
    looking = undefined;
    const before = clock.monotonic() - QUIET_MS;
    for (const [remote, client] of clients)
      for (const [digest, pull] of client.open) if (pull.movedAt <= before) end(remote, client, digest);
    lookLater();
  };
  const lookLater = (): void => {
    const isBusy = [...clients.values()].some(({ open }) => open.size > 0);
    if (isBusy) looking ??= clock.after(LOOK_MS, look);
  };

  const begin = (client: Client, { digest }: AskedManifest, image: string, parts: readonly Digest[]): void => {
    const known = client.open.get(digest);
    const movedAt = clock.monotonic();
    if (known) known.movedAt = movedAt;
    else putNewest(client.open, digest, { image, left: new Set(parts), sizeBytes: 0, movedAt }, MOST_OPEN);
    lookLater();
  };

  return {
    asked: (asked) => {
      const client = clients.get(asked.remote) ?? { names: new Map(), open: new Map() };
      putNewest(clients, asked.remote, client, MOST_CLIENTS);
      const image = nameOf(asked, client);
      putNewest(client.names, asked.digest, image, MOST_NAMES);
      const read = parseManifest(new TextDecoder().decode(asked.bytes), asked.mediaType);
      // A signature is about an image, and no image that somebody runs.
      if (!read.ok || read.value.subject || isStandInTag(asked.reference)) return;
      const parts = childrenOf(read.value).map((part) => part.digest);
      if (read.value.kind === 'image') begin(client, asked, image, parts);
      else for (const part of parts) putNewest(client.names, part, image, MOST_NAMES);
    },
    sent: ({ remote, digest, sizeBytes, done }) => {
      const client = clients.get(remote);
      const [root, pull] = [...(client?.open ?? [])].findLast(([, { left }]) => left.has(digest)) ?? [];
      if (!client || !root || !pull) return;
      pull.movedAt = clock.monotonic();
      if (!done) return;
      pull.left.delete(digest);
      pull.sizeBytes += sizeBytes;
      if (pull.left.size === 0) end(remote, client, root);
    },
    stop: () => looking?.(),
  };
}

function nameOf({ key, reference, digest }: AskedManifest, { names }: Client): string {
  const asked = formatImageReference({ ...key, reference });
  return reference.kind === 'tag' ? asked : (names.get(digest) ?? asked);
}

/** `sha256-….sig` and the like: what refers to an image, where registries have no API for it. */
function isStandInTag(reference: Reference): boolean {
  return reference.kind === 'tag' && /^sha256-[0-9a-f]{64}/.test(reference.tag);
}

function putNewest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
