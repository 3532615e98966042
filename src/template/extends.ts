import type { Arch, DocumentName } from '../model/revision.ts';
import type { Path, Problems } from './places.ts';
import { didYouMean } from './problem.ts';
import type { CmdlineValue, DocumentValue, InstallDocument, ProfileDocument } from './schema-slots.ts';

/** A value and the place where it was written, which may be another profile than the one that has it. */
export type At<T> = { readonly value: T; readonly path: Path };

export type CmdlineAt = ReadonlyMap<string, At<NonNullable<CmdlineValue>>>;
type PlanKey = Exclude<keyof InstallDocument, 'wipe'>;

/** A profile with all that it inherits. */
export type ResolvedProfile = {
  readonly name: string;
  readonly boots?: At<string>;
  readonly arch?: At<Arch>;
  readonly kind?: At<'live' | 'install'>;
  readonly install: ReadonlyMap<PlanKey, At<string | number>>;
  readonly cmdline: CmdlineAt;
  /** The words of `install.wipe.cmdline`. */
  readonly wipe: CmdlineAt;
  readonly documents: ReadonlyMap<DocumentName, At<NonNullable<DocumentValue>>>;
  /** Names of wanted images. */
  readonly images?: At<readonly string[]>;
};

/** Each profile with its parents laid under it, left to right; unknown parents and cycles are problems. */
export function resolveProfiles(
  documents: Readonly<Record<string, ProfileDocument>>,
  problems: Problems,
): ReadonlyMap<string, ResolvedProfile> {
  const resolved = new Map<string, ResolvedProfile>();

  function resolve(name: string, descent: readonly string[]): ResolvedProfile {
    const known = resolved.get(name);
    if (known) return known;
    const document = documents[name] ?? {};
    let profile: ResolvedProfile = {
      name,
      install: new Map(),
      cmdline: new Map(),
      wipe: new Map(),
      documents: new Map(),
    };
    for (const parent of parentsOf(name, document)) {
      if (!Object.hasOwn(documents, parent.value)) {
        problems.value(
          parent.path,
          `there is no profile "${parent.value}"${didYouMean(parent.value, Object.keys(documents))}`,
        );
      } else if ([...descent, name].includes(parent.value)) {
        const cycle = [...descent, name].slice([...descent, name].indexOf(parent.value));
        problems.value(parent.path, `profiles extend each other in a circle: ${[...cycle, parent.value].join(' → ')}`);
      } else profile = { ...layOver(profile, resolve(parent.value, [...descent, name])), name };
    }
    profile = withOwn(profile, document, ['spec', 'profiles', name]);
    resolved.set(name, profile);
    return profile;
  }

  for (const name of Object.keys(documents)) resolve(name, []);
  return resolved;
}

function parentsOf(name: string, document: ProfileDocument): readonly At<string>[] {
  const path = ['spec', 'profiles', name, 'extends'];
  if (document.extends === undefined || document.extends === null) return [];
  if (typeof document.extends === 'string') return [{ value: document.extends, path }];
  return document.extends.map((value, index) => ({ value, path: [...path, index] }));
}

function layOver(lower: ResolvedProfile, upper: ResolvedProfile): ResolvedProfile {
  return {
    ...lower,
    ...upper,
    install: new Map([...lower.install, ...upper.install]),
    cmdline: new Map([...lower.cmdline, ...upper.cmdline]),
    wipe: new Map([...lower.wipe, ...upper.wipe]),
    documents: new Map([...lower.documents, ...upper.documents]),
  };
}

function withOwn(inherited: ResolvedProfile, own: ProfileDocument, path: Path): ResolvedProfile {
  const boots = ownOr(inherited.boots, own.boots, [...path, 'boots']);
  const arch = ownOr(inherited.arch, own.arch, [...path, 'arch']);
  const kind = ownOr(inherited.kind, own.kind, [...path, 'kind']);
  const requires = own.requires === null ? null : own.requires?.images;
  const images = ownOr<readonly string[]>(inherited.images, requires, [...path, 'requires', 'images']);
  return {
    name: inherited.name,
    ...(boots && { boots }),
    ...(arch && { arch }),
    ...(kind && { kind }),
    ...(images && { images }),
    install:
      own.install === null
        ? new Map()
        : withEntries<PlanKey, string | number>(inherited.install, planOf(own.install ?? {}), [...path, 'install']),
    wipe: withOwnWipe(inherited.wipe, own.install, [...path, 'install', 'wipe', 'cmdline']),
    cmdline: own.cmdline === null ? new Map() : withEntries(inherited.cmdline, own.cmdline ?? {}, [...path, 'cmdline']),
    documents:
      own.documents === null
        ? new Map()
        : withEntries(inherited.documents, own.documents ?? {}, [...path, 'documents']),
  };
}

/** zod gives a key that was left out the value undefined in its type, though never in fact. */
function planOf({ wipe: _, ...plan }: InstallDocument): Readonly<Partial<Record<PlanKey, string | number>>> {
  return plan as Readonly<Partial<Record<PlanKey, string | number>>>;
}

/** null at any height takes all its words away. */
function withOwnWipe(inherited: CmdlineAt, install: InstallDocument | null | undefined, path: Path): CmdlineAt {
  if (install === null || install?.wipe === null || install?.wipe?.cmdline === null) return new Map();
  return withEntries(inherited, install?.wipe?.cmdline ?? {}, path);
}

function ownOr<T>(inherited: At<T> | undefined, own: T | null | undefined, path: Path): At<T> | undefined {
  if (own === undefined) return inherited;
  return own === null ? undefined : { value: own, path };
}

/** A changed word keeps its place on the command line; null takes it away. */
function withEntries<K extends string, V>(
  inherited: ReadonlyMap<K, At<NonNullable<V>>>,
  own: Readonly<Partial<Record<K, V>>>,
  path: Path,
): ReadonlyMap<K, At<NonNullable<V>>> {
  const merged = new Map(inherited);
  for (const key of Object.keys(own) as K[]) {
    const value = own[key];
    if (value === null) merged.delete(key);
    else if (value !== undefined) merged.set(key, { value, path: [...path, key] });
  }
  return merged;
}
