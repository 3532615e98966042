/** What an image runs on, in the words of the OCI image-spec. */
export type Platform = { readonly os: string; readonly architecture: string; readonly variant?: string };

/** Reads `linux/amd64` or `linux/arm64/v8`; undefined for anything else. */
export function parsePlatform(text: string): Platform | undefined {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** Whether an entry of an index is for a platform that is wanted; a variant that is not asked for may be any. */
export function isForPlatform(wanted: Platform, offered: Platform): boolean {
  const sameKind = wanted.os === offered.os && wanted.architecture === offered.architecture;
  return sameKind && (wanted.variant === undefined || variantOf(wanted) === variantOf(offered));
}

/** arm64 is v8 whether it says so or not; 32-bit arm without a variant is v7 to containerd. */
function variantOf({ architecture, variant }: Platform): string | undefined {
  if (variant !== undefined) return variant;
  return { arm64: 'v8', arm: 'v7' }[architecture];
}
