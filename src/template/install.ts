import { DOCUMENT_HOLES, findHoles } from '../model/holes.ts';
import type { Completion } from '../model/order.ts';
import type { CmdlineWord, DocumentName, InstallPlan } from '../model/revision.ts';
import { compileCmdline } from './cmdline.ts';
import type { Context } from './context.ts';
import type { CmdlineAt, ResolvedProfile } from './extends.ts';
import type { Scope } from './text.ts';

/** Any of these is a configuration whose fetching counts as an attempt. */
const CONFIGURATIONS: readonly DocumentName[] = ['user-data', 'talos', 'ignition', 'preseed', 'kickstart'];

type Where = { readonly scope: Scope; readonly slot: string };

/**
 * The install plan of a profile for one slot; undefined for a live one, and for one that is wrong, which has been said.
 * @param cmdline the command line of every boot
 */
export function compileInstall(
  profile: ResolvedProfile,
  cmdline: readonly CmdlineWord[],
  where: Where,
  context: Context,
): InstallPlan | undefined {
  const { problems } = context;
  const path = ['spec', 'profiles', profile.name];
  const { install } = profile;
  if (profile.kind?.value !== 'install') {
    const [stray] = [...install.values(), ...profile.wipe.values()];
    if (stray)
      problems.key(stray.path.slice(0, path.length + 1), 'only a profile of `kind: install` can have `install`');
    return undefined;
  }
  const completes = install.get('completes');
  if (!completes) {
    problems.key(path, 'an install needs `install.completes`: what shows that it is complete');
    return undefined;
  }
  if (!CONFIGURATIONS.some((name) => profile.documents.has(name)))
    problems.key(
      path,
      `an install needs a configuration (one of ${CONFIGURATIONS.join(', ')}): fetching it counts as an attempt`,
    );
  const attempts = install.get('attempts');
  const within = install.get('within');
  const disk = install.get('disk');
  const attemptCount = attempts && context.integer(attempts.path, attempts.value, where.scope, { min: 1, max: 10 });
  const withinSeconds =
    within && context.seconds(within.path, String(within.value), where.scope, { min: '5m', max: '7d' });
  const diskName = disk && context.text(disk.path, String(disk.value), where.scope, where.slot);
  const wipe = compileWipe(profile, cmdline, where, context);
  return {
    completes: completes.value as Completion,
    attempts: attemptCount ?? 3,
    withinSeconds: withinSeconds ?? 45 * 60,
    ...(diskName && { disk: diskName }),
    ...(wipe.length > 0 && { wipe }),
  };
}

/** Words that our own templates and Talos take for "erase the disk": at every boot nobody means them. */
const ERASING: readonly string[] = ['talos.experimental.wipe', 'slipway.wipe'];

/** A word that erases a disk and stands on the command line of every boot would erase it at every boot. */
export function checkErasing({ cmdline }: ResolvedProfile, { problems }: Context): void {
  for (const key of ERASING) {
    const path = cmdline.get(key)?.path;
    if (path) problems.key(path, `"${key}" would erase the disk at every boot: it belongs into install.wipe.cmdline`);
  }
}

function compileWipe(
  profile: ResolvedProfile,
  cmdline: readonly CmdlineWord[],
  { scope, slot }: Where,
  context: Context,
): readonly CmdlineWord[] {
  for (const [key, { path }] of profile.wipe)
    if (profile.cmdline.has(key))
      context.problems.key(
        path,
        `"${key}" is in \`cmdline\` too: there it counts at every boot, and here it must be new`,
      );
  const path = ['spec', 'profiles', profile.name];
  const wipe = compileCmdline(profile.wipe, { path, scope, slot, before: cmdline }, context);
  checkAdvertised(profile, profile.wipe, wipe, slot, context);
  return wipe;
}

/**
 * What a command line advertises must be there: a system that asks in vain for its configuration waits, or stops.
 * `written` is where its words stand.
 */
export function checkAdvertised(
  profile: ResolvedProfile,
  written: CmdlineAt,
  cmdline: readonly CmdlineWord[],
  slot: string,
  { problems }: Context,
): void {
  for (const { key, value } of cmdline) {
    const path = written.get(key)?.path ?? ['spec', 'profiles', profile.name, 'cmdline'];
    for (const { name, document } of advertisedIn(value === true ? '' : value)) {
      if (!profile.documents.has(document))
        problems.value(path, `it names @{${name}}, but the profile has no document "${document}"`, { slot });
    }
  }
}

/** A seed of NoCloud is served also where the template gives none. */
function advertisedIn(value: string): readonly { readonly name: string; readonly document: DocumentName }[] {
  return findHoles(value).flatMap(({ name }) => {
    const isDocument = Object.hasOwn(DOCUMENT_HOLES, name) && name !== 'boot.url.nocloud';
    return isDocument ? [{ name, document: DOCUMENT_HOLES[name as keyof typeof DOCUMENT_HOLES] }] : [];
  });
}
