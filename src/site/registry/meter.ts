import type { Digest } from '../../kernel/digest.ts';
import type { UpstreamName } from '../../kernel/image-name.ts';
import type { Clock } from '../../kernel/ports.ts';

/** What went to clients and what came from registries since the start of the site. */
export interface ImageMeter {
  /** Bytes came from an upstream, of a blob or a manifest. */
  fetched(upstream: UpstreamName, digest: Digest, bytes: number): void;
  /** Bytes went to a client. */
  sent(bytes: number): void;
  /** A client asks for a blob now. The answer hears how many bytes of its body have left. */
  answer(): { readonly onSent: (bytesSent: number, isHere: boolean) => void };
  readonly sentBytes: number;
  readonly fetchedBytes: ReadonlyMap<UpstreamName, number>;
  /** What came of each blob and manifest, those last that moved last. */
  readonly fetchedDigests: ReadonlyMap<Digest, number>;
}

/** As many as a store has layers in a few revisions. */
const MOST_DIGESTS = 1_000;

export type MeterPorts = {
  readonly clock: Clock;
  /** Hears how long a client waited for the first byte of a blob, and whether that was here when it asked. */
  readonly onFirstByte: (seconds: number, isHere: boolean) => void;
};

export function createImageMeter({ clock, onFirstByte }: MeterPorts): ImageMeter {
  const byUpstream = new Map<UpstreamName, number>();
  const byDigest = new Map<Digest, number>();
  let sentBytes = 0;
  return {
    fetched: (upstream, digest, bytes) => {
      byUpstream.set(upstream, (byUpstream.get(upstream) ?? 0) + bytes);
      const before = byDigest.get(digest) ?? 0;
      byDigest.delete(digest);
      byDigest.set(digest, before + bytes);
      if (byDigest.size > MOST_DIGESTS) for (const oldest of byDigest.keys()) return void byDigest.delete(oldest);
    },
    sent: (bytes) => {
      sentBytes += bytes;
    },
    answer: () => {
      const askedAt = clock.monotonic();
      let counted = 0;
      return {
        onSent: (bytesSent, isHere) => {
          if (counted === 0) onFirstByte((clock.monotonic() - askedAt) / 1_000, isHere);
          sentBytes += bytesSent - counted;
          counted = bytesSent;
        },
      };
    },
    get sentBytes() {
      return sentBytes;
    },
    fetchedBytes: byUpstream,
    fetchedDigests: byDigest,
  };
}
