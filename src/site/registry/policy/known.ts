import type { Digest } from '../../../kernel/digest.ts';
import type { Tag } from '../../../kernel/image-name.ts';
import type { Platform } from '../../../kernel/platform.ts';

/** What a tag meant when the upstream was asked last. */
export type KnownTag = { readonly digest: Digest /** Milliseconds since 1970. */; readonly checkedAt: number };

/** What a manifest names, and how large it is: enough to tell what is missing of an image without reading its bytes. */
export type KnownManifest = {
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly parts: readonly ManifestPart[];
  /** The manifest that this one says something about, such as one that it signs. */
  readonly subject?: Digest;
};
/** `manifest`: one for a platform, in an index; `blob`: a config or a layer. */
export type ManifestPart = {
  readonly kind: 'manifest' | 'blob';
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Of an entry of an index. */
  readonly platform?: Platform;
};

/** One repository of one upstream, as far as this site has seen it. */
export type KnownRepository = {
  readonly tags: ReadonlyMap<Tag, KnownTag>;
  readonly manifests: ReadonlyMap<Digest, KnownManifest>;
  /** Blobs that the upstream has in it, though no manifest that is here names them. */
  readonly blobs: ReadonlySet<Digest>;
};
