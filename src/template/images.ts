import {
  type ImageReference,
  parseImageReference,
  parseUpstreamName,
  type UpstreamName,
} from '../kernel/image-name.ts';
import { type Platform, parsePlatform } from '../kernel/platform.ts';
import type { Images, Upstream, WantedImage } from '../model/images.ts';
import type { Context } from './context.ts';
import type { Path } from './places.ts';
import { didYouMean } from './problem.ts';
import type { ImagesDocument, UpstreamDocument } from './schema-images.ts';
import type { Scope } from './text.ts';

type Where = { readonly scope: Scope; readonly context: Context };

/** What a template says of container images; undefined where it says nothing. */
export function compileImages(
  document: ImagesDocument | undefined,
  secrets: readonly string[],
  { scope, context }: Where,
): Images | undefined {
  if (!document) return undefined;
  const path = ['spec', 'images'];
  const upstreams = Object.entries(document.upstreams).flatMap(
    ([name, one]) => compileUpstream([...path, 'upstreams', name], name, one, secrets, { scope, context }) ?? [],
  );
  checkTogether([...path, 'upstreams'], upstreams, context);
  const wanted = Object.entries(document.wanted).flatMap(([name, one]) => {
    const at = [...path, 'wanted', name];
    const image = compileReference([...at, 'ref'], one.ref, upstreams, { scope, context });
    const platforms = one.platforms.flatMap(
      (text, index) => compilePlatform([...at, 'platforms', index], text, { scope, context }) ?? [],
    );
    return image ? [{ name, image, platforms, referrers: one.referrers } satisfies WantedImage] : [];
  });
  const bounds = { min: '10s', max: '7d' };
  const tagsFreshSeconds = context.seconds([...path, 'tagsFreshFor'], document.tagsFreshFor, scope, bounds) ?? 0;
  return { upstreams, wanted, tagsFreshSeconds };
}

/** Says which images a profile requires that the template does not want. */
export function checkRequired(path: Path, names: readonly string[], wanted: readonly string[], context: Context): void {
  for (const [index, name] of names.entries()) {
    if (!wanted.includes(name))
      context.problems.value([...path, index], `there is no wanted image "${name}"${didYouMean(name, wanted)}`);
  }
}

function compileUpstream(
  path: Path,
  name: string,
  document: UpstreamDocument,
  secrets: readonly string[],
  { scope, context }: Where,
): Upstream | undefined {
  const upstream = parseUpstreamName(name);
  if (!upstream) {
    context.problems.key(path, 'expected the host of a registry, such as registry.example.com or localhost:5000');
    return undefined;
  }
  const url =
    document.url === undefined ? defaultUrl(upstream) : compileUrl([...path, 'url'], document.url, { scope, context });
  const credentials = compileCredentials(path, document, secrets, { scope, context });
  const ca = document.ca === undefined ? undefined : compileCa([...path, 'ca'], document.ca, { scope, context });
  if (!url) return undefined;
  return {
    name: upstream,
    url,
    ...(credentials && { credentials }),
    repositories: document.repositories.flatMap(
      (text, index) => compileRepositories([...path, 'repositories', index], text, { scope, context }) ?? [],
    ),
    access: document.access ?? (credentials ? 'known-machines' : 'anyone'),
    isDefault: document.default === true,
    tokenHosts: document.tokenHosts.flatMap(
      (text, index) => compileHost([...path, 'tokenHosts', index], text, { scope, context }) ?? [],
    ),
    ...(ca !== undefined && { ca }),
  };
}

/** Docker Hub is reached under another name than images have. */
function defaultUrl(name: UpstreamName): string {
  return `https://${name === 'docker.io' ? 'registry-1.docker.io' : name}`;
}

/** One name, one default: two keys may mean the same registry, as `docker.io` and `index.docker.io` do. */
function checkTogether(path: Path, upstreams: readonly Upstream[], { problems }: Context): void {
  const seen = new Set<string>();
  let standard: Upstream | undefined;
  for (const one of upstreams) {
    if (seen.has(one.name)) problems.value(path, `two upstreams are ${one.name}`);
    seen.add(one.name);
    if (one.isDefault && standard) problems.value(path, `both ${standard.name} and ${one.name} are the default`);
    if (one.isDefault) standard = one;
  }
}

function compileUrl(path: Path, value: string, { scope, context }: Where): string | undefined {
  const text = context.text(path, value, scope)?.replace(/\/+$/, '');
  if (text === undefined) return undefined;
  return /^https?:\/\/[^\s/?#@]+$/.test(text)
    ? text
    : context.wrong(path, 'the address of a registry without a path, such as https://registry.example.com', text);
}

function compileCredentials(
  path: Path,
  { credentials }: UpstreamDocument,
  secrets: readonly string[],
  { scope, context }: Where,
): Upstream['credentials'] {
  if (!credentials) return undefined;
  const at = [...path, 'credentials'];
  const user = context.text([...at, 'user'], credentials.user, scope);
  if (!secrets.includes(credentials.secret))
    context.problems.value(
      [...at, 'secret'],
      `there is no secret "${credentials.secret}": declare it below \`secrets\`${didYouMean(credentials.secret, secrets)}`,
    );
  // RFC 7617: a colon would end the name.
  if (user === '' || user?.includes(':')) return context.wrong([...at, 'user'], 'a user name without a colon', user);
  return user === undefined ? undefined : { user, secret: credentials.secret };
}

function compileRepositories(path: Path, value: string, { scope, context }: Where): string | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  return /^[a-z0-9*][a-z0-9._/*-]{0,254}$/.test(text)
    ? text
    : context.wrong(path, 'a repository such as pos/app, or a pattern such as pos/*', text);
}

function compileHost(path: Path, value: string, { scope, context }: Where): string | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  return parseUpstreamName(text) ? text.toLowerCase() : context.wrong(path, 'a host such as auth.example.com', text);
}

function compileCa(path: Path, value: string, { scope, context }: Where): string | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  return /^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----$/.test(text)
    ? text
    : context.wrong(path, 'certificates in PEM', text);
}

function compileReference(
  path: Path,
  value: string,
  upstreams: readonly Upstream[],
  { scope, context }: Where,
): ImageReference | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  const image = parseImageReference(text);
  if (!image) return context.wrong(path, 'an image such as registry.example.com/pos/app:1.4', text);
  const names = upstreams.map((one) => one.name);
  if (names.includes(image.upstream)) return image;
  context.problems.value(path, `there is no upstream "${image.upstream}"${didYouMean(image.upstream, names)}`);
  return undefined;
}

function compilePlatform(path: Path, value: string, { scope, context }: Where): Platform | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  return parsePlatform(text) ?? context.wrong(path, 'a platform such as linux/amd64 or linux/arm64/v8', text);
}
