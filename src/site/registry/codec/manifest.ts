import type { Digest } from '../../../kernel/digest.ts';
import { parseOciDigest } from '../../../kernel/image-name.ts';
import type { Platform } from '../../../kernel/platform.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import { bareType, INDEX_TYPES, isForeignLayer, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';

/** What a manifest says of something it points at. OCI image-spec, descriptor.md. */
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** The parts of a manifest that a mirror acts on. Its bytes are kept and served as they came, never made from this. */
export type Manifest =
  | {
      readonly kind: 'image';
      readonly mediaType: string;
      readonly config: Descriptor;
      /** Without the layers that no registry has. */
      readonly layers: readonly Descriptor[];
      readonly subject?: Descriptor;
      readonly artifactType?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'index';
      readonly mediaType: string;
      readonly manifests: readonly Descriptor[];
      readonly subject?: Descriptor;
      readonly artifactType?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the text of a manifest or an index.
 * @param contentType what the registry called it; the media type that is kept is this one if we know it, else the one inside
 * @returns or a reason in a few words: not JSON, of another kind than it says, a schema 1 image, a digest that is not sha256
 */
export function parseManifest(text: string, contentType?: string): Result<Manifest, string> {
  const fields = parseFields(text);
  if (!fields) return err('is no JSON object');
  const mediaType = typeOf(fields, contentType);
  if (mediaType === undefined) return err('is of a kind that is not known here');
  // What is an image to one reader and an index to another would be two things under one digest (CVE-2021-41190).
  if ('manifests' in fields && ('layers' in fields || 'config' in fields))
    return err('is an image and an index at once');
  try {
    return ok(INDEX_TYPES.includes(mediaType) ? readIndex(fields, mediaType) : readImage(fields, mediaType));
  } catch (reason) {
    if (reason instanceof Unreadable) return err(reason.message);
    throw reason;
  }
}

/** Everything that has to be here before this manifest can be promised to a client, with the sizes that are known. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
}

/** An image has 127 layers at most, an index some dozen images. All that is named stays in memory, and in the file of its repository. */
const MOST_PARTS = 4_096;

/** How descriptors that cannot be read leave the reader; never seen outside of this file. */
class Unreadable extends Error {}

function readIndex(fields: Fields, mediaType: string): Manifest {
  return { kind: 'index', mediaType, manifests: listOf(fields['manifests'], 'manifests'), ...extrasOf(fields) };
}

function readImage(fields: Fields, mediaType: string): Manifest {
  const layers = listOf(fields['layers'], 'layers').filter((layer) => !isForeignLayer(layer.mediaType));
  return { kind: 'image', mediaType, config: descriptorOf(fields['config'], 'config'), layers, ...extrasOf(fields) };
}

function extrasOf(fields: Fields) {
  const { subject, artifactType } = fields;
  const annotations = textsOf(fields['annotations']);
  return {
    ...(subject === undefined || subject === null ? {} : { subject: descriptorOf(subject, 'subject') }),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function listOf(value: unknown, name: string): readonly Descriptor[] {
  if (!Array.isArray(value)) throw new Unreadable(`has no list of ${name}`);
  if (value.length > MOST_PARTS) throw new Unreadable(`has more than ${MOST_PARTS} ${name}`);
  return value.map((each: unknown, i) => descriptorOf(each, `${name}[${i}]`));
}

function descriptorOf(value: unknown, name: string): Descriptor {
  if (!isFields(value)) throw new Unreadable(`${name} is no descriptor`);
  const { mediaType, digest: digestText, size, artifactType } = value;
  const digest = typeof digestText === 'string' ? parseOciDigest(digestText) : undefined;
  if (!digest) throw new Unreadable(`${name} has no sha256 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw new Unreadable(`${name} has no size`);
  const platform = platformOf(value['platform']);
  const annotations = textsOf(value['annotations']);
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    sizeBytes: size,
    ...(platform ? { platform } : {}),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function platformOf(value: unknown): Platform | undefined {
  if (!isFields(value)) return undefined;
  const { os, architecture, variant } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return { os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) };
}

function textsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isFields(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** The header first: it is what clients were told. Then what stands inside, then the shape (OCI manifests may leave it out). */
function typeOf(fields: Fields, contentType = ''): string | undefined {
  const inside = typeof fields['mediaType'] === 'string' ? fields['mediaType'] : '';
  const said = [contentType, inside].map(bareType);
  const known = said.find((type) => KNOWN_TYPES.includes(type));
  if (known !== undefined) return known;
  const saysOther = inside !== '' || said.some((type) => SCHEMA_1.test(type));
  return saysOther || fields['schemaVersion'] !== 2 ? undefined : typeOfShape(fields);
}

const KNOWN_TYPES = [...INDEX_TYPES, ...MANIFEST_TYPES];
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

function typeOfShape(fields: Fields): string | undefined {
  if ('manifests' in fields) return OCI_INDEX;
  return 'layers' in fields ? OCI_MANIFEST : undefined;
}

function parseFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
