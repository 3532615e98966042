import type { Boot, BootId } from '../../src/model/boot.ts';
import type { MachineId } from '../../src/model/machine.ts';
import type { Signal } from '../../src/model/signal.ts';
import { applyChanges } from '../../src/model/state.ts';
import { isDocumentName } from '../../src/site/metadata/policy/formats.ts';
import { SampleSignals, type SampleStore, T0 } from './sample-site.ts';

/** As the diary does: what is fetched of an order is the attempt of the newest boot, and a seed opens one. */
export class CountingSignals extends SampleSignals {
  readonly #store: SampleStore;
  readonly #machine: MachineId;
  counts = true;

  constructor(store: SampleStore, machine: MachineId) {
    super();
    this.#store = store;
    this.#machine = machine;
  }

  override async record(signal: Signal): Promise<void> {
    await super.record(signal);
    const { state } = this.#store;
    const live = state.ordersOf('pos-1').find((order) => ['open', 'installing'].includes(order.state.kind));
    const isFetch =
      signal.kind === 'secret-document' || (signal.kind === 'document' && isConfiguration(signal.document));
    if (!isFetch || !live || !this.counts) return;
    const boot = state.latestBoot(this.#machine) ?? this.#openBoot(signal);
    const installing = { kind: 'installing', boot: boot.id, since: T0 } as const;
    applyChanges(state, [{ table: 'orders', key: live.id, row: { ...live, state: installing } }]);
  }

  #openBoot({ mac }: Extract<Signal, { kind: 'secret-document' | 'document' }>): Boot {
    const boot: Boot = {
      ...{ id: 'b1' as BootId, machine: this.#machine, mac, slot: 'pos-1', binding: 1, openedAt: T0 },
      ...{ stage: 'os', reached: {} },
    };
    applyChanges(this.#store.state, [{ table: 'boots', key: boot.id, row: boot }]);
    return boot;
  }
}

function isConfiguration(name: string): boolean {
  return isDocumentName(name) && name !== 'network-config';
}
