import type { Context } from './context.ts';
import type { DocumentTexts } from './documents.ts';
import type { ResolvedProfile } from './extends.ts';
import type { Path } from './places.ts';
import type { TemplateDocument } from './schema.ts';
import type { HoleRules, Scope } from './text.ts';

type Spec = TemplateDocument['spec'];

/** What is rendered once, for the site. */
const SITE_PARTS = [
  ...(['networks', 'hardware', 'assets', 'raspberryPi', 'unknownMachines', 'admission'] as const),
  ...(['images', 'wan', 'disk'] as const),
];

/**
 * Looks at every text without rendering one, also at those that no slot uses today: names that are not defined,
 * Liquid that cannot be read, holes that nobody fills.
 */
export function checkTexts(
  spec: Spec,
  profiles: Iterable<ResolvedProfile>,
  site: Scope,
  texts: DocumentTexts,
  context: Context,
): void {
  const anySlot = slotScope(spec, site);
  const root = ['spec'];
  const secrets = Object.keys(spec.secrets);
  const open = { secrets, mayHoldSecrets: false };
  for (const part of SITE_PARTS) walk([...root, part], spec[part], site, context);
  for (const [name, { description: _, count, ...slot }] of Object.entries(spec.slots)) {
    walk([...root, 'slots', name, 'count'], count, site, context);
    walk([...root, 'slots', name], slot, anySlot, context);
  }
  for (const [name, profile] of Object.entries(spec.profiles))
    checkProfile([...root, 'profiles', name], profile, anySlot, context, open);
  for (const profile of profiles) {
    for (const [name, document] of profile.documents) {
      const found = texts.find(name, document);
      if (found?.kind === 'text' && found.render)
        context.check(found.source, anySlot, { secrets, mayHoldSecrets: found.secret });
    }
  }
}

function checkProfile(
  path: Path,
  { cmdline, install: given }: Spec['profiles'][string],
  scope: Scope,
  context: Context,
  holes: HoleRules,
): void {
  walk([...path, 'cmdline'], cmdline, scope, context, holes);
  const { wipe, ...install } = given ?? {};
  walk([...path, 'install'], install, scope, context);
  walk([...path, 'install', 'wipe'], wipe, scope, context, holes);
}

/** Everything that some slot or class has: which slot has it is looked at when the profile is rendered for it. */
function slotScope(spec: Spec, site: Scope): Scope {
  const slotVars = Object.assign({}, ...Object.values(spec.slots).map((slot) => slot.vars)) as Scope;
  const hardwareVars = Object.assign({}, ...Object.values(spec.hardware).map((one) => one.vars)) as Scope;
  return {
    ...site,
    slot: { name: 'slot', n: 1, index: 0, vars: slotVars },
    hardware: { name: 'hardware', arch: 'amd64', vars: hardwareVars },
  };
}

function walk(path: Path, value: unknown, scope: Scope, context: Context, holes?: HoleRules): void {
  if (typeof value === 'string') context.check(context.source(path, value), scope, holes);
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) walk([...path, index], item, scope, context, holes);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) walk([...path, key], child, scope, context, holes);
  }
}
