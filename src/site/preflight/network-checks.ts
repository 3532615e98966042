import type { Ipv4 } from '../../kernel/ipv4.ts';
import { formatSubnet, isInSubnet } from '../../kernel/ipv4.ts';
import { type CheckResult, failed, ok, unseen, warning } from './result.ts';
import type { Plan, PlannedNetwork, World } from './world.ts';

/** The address that the site would have in a network, if any. */
export function ownAddress(network: PlannedNetwork, world: Pick<World, 'interfaces'>): Ipv4[] {
  const found = world.interfaces().find((candidate) => candidate.name === network.interface);
  const address = found?.addresses.find((candidate) => isInSubnet(candidate, network.subnet));
  return address ? [address] : [];
}

export function checkInterface(network: PlannedNetwork, world: World): CheckResult {
  const name = `interface ${network.interface}`;
  const all = world.interfaces();
  const found = all.find((candidate) => candidate.name === network.interface);
  if (!found) {
    const names = all.map((candidate) => candidate.name).join(', ');
    const says = `this machine has no ${network.interface}, only ${names}`;
    return failed(name, says, 'Correct `interfaces` in the site file.');
  }
  const subnet = formatSubnet(network.subnet);
  const [address] = ownAddress(network, world);
  if (address === undefined) {
    const has = found.addresses.length > 0 ? found.addresses.join(', ') : 'no IPv4 address';
    const says = `has ${has}, which is not in the network ${network.name} (${subnet})`;
    const command = `ip address add ADDRESS/${network.subnet.prefix} dev ${network.interface}`;
    return failed(name, says, `Give it an address of that network: ${command}`);
  }
  const others = found.addresses.filter((candidate) => candidate !== address);
  const too = others.length === 0 ? '' : `; it is in other networks, too (${others.join(', ')})`;
  const says = `has ${address} in the network ${network.name} (${subnet})${too}`;
  const prefix = found.prefixes?.[address];
  if (prefix !== undefined && prefix > network.subnet.prefix) {
    const short = `has ${address}/${prefix}, and the network ${network.name} is ${subnet}: it may not reach all machines there`;
    const doThis = `Give it the prefix of the network: ip address replace ${address}/${network.subnet.prefix} dev ${network.interface}, then take the other away.`;
    return warning(name, short, doThis);
  }
  if (found.hasCarrier !== false) return ok(name, says);
  return warning(
    name,
    `${says}, but no cable is plugged in, or the other end is off`,
    'Plug it in; machines wait for it.',
  );
}

/** Two hosts with one address: machines reach now the one, now the other. */
export async function checkAddress(network: PlannedNetwork, world: World): Promise<readonly CheckResult[]> {
  const [address] = ownAddress(network, world);
  if (address === undefined) return [];
  const name = `address ${address}`;
  const found = await world.addressTaken(network.interface, address);
  if ('unseen' in found)
    return [unseen(name, `whether another host has it, too: ${found.unseen}`, LOOK_BY_HAND(network, address))];
  if (!found.seen) return [ok(name, `no other host on ${network.interface} has it`)];
  const doThis = `Give this machine another address, or find the other one: arping -D -I ${network.interface} ${address}`;
  return [failed(name, `another host on ${network.interface} has it, too`, doThis)];
}

const LOOK_BY_HAND = ({ interface: device }: PlannedNetwork, address: Ipv4): string =>
  `To look, as root: apt-get install iputils-arping && arping -D -c 2 -I ${device} ${address}`;

export async function checkPorts(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  const addresses = plan.networks.flatMap((network) => ownAddress(network, world));
  const wanted = plan.ports.flatMap((port) => addresses.map((address) => ({ ...port, address })));
  return Promise.all(
    wanted.map(async ({ protocol, port, address, for: purpose }): Promise<CheckResult> => {
      const name = `port ${port}/${protocol}`;
      const found = await world.cannotBind(protocol, address, port);
      if (!found) return ok(name, `free on ${address} for ${purpose}`);
      if (found.notAllowed) return unseen(name, `whether ${purpose} can use it on ${address}: ${found.because}`);
      const doThis = `\`ss -lnp\` shows who has port ${port}; stop that program, or start Slipway with the rights to use it.`;
      return failed(name, `${purpose} cannot use it on ${address}: ${found.because}`, doThis);
    }),
  );
}

/** Who else gives out addresses where the site does, or whether anybody does where it does not. */
export async function checkServers(network: PlannedNetwork, world: World): Promise<readonly CheckResult[]> {
  const [own] = ownAddress(network, world);
  if (own === undefined) return [];
  const name = `DHCP in ${network.name}`;
  const found = await world.otherServers(network, own);
  if ('unseen' in found)
    return [
      unseen(
        name,
        `whether others answer there: ${found.unseen}`,
        'Look again when the site runs, as its user or as root.',
      ),
    ];
  const names = found.seen.map(({ address, mac }) => (mac === undefined ? address : `${address} (${mac})`)).join(', ');
  if (network.needsServer) {
    if (found.seen.length > 0) return [ok(name, `${names} gives out the addresses, and the site adds the boot`)];
    const doThis = 'Start the DHCP server of this network, or say `mode: authoritative` in the template.';
    return [warning(name, 'nobody gives out addresses there, and the site is told not to (mode: proxy)', doThis)];
  }
  const strangers = found.seen.filter(({ allowed }) => !allowed);
  if (strangers.length === 0)
    return [ok(name, found.seen.length === 0 ? 'nobody else answers there' : `${names} is known to the template`)];
  const doThis =
    'Switch that one off, name it in `otherServers` of the network, or let the site only add the boot (`mode: proxy`).';
  return [warning(name, `${names} answers there, too: machines take whichever answer they like`, doThis)];
}
