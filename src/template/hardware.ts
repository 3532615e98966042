import type { Admission, HardwareClass, UnknownMachines } from '../model/revision.ts';
import type { Context } from './context.ts';
import type { Path } from './places.ts';
import type { TemplateDocument } from './schema.ts';
import type { HardwareDocument } from './schema-parts.ts';
import type { Scope } from './text.ts';
import type { Plain } from './vars.ts';

/** A class of hardware with the variables that texts may use. */
export type CompiledHardware = { readonly class: HardwareClass; readonly vars: Readonly<Record<string, Plain>> };

/** The hardware classes of a document, in its order: the first that matches counts. */
export function compileHardware(
  documents: Readonly<Record<string, HardwareDocument>>,
  scope: Scope,
  context: Context,
): ReadonlyMap<string, CompiledHardware> {
  const entries = Object.entries(documents).map(([name, document]) => {
    const path = ['spec', 'hardware', name];
    const { manufacturer, product } = document.match;
    if (manufacturer === undefined && product === undefined && document.match.mac === undefined) {
      context.problems.value([...path, 'match'], 'expected a manufacturer, a product, a mac, or several of them');
    }
    const mac =
      document.match.mac === undefined
        ? undefined
        : macPattern([...path, 'match', 'mac'], document.match.mac, scope, context);
    const match = {
      ...(mac !== undefined && { mac }),
      ...(manufacturer !== undefined && {
        manufacturer: pattern([...path, 'match', 'manufacturer'], manufacturer, scope, context),
      }),
      ...(product !== undefined && { product: pattern([...path, 'match', 'product'], product, scope, context) }),
    };
    const { arch, loader, offer, localBoot } = document;
    return [
      name,
      {
        class: {
          ...{ name, match, arch, localBoot },
          ...(loader !== undefined && { loader }),
          ...(offer !== undefined && { offer }),
        },
        vars: renderVars([...path, 'vars'], document.vars, scope, context),
      },
    ] as const;
  });
  return new Map(entries);
}

/** Variables of a class or slot: texts rendered, everything else as it is. */
export function renderVars(
  path: Path,
  vars: Readonly<Record<string, Plain>>,
  scope: Scope,
  context: Context,
): Readonly<Record<string, Plain>> {
  const entries = Object.entries(vars).flatMap(([name, value]) => {
    const rendered = context.plain([...path, name], value, scope);
    return rendered === undefined ? [] : [[name, rendered] as const];
  });
  return Object.fromEntries(entries);
}

/** What happens to machines that fill no slot. */
export function compileUnknownMachines(
  document: TemplateDocument['spec']['unknownMachines'],
  scope: Scope,
  context: Context,
): UnknownMachines {
  const path = ['spec', 'unknownMachines'];
  return {
    action: document.action ?? 'hold',
    ...(document.action === 'hold' && { heldBesideOthers: true }),
    holdSeconds: context.seconds([...path, 'for'], document.for, scope, { min: '10s', max: '1d' }) ?? 0,
    // biome-ignore lint/suspicious/noThenProperty: the word of the template and of the noun; the value is never awaited
    then: document.then,
    ignore: document.ignore.flatMap(
      (text, index) => macPattern([...path, 'ignore', index], text, scope, context) ?? [],
    ),
  };
}

/** How many machines fetch their systems at once; undefined where the template does not say. */
export function compileAdmission(
  document: TemplateDocument['spec']['admission'],
  scope: Scope,
  context: Context,
): Admission | undefined {
  if (!document) return undefined;
  const path = ['spec', 'admission', 'starts'];
  return { starts: context.integer(path, document.starts, scope, { min: 1, max: 1000 }) ?? 1 };
}

function pattern(path: Path, value: string, scope: Scope, context: Context): string {
  const text = context.text(path, value, scope);
  if (text === '') context.wrong(path, 'a text, in which * stands for any text', text);
  return text ?? '';
}

/** A MAC address, or the beginning of one with a star. */
export function macPattern(path: Path, value: string, scope: Scope, context: Context): string | undefined {
  const text = context.text(path, value, scope)?.toLowerCase().replaceAll('-', ':');
  if (text === undefined) return undefined;
  const isPattern = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$|^([0-9a-f]{2}:){1,5}\*$/.test(text);
  return isPattern ? text : context.wrong(path, 'a MAC address or the beginning of one, such as 00:11:22:*', value);
}
