import { blobOf, type MadeBlob, makeBlob, makeLayer } from './made-blob.ts';

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';

/** A manifest or an index as a registry keeps it. */
export type MadeManifest = MadeBlob & { readonly mediaType: string; readonly artifactType?: string };

export type MadeImage = {
  /** What a tag would mean: the index if there is one. */
  readonly top: MadeManifest;
  /** Everything that is fetched by `/manifests/`, `top` among it. */
  readonly manifests: readonly MadeManifest[];
  /** Configs and layers. */
  readonly blobs: readonly MadeBlob[];
};

export type ImagePlan = {
  /** Images of different seeds have nothing in common. */
  readonly seed: string;
  /** Bytes of each layer, see `makeLayer`; the same for each platform, so two platforms are twice as much. */
  readonly layers?: readonly number[];
  /** `linux/amd64`, `linux/arm64/v8`; more than none makes an index. */
  readonly platforms?: readonly string[];
  /** Docker's media types instead of OCI's. */
  readonly docker?: boolean;
};

type Platform = { readonly os: string; readonly architecture: string; readonly variant?: string };

/** An image that podman, skopeo and containerd take for a real one: layers are tar archives with one file each. */
export function makeImage({ seed, layers = [2048, 4096], platforms, docker = false }: ImagePlan): MadeImage {
  const singles = (platforms ?? ['linux/amd64']).map((platform) =>
    single(`${seed} ${platform}`, platform, layers, docker),
  );
  const manifests = singles.map(({ manifest }) => manifest);
  const blobs = singles.flatMap((each) => each.blobs);
  const [first] = manifests;
  if (!platforms && first) return { top: first, manifests, blobs };
  const top = manifestOf(docker ? `${DOCKER}.distribution.manifest.list.v2+json` : `${OCI}.index.v1+json`, {
    manifests: singles.map(({ manifest, platform }) => ({ ...descriptorOf(manifest, manifest.mediaType), platform })),
  });
  return { top, manifests: [top, ...manifests], blobs };
}

/** A signature or the like: a manifest that has `subject`, with one small blob. */
export function makeReferrer(subject: MadeManifest, artifactType: string): MadeImage {
  const payload = makeBlob(`${artifactType} of ${subject.digest}`, 300);
  const config = blobOf(encode('{}'));
  const top = manifestOf(`${OCI}.manifest.v1+json`, {
    artifactType,
    config: descriptorOf(config, 'application/vnd.oci.empty.v1+json'),
    layers: [descriptorOf(payload, artifactType)],
    subject: descriptorOf(subject, subject.mediaType),
  });
  return { top: { ...top, artifactType }, manifests: [top], blobs: [config, payload] };
}

/** Bytes as a manifest of a kind, with whatever fields a test wants. */
export function manifestOf(mediaType: string, fields: object): MadeManifest {
  return { ...blobOf(encode(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }, null, 1))), mediaType };
}

export function descriptorOf(blob: MadeBlob, mediaType: string) {
  return { mediaType, digest: blob.digest, size: blob.sizeBytes };
}

function single(seed: string, platformText: string, sizes: readonly number[], docker: boolean) {
  const [os = '', architecture = '', variant] = platformText.split('/');
  const platform: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const layers = sizes.map((size, i) => makeLayer(`${seed} ${i}`, size));
  const config = blobOf(
    encode(
      JSON.stringify({
        ...platform,
        config: { Labels: { seed } },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
        history: layers.map(() => ({ created_by: 'a fake registry' })),
      }),
    ),
  );
  const layerType = docker ? `${DOCKER}.image.rootfs.diff.tar` : `${OCI}.layer.v1.tar`;
  const manifest = manifestOf(docker ? `${DOCKER}.distribution.manifest.v2+json` : `${OCI}.manifest.v1+json`, {
    config: descriptorOf(config, docker ? `${DOCKER}.container.image.v1+json` : `${OCI}.config.v1+json`),
    layers: layers.map((layer) => descriptorOf(layer, layerType)),
  });
  return { manifest, platform, blobs: [config, ...layers] };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
