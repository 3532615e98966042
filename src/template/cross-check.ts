import { isInRange } from '../kernel/ipv4.ts';
import type { Network } from '../model/network.ts';
import type { SlotInterface, SlotMatch } from '../model/revision.ts';
import type { Path, Problems } from './places.ts';
import type { CompiledSlot } from './slots.ts';

/** What is wrong between slots: one machine or address claimed twice, a fixed address in the pool. */
export function checkSlots(
  slots: readonly CompiledSlot[],
  networks: ReadonlyMap<string, Network>,
  problems: Problems,
): void {
  const machines = new Claims(problems);
  const addresses = new Claims(problems);
  for (const { slot, path, match } of slots) {
    for (const one of match) claimMachine(one.row, slot.name, one.path, machines);
    for (const [name, one] of Object.entries(slot.interfaces)) {
      const at = [...path, 'interfaces', name];
      if (one.mac) machines.claim(`MAC address ${one.mac}`, slot.name, [...at, 'mac']);
      if (one.address) addresses.claim(`address ${one.address}`, slot.name, [...at, 'address'], name);
      checkPool(one, networks.get(one.network), at, problems);
    }
  }
}

/** A row of several kinds means one machine only as a whole: two slots may share its serial. */
function claimMachine(row: SlotMatch, slot: string, path: Path, machines: Claims): void {
  const named = [
    row.mac && `MAC address ${row.mac}`,
    row.uuid && `UUID ${row.uuid}`,
    row.serial && `serial number ${row.serial}`,
  ];
  const texts = named.filter((text) => text !== undefined);
  if (row.mac) machines.claim(`MAC address ${row.mac}`, slot, path);
  else if (texts.length > 0) machines.claim(texts.join(' with '), slot, path);
}

/** An address comes from the slot or from the pool, and never from both. */
function checkPool(one: SlotInterface, network: Network | undefined, path: Path, problems: Problems): void {
  if (!network) return;
  const { name, pool, mode } = network;
  if (!one.address) {
    if (!pool && mode !== 'proxy')
      problems.value(path, `it can get no address: it has none of its own, and network "${name}" has no pool`);
  } else if (pool && isInRange(one.address, pool)) {
    const range = `${pool.first}..${pool.last}`;
    const message = `${one.address} lies in the pool of network "${name}" (${range}): the pool would give it to somebody else`;
    problems.value([...path, 'address'], message);
  }
}

/** Who claimed what first. */
class Claims {
  readonly #problems: Problems;
  readonly #owners = new Map<string, { readonly slot: string; readonly part: string }>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  claim(what: string, slot: string, path: Path, part = ''): void {
    const owner = this.#owners.get(what);
    if (!owner) this.#owners.set(what, { slot, part });
    else if (owner.slot !== slot || owner.part !== part) {
      this.#problems.value(path, `slot ${slot} has the same ${what} as slot ${owner.slot}`);
    }
  }
}
