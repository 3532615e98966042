import type { CommandBody, SlotCommand } from '../../wire/api/commands.ts';
import { NEEDS_NO_PIN } from '../../wire/api/commands.ts';
import type { NodeView, SiteStatus } from '../../wire/api/views.ts';
import type { BUTTONS } from './plain.ts';

export type ActionName = keyof typeof BUTTONS;

/** What a person has given with an action. */
export type Given = { readonly code: string; readonly wipe: boolean };

/** One thing that a person may do with a slot. */
export type Action = {
  readonly command: SlotCommand;
  /** Something is lost that nobody can bring back. */
  readonly destroys: boolean;
  readonly needsCode: boolean;
  readonly mayWipe: boolean;
  /** What happens, in a sentence, before it is done. */
  readonly will: (node: NodeView, status: SiteStatus | undefined, given: Given) => string;
  readonly body: (given: Given) => CommandBody;
};

const simple = { destroys: false, needsCode: false, mayWipe: false, body: () => ({}) } as const;
const byCode = {
  needsCode: true,
  mayWipe: false,
  body: ({ code }: Given) => ({ code: code.trim().toUpperCase() }),
} as const;

export const ACTIONS: Readonly<Record<Exclude<ActionName, 'arm'>, Action>> = {
  claim: {
    ...{ command: 'claim', destroys: false, ...byCode },
    will: (node, status) => `The machine that shows the code becomes ${node.slot}. ${fate(node, status)}`,
  },
  replace: {
    ...{ command: 'replace', destroys: true, ...byCode },
    will: (node, status) =>
      `The machine that shows the code takes over ${node.slot}, and the one before it can no longer be ${node.slot}. ${fate(node, status)}`,
  },
  reinstall: {
    ...{ ...simple, command: 'reinstall', destroys: true, mayWipe: true },
    will: ({ slot }, _status, { wipe }) =>
      wipe
        ? `When ${slot} is switched on next, its whole disk is erased with everything on it, and then it is installed anew.`
        : `When ${slot} is switched on next, it is installed anew over what is on its disk.`,
    body: ({ wipe }) => ({ wipe }),
  },
  release: {
    ...{ ...simple, command: 'release', destroys: true },
    will: ({ slot }) =>
      `${slot} becomes empty. Its machine keeps what is on its disk, and is used again only with the code on its screen.`,
  },
  hold: {
    ...{ ...simple, command: 'hold' },
    will: ({ slot }) => `Nothing is installed on ${slot} until the hold is ended. What runs there goes on.`,
    body: () => ({ on: true }),
  },
  unhold: {
    ...{ ...simple, command: 'hold' },
    will: ({ slot }) =>
      `${slot} may be installed again. If an install is ordered, it begins when the machine is switched on next.`,
    body: () => ({ on: false }),
  },
  confirm: {
    ...{ ...simple, command: 'confirm' },
    will: ({ slot }) =>
      `The install of ${slot} counts as done, and from now on it starts from its own disk. Say so only if you have seen it work.`,
  },
};

/** Whether an action asks for the PIN of the site. */
export function needsPin(name: ActionName): boolean {
  return name === 'arm' || !NEEDS_NO_PIN.includes(ACTIONS[name].command);
}

/** What becomes of the disk of a machine that comes into a slot. */
function fate({ install }: NodeView, status: SiteStatus | undefined): string {
  if (!install) return 'It starts from this site, and nothing is installed on its disk.';
  if (status?.armed === false) return 'It is not installed, because nothing may be installed in this store yet.';
  if (install.held) return 'It is not installed as long as the slot is on hold.';
  return 'It is installed, and what is on its disk is erased.';
}

/** What can be done with a slot now, the likeliest first. */
export function actionsFor(node: NodeView, status: SiteStatus | undefined): ActionName[] {
  const { install, state } = node;
  const holding: ActionName[] = install ? [install.held ? 'unhold' : 'hold'] : [];
  if (state === 'empty') return ['claim', ...holding];
  const isOpen = install?.orders.some((order) => ['open', 'installing', 'parked'].includes(order.state)) ?? false;
  const mayInstall = install && status?.armed !== false && !install.held;
  return [
    ...(node.busy === undefined ? (['replace'] as const) : []),
    ...(mayInstall ? (['reinstall'] as const) : []),
    ...(isOpen ? (['confirm'] as const) : []),
    ...holding,
    'release',
  ];
}
