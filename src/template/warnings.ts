import { formatSubnet, ipv4ToNumber } from '../kernel/ipv4.ts';
import type { Network, NetworkMode } from '../model/network.ts';
import type { Revision } from '../model/revision.ts';

/** Something about a change that a person should know before it goes out; `high` may take machines out of work. */
export type PlanWarning = { readonly weight: 'high' | 'medium'; readonly text: string };

type Content = Omit<Revision, 'number' | 'digest'>;

/** What a change of a site's revision does beside what it says. */
export function warningsOf(before: Content, after: Content): readonly PlanWarning[] {
  return [...slotWarnings(before, after), ...networkWarnings(before, after), ...unknownWarnings(before, after)];
}

function slotWarnings(before: Content, after: Content): readonly PlanWarning[] {
  const gone = Object.keys(before.slots).filter((name) => !Object.hasOwn(after.slots, name));
  const installed = Object.values(after.slots).filter(({ name, profile }) => {
    const old = before.slots[name]?.profile;
    return profile.kind === 'install' && old?.kind === 'install' && old.digest !== profile.digest;
  });
  const turned = Object.values(after.slots).filter(({ name, profile }) => {
    const old = before.slots[name]?.profile;
    return old && old.kind !== profile.kind;
  });
  return [
    ...said(
      gone,
      'high',
      (names) => `${names} vanish${gone.length === 1 ? 'es' : ''}: a machine there becomes an unknown one`,
    ),
    ...said(
      turned.map(({ name }) => name),
      'high',
      (names) => `${names}: what is installed and what runs from memory change places`,
    ),
    ...said(
      installed.map(({ name }) => name),
      'medium',
      (names) =>
        `${names} then differ${installed.length === 1 ? 's' : ''} from installed; nothing is installed before somebody orders it`,
    ),
  ];
}

function networkWarnings(before: Content, after: Content): readonly PlanWarning[] {
  return Object.values(before.networks).flatMap((old): readonly PlanWarning[] => {
    const now = after.networks[old.name];
    if (!now) return [{ weight: 'high', text: `network ${old.name} vanishes: its machines get no address` }];
    if (formatSubnet(old.subnet) !== formatSubnet(now.subnet))
      return [
        {
          weight: 'high',
          text: `network ${old.name} moves from ${formatSubnet(old.subnet)} to ${formatSubnet(now.subnet)}: the appliance needs an address there`,
        },
      ];
    if (old.mode !== now.mode) return [{ weight: 'high', text: `network ${old.name}: ${MODE_CHANGES[now.mode]}` }];
    return shrinks(old, now)
      ? [{ weight: 'medium', text: `the pool of network ${old.name} shrinks: leases outside of it are not renewed` }]
      : [];
  });
}

/** What changes for the machines of a network that comes into another mode. */
const MODE_CHANGES: Readonly<Record<NetworkMode, string>> = {
  authoritative: 'the site leases its addresses from now on: no other DHCP server may run there',
  proxy: 'the site leases no address there any more: another DHCP server must',
  auto: 'the site looks whether another DHCP server leases there, and boots no machine meanwhile',
};

function shrinks({ pool: old }: Network, { pool: now }: Network): boolean {
  if (!old) return false;
  return !now || ipv4ToNumber(now.first) > ipv4ToNumber(old.first) || ipv4ToNumber(now.last) < ipv4ToNumber(old.last);
}

function unknownWarnings({ unknownMachines: old }: Content, { unknownMachines: now }: Content): readonly PlanWarning[] {
  if (old.action === now.action) return [];
  const text =
    now.action === 'ignore'
      ? 'unknown machines are not answered any more: nobody can claim one'
      : 'unknown machines are held with a code on their screens, where nobody answered them before';
  return [{ weight: 'medium', text }];
}

function said(
  slots: readonly string[],
  weight: PlanWarning['weight'],
  sentence: (names: string) => string,
): readonly PlanWarning[] {
  if (slots.length === 0) return [];
  const names = slots.length > 4 ? `${slots.slice(0, 3).join(', ')} and ${slots.length - 3} more` : slots.join(', ');
  return [{ weight, text: sentence(names) }];
}
