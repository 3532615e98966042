import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Digest } from '../kernel/digest.ts';
import type { Arch, BootFile, Document, Profile } from '../model/revision.ts';
import type { BootFiles, CompiledAssets } from './assets.ts';
import { compileCmdline } from './cmdline.ts';
import type { Context } from './context.ts';
import type { DocumentTexts } from './documents.ts';
import type { ResolvedProfile } from './extends.ts';
import { checkRequired } from './images.ts';
import { checkAdvertised, checkErasing, compileInstall } from './install.ts';
import { didYouMean } from './problem.ts';
import type { Scope } from './text.ts';

/** What a profile is rendered for. */
export type SlotView = {
  readonly name: string;
  readonly scope: Scope;
  /** Architecture of the slot's hardware class, if it names one. */
  readonly arch?: Arch;
};

/** Renders a profile for one slot, with the files that it boots. Problems name the slot. */
export function compileProfile(
  profile: ResolvedProfile,
  slot: SlotView,
  parts: {
    readonly assets: CompiledAssets;
    readonly texts: DocumentTexts;
    readonly context: Context;
    readonly sha256: (text: string) => Digest;
  },
): { readonly profile: Profile; readonly files: BootFiles } | undefined {
  const { context } = parts;
  const path = ['spec', 'profiles', profile.name];
  const boot = chooseFiles(profile, slot, parts.assets, context);
  const cmdline = compileCmdline(profile.cmdline, { path, scope: slot.scope, slot: slot.name }, context);
  const documents = Object.fromEntries(
    [...profile.documents].flatMap(([name, written]) => {
      const found = parts.texts.find(name, written);
      const document = found && parts.texts.compile(name, found, { scope: slot.scope, slot: slot.name });
      return document ? [[name, document] as const] : [];
    }),
  ) satisfies Record<string, Document>;
  checkErasing(profile, context);
  const install = compileInstall(profile, cmdline, { scope: slot.scope, slot: slot.name }, context);
  checkAdvertised(profile, profile.cmdline, cmdline, slot.name, context);
  if (!boot) return undefined;
  const { files, arch } = boot;
  const kernel = bootFile(files.kernel);
  const initrds = files.initrds.map(bootFile);
  const content = {
    name: profile.name,
    kind: profile.kind?.value ?? 'live',
    ...(install && { install }),
    ...{ arch, kernel, initrds, cmdline, documents },
  };
  const required = profile.images?.value ?? [];
  return {
    profile: {
      // What is installed does not change with what had to be here before.
      ...{ digest: parts.sha256(canonicalJson(content)), ...content },
      ...(required.length > 0 && { requiresImages: required }),
    },
    files,
  };
}

function bootFile(asset: BootFile): BootFile {
  return { digest: asset.digest, name: asset.name };
}

function chooseFiles(
  profile: ResolvedProfile,
  slot: SlotView,
  assets: CompiledAssets,
  { problems }: Context,
): { readonly arch: Arch; readonly files: BootFiles } | undefined {
  const details = { slot: slot.name };
  const { boots, arch: own } = profile;
  if (!boots) {
    const path = ['spec', 'profiles', profile.name];
    problems.key(path, 'a slot boots this profile, but neither it nor what it extends says `boots`', details);
    return undefined;
  }
  const byArch = assets.get(boots.value);
  // An asset that does not exist, or is wrong itself, was reported where it stands.
  if (!byArch) return undefined;
  if (own && slot.arch && own.value !== slot.arch) {
    problems.value(own.path, `the profile is for ${own.value}, but the hardware is ${slot.arch}`, details);
    return undefined;
  }
  const arch = slot.arch ?? own?.value ?? onlyKey(byArch);
  const files = arch && byArch.get(arch);
  if (arch && files) return { arch, files };
  const message = arch
    ? `"${boots.value}" has no kernel for ${arch}`
    : `"${boots.value}" has files for several architectures: name the hardware of the slot, or the \`arch\` of the profile`;
  problems.value(boots.path, message, details);
  return undefined;
}

function onlyKey<K>(map: ReadonlyMap<K, unknown>): K | undefined {
  return map.size === 1 ? [...map.keys()][0] : undefined;
}

/** Says what is wrong with references of profiles that a slot may or may not use. */
export function checkProfileReferences(
  profiles: Iterable<ResolvedProfile>,
  known: { readonly assets: readonly string[]; readonly images: readonly string[] },
  context: Context,
): void {
  for (const { boots, images } of profiles) {
    if (boots && !known.assets.includes(boots.value)) {
      const guess = didYouMean(boots.value, known.assets);
      context.problems.value(boots.path, `there is no asset "${boots.value}"${guess}`);
    }
    if (images) checkRequired(images.path, images.value, known.images, context);
  }
}
