import { parseDigest } from '../../../kernel/digest.ts';
import { parseMac } from '../../../kernel/mac.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import { type Binding, bindingKey } from '../../../model/boot.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Evidence, EvidenceKind, Machine, MachineId } from '../../../model/machine.ts';
import { ARMED, COMPLETIONS, DOUBT, holdMark, type Order, type OrderId } from '../../../model/order.ts';
import type { Change, SiteState } from '../../../model/store.ts';
import type { OrderEntry, SlotEntry } from '../../../wire/link/state-entries.ts';

export type TakeOver = { readonly changes: readonly Change[]; readonly events: readonly NewEvent[] };
/** An entry with its value read from JSON. */
export type Stated = { readonly key: string; readonly value: unknown };

const BY = 'head office';
const BECAUSE =
  'this appliance took the place of another one; what that one did after its last report to head office is not known';

/** Whether nothing was decided here yet: only then what head office knows may be taken for what is so. */
export function isFresh({ marks, orders, bindings }: Pick<SiteState, 'marks' | 'orders' | 'bindings'>): boolean {
  return !marks.has(ARMED) && !marks.has(DOUBT) && orders.size === 0 && bindings.size === 0;
}

/**
 * The facts that a new appliance takes from what head office knows of the one before: machines, who fills which slot, and what is
 * installed. It is armed by that, but only a person orders an install from then on: the other one may have installed more than it could
 * still report. No changes: head office knows of nothing that was done here. Fails with the reason if an entry is not understood; then
 * nothing of all this is taken.
 */
export function takeOver(stated: readonly Stated[], state: SiteState, now: number): Result<TakeOver, string> {
  if (!isFresh(state)) return err('something was done here already');
  const slots = stated.filter(({ key }) => key.startsWith('slots/'));
  const orders = stated.filter(({ key }) => key.startsWith('orders/'));
  const wrong = [...slots.filter(({ value }) => !isSlot(value)), ...orders.filter(({ value }) => !isOrder(value))];
  if (wrong[0]) return err(`${wrong[0].key} cannot be read`);
  const orderRows = orders.map(({ value }) => value as OrderEntry);
  if (new Set(orderRows.map(({ order }) => order)).size < orderRows.length) return err('two slots name one order');
  const placed = withOwnMacs(slots.map(({ value }) => value as SlotEntry)).filter(isPlaced);
  const lost = orderRows.find(
    ({ slot, binding }) => !placed.some((one) => one.slot === slot && one.binding === binding),
  );
  if (lost) return err(`the machine of order ${lost.order} in ${lost.slot} is not named`);
  if (placed.length === 0) return ok({ changes: [], events: [] });
  const machines = new MachineRows(state, now);
  const changes: Change[] = placed.flatMap((slot) => {
    const machine = machines.idOf(slot);
    const row = bindingOf(
      slot,
      machine,
      orderRows.find((order) => order.slot === slot.slot),
    );
    return { table: 'bindings', key: bindingKey(row.slot, row.number), row } as const;
  });
  const holds = slots.flatMap(({ value }) => holdOf(value as SlotEntry));
  const all = [...machines.changes, ...changes, ...orderChanges(orderRows, state), ...holds, ...marks(now)];
  return ok({ changes: all, events: [told(placed.length, orderRows.length, now)] });
}

type Placed = SlotEntry & { readonly binding: number; readonly macs: readonly string[] };

function isPlaced(slot: SlotEntry): slot is Placed {
  return slot.binding !== undefined && slot.macs !== undefined && slot.macs.length > 0;
}

/** A MAC of two machines, such as that of a dock, says nothing of either. */
function withOwnMacs(slots: readonly SlotEntry[]): readonly SlotEntry[] {
  const all = slots.flatMap(({ macs = [] }) => [...new Set(macs)]);
  const isOwn = (mac: string): boolean => all.indexOf(mac) === all.lastIndexOf(mac);
  return slots.map((slot) => (slot.macs ? { ...slot, macs: slot.macs.filter(isOwn) } : slot));
}

/** Machines that this appliance has heard already keep their rows. */
class MachineRows {
  readonly #state: SiteState;
  readonly #now: number;
  readonly #rows: Change[] = [];
  #count: number;

  constructor(state: SiteState, now: number) {
    this.#state = state;
    this.#now = now;
    this.#count = state.counters.get('machines') ?? 0;
  }

  get changes(): readonly Change[] {
    return [...this.#rows, { table: 'counters', key: 'machines', row: this.#count }];
  }

  idOf(slot: Placed): MachineId {
    const evidence = evidenceOf(slot, this.#now);
    const known = slot.macs.map((mac) => this.#state.machineWith('mac', mac)).find((one) => one !== undefined);
    this.#count += known ? 0 : 1;
    const id = known?.id ?? (`m${this.#count}` as MachineId);
    const before = known?.evidence ?? [];
    const fresh = evidence.filter((one) => !before.some(({ kind, value }) => kind === one.kind && value === one.value));
    const row: Machine = { ...known, id, evidence: [...fresh, ...before] };
    this.#rows.push({ table: 'machines', key: id, row });
    return id;
  }
}

function evidenceOf({ macs, machine }: Placed, now: number): readonly Evidence[] {
  const said: readonly (readonly [EvidenceKind, string | undefined])[] = [
    ...macs.map((mac) => ['mac', mac] as const),
    ...(['uuid', 'serial', 'manufacturer', 'product'] as const).map((kind) => [kind, machine?.[kind]] as const),
  ];
  return said.flatMap(([kind, value]) =>
    value === undefined ? [] : [{ kind, value, source: 'script' as const, firstSeen: now, lastSeen: now }],
  );
}

function bindingOf(slot: Placed, machine: MachineId, order: OrderEntry | undefined): Binding {
  const { boundAt = 0, enrolledAt, placedBy } = slot;
  const digest = order && parseDigest(order.profileDigest);
  return {
    ...{ slot: slot.slot, number: slot.binding, machine, since: boundAt },
    health: enrolledAt === undefined && !order ? 'waiting' : 'enrolled',
    ...(enrolledAt === undefined ? {} : { enrolledAt }),
    ...(placedBy === undefined ? {} : { placedBy }),
    ...(order && digest ? { installed: { profile: digest, at: order.at, order: order.order as OrderId } } : {}),
  };
}

function orderChanges(orders: readonly OrderEntry[], state: SiteState): readonly Change[] {
  const rows = orders.flatMap(({ slot, order, binding, profileDigest, at, by, proof }) => {
    const profile = parseDigest(profileDigest);
    if (!profile) return [];
    const row: Order = {
      ...{
        id: order as OrderId,
        slot,
        binding,
        profile,
        by,
        createdAt: at,
        expiresAt: at,
        attempts: 1,
        maxAttempts: 1,
      },
      ...{ wipe: false, state: { kind: 'confirmed', at, by: proof } },
    };
    return [{ table: 'orders', key: order, row } as const];
  });
  // Their numbers are used up here, too.
  const most = Math.max(state.counters.get('orders') ?? 0, ...orders.map(({ order }) => Number(order.slice(1))));
  return [...rows, { table: 'counters', key: 'orders', row: most }];
}

function holdOf({ slot, hold }: SlotEntry): readonly Change[] {
  return hold ? [{ table: 'marks', key: holdMark(slot), row: hold }] : [];
}

function marks(at: number): readonly Change[] {
  return [
    { table: 'marks', key: ARMED, row: { at, by: BY } },
    { table: 'marks', key: DOUBT, row: { at, by: BY, because: BECAUSE } },
  ];
}

function told(slots: number, installed: number, at: number): NewEvent {
  const sentence = `This appliance took over from the one before it, as head office knows it: ${slots} slots are filled, ${installed} of them installed. Nothing was ordered`;
  return { type: 'site-taken-over', at, sentence, data: { slots, installed } };
}

function isSlot(value: unknown): value is SlotEntry {
  if (!isObject(value) || !isName(value['slot'])) return false;
  const { binding, macs, machine, boundAt, enrolledAt, placedBy, hold } = value;
  return (
    isMissingOr(isCount)(binding) &&
    isMissingOr((list) => Array.isArray(list) && list.every(isMac))(macs) &&
    isMissingOr(isHardware)(machine) &&
    [boundAt, enrolledAt].every(isMissingOr(isTime)) &&
    isMissingOr(isName)(placedBy) &&
    isMissingOr(isMark)(hold)
  );
}

function isOrder(value: unknown): value is OrderEntry {
  if (!isObject(value) || !isName(value['slot']) || !isObject(value['by'])) return false;
  const { order, binding, profileDigest, at, by, proof } = value;
  return (
    /^o[1-9]\d{0,9}$/.test(String(order)) &&
    isCount(binding) &&
    parseDigest(String(profileDigest)) !== undefined &&
    isTime(at) &&
    (by['kind'] === 'person' || by['kind'] === 'revision') &&
    isName(by['name']) &&
    COMPLETIONS.some((one) => one === proof)
  );
}

function isMissingOr(is: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || is(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHardware(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isMark(value: unknown): boolean {
  return isObject(value) && isTime(value['at']) && typeof value['by'] === 'string';
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 200;
}

function isMac(value: unknown): boolean {
  return typeof value === 'string' && parseMac(value) !== undefined;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}
