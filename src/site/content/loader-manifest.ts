import { parse } from 'yaml';
import { z } from 'zod';
import { type Digest, parseDigest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Asset, AssetSource } from '../../model/revision.ts';

/** A loader of the manifest: an asset, and the kinds of DHCP clients that it is for. */
export type ManifestLoader = { readonly asset: Asset; readonly kinds: readonly string[] };

const digest = z.string().transform((text, context): Digest => {
  const parsed = parseDigest(text);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: 'expected a sha256 of 64 lower-case hex digits' });
  return z.NEVER;
});

/** As `apt-cache show` has it behind `Filename: pool/`. */
const POOL = /^[a-z0-9]+(\/[A-Za-z0-9+~._-]+)+\.deb$/;

const source = z.union([
  z.strictObject({ url: z.url({ protocol: /^https?$/ }) }).transform(({ url }): AssetSource => ({ kind: 'url', url })),
  z
    .strictObject({ file: z.string().startsWith('/') })
    .transform(({ file }): AssetSource => ({ kind: 'file', path: file })),
  z
    .strictObject({ debian: z.string(), path: z.string().regex(/^[^/]/), pool: z.string().regex(POOL).optional() })
    .transform(({ debian, path, pool }): AssetSource => {
      return { kind: 'debian', package: debian, path, ...(pool === undefined ? {} : { pool }) };
    }),
]);

/** Loader names are TFTP file names and URL segments: no slash, no blank. */
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'expected lower-case letters, digits, dot, dash and underscore');

const manifest = z.strictObject({
  loaders: z.record(
    name,
    z.strictObject({ kinds: z.array(z.string()), sha256: digest, sources: z.array(source).min(1) }),
  ),
});

/**
 * Reads the text of `boot-assets/manifest.yaml`.
 * @throws AppError `config-invalid` that names the place in the file
 */
export function parseLoaderManifest(text: string): ManifestLoader[] {
  const { loaders } = validate(text);
  return Object.entries(loaders).map(([loader, { kinds, sha256, sources }]) => ({
    asset: { name: loader, digest: sha256, sources },
    kinds,
  }));
}

/** The same loaders, each looked for in a folder of this machine first: for a box that cannot reach Debian. */
export function lookFirstIn(folder: string, loaders: readonly ManifestLoader[]): ManifestLoader[] {
  return loaders.map(({ asset, kinds }) => {
    const here: AssetSource = { kind: 'file', path: `${folder}/${asset.name}` };
    return { asset: { ...asset, sources: [here, ...asset.sources] }, kinds };
  });
}

function validate(text: string): z.infer<typeof manifest> {
  const document = ((): unknown => {
    try {
      return parse(text);
    } catch (cause) {
      throw new AppError('config-invalid', `manifest of loaders: ${(cause as Error).message}`, { cause });
    }
  })();
  const checked = manifest.safeParse(document);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AppError('config-invalid', `manifest of loaders: ${faults.join('; ')}`, { cause: checked.error });
}
