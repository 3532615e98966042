import { type CheckResult, ok, unseen, warning } from './result.ts';
import type { Plan, World } from './world.ts';

/** The site keeps so many free addresses of each network known, and the kernel remembers each that it asked for. */
const PROBED_PER_NETWORK = 64;
const RECEIVE_LIMIT = 'net.core.rmem_max';
const NEIGHBOUR_LIMIT = 'net.ipv4.neigh.default.gc_thresh3';

/** Limits of the kernel that only show when many machines boot at once. */
export async function checkKernel(plan: Plan, world: World): Promise<readonly CheckResult[]> {
  return [await checkReceive(plan, world), await checkNeighbours(plan, world)];
}

async function checkReceive({ receiveBytes }: Plan, world: World): Promise<CheckResult> {
  const name = 'receive buffers';
  const found = await world.kernelLimit(RECEIVE_LIMIT);
  if ('unseen' in found) return unseen(name, found.unseen, `Look on the machine itself: sysctl ${RECEIVE_LIMIT}`);
  if (found.seen >= receiveBytes) return ok(name, `DHCP and TFTP get the ${receiveBytes} bytes that they ask for`);
  const says = `DHCP and TFTP ask for ${receiveBytes} bytes and get ${found.seen} (${RECEIVE_LIMIT}): of many machines at once some are not heard`;
  return warning(name, says, `${setting(RECEIVE_LIMIT, receiveBytes)}. The socket units of systemd/ need none of it.`);
}

async function checkNeighbours({ networks }: Plan, world: World): Promise<CheckResult> {
  const name = 'neighbour table';
  const machines = networks.reduce((sum, network) => sum + network.machines, 0);
  const wanted = machines + networks.length * PROBED_PER_NETWORK;
  const found = await world.kernelLimit(NEIGHBOUR_LIMIT);
  if ('unseen' in found) return unseen(name, found.unseen, `Look on the machine itself: sysctl ${NEIGHBOUR_LIMIT}`);
  const room = `${machines} machines by the template, and the kernel remembers ${found.seen} neighbours`;
  if (found.seen >= wanted) return ok(name, room);
  const says = `${room} (${NEIGHBOUR_LIMIT}), of which the site needs up to ${wanted}: beyond, machines are not answered`;
  return warning(name, says, setting(NEIGHBOUR_LIMIT, 2 ** Math.ceil(Math.log2(wanted))));
}

function setting(key: string, value: number): string {
  const file = `/etc/sysctl.d/60-${key.split('.').at(-1)}.conf`;
  return `As root: echo ${key}=${value} >${file} && sysctl -p ${file}`;
}
