import { findMachine } from '../../src/model/identity.ts';
import type { Completion } from '../../src/model/order.ts';
import { isForOpenBoot, mayConfigure } from '../../src/site/metadata/policy/permit.ts';
import { type InstallWorld, POS_ADDRESS, POS_MAC } from './install-world.ts';

const MINUTE = 60_000;

/**
 * An honest machine with an installer that works, from power on to power on, as the steps between which its site may be
 * killed. Its clock is that of the world.
 */
export class InstallLife {
  /** How often its disk was erased: it was told to install, and had its configuration. */
  installs = 0;
  /** What each boot was told by its script. */
  readonly told: string[] = [];
  readonly #world: InstallWorld;
  readonly #completes: Completion;

  constructor(world: InstallWorld, completes: Completion) {
    this.#world = world;
    this.#completes = completes;
  }

  /** One boot. Yields the name of each step before it is taken. */
  *boot(): Generator<string> {
    const world = this.#world;
    const dhcp = { kind: 'dhcp', mac: POS_MAC, clientKind: 'bios' } as const;
    yield 'firmware discovers';
    world.see({ ...dhcp, client: 'firmware', message: 'discover' }, 20_000);
    yield 'firmware requests';
    world.see({ ...dhcp, client: 'firmware', message: 'request' });
    yield 'loader';
    world.see({ kind: 'loader', mac: POS_MAC, file: 'undionly.kpxe', done: true });
    yield 'iPXE discovers';
    world.see({ ...dhcp, client: 'ipxe', clientKind: 'ipxe', message: 'discover' });
    yield 'iPXE requests';
    world.see({ ...dhcp, client: 'ipxe', clientKind: 'ipxe', message: 'request' });
    yield 'script';
    const answer = world.decide(POS_MAC);
    const issuedAt = world.now;
    world.see({ kind: 'script', claim: { mac: POS_MAC }, address: POS_ADDRESS, answer });
    this.told.push(answer.kind);
    yield* answer.kind === 'install' ? this.#install(issuedAt) : this.#disk();
  }

  *#install(issuedAt: number): Generator<string> {
    const world = this.#world;
    yield 'kernel';
    world.kernel();
    yield 'initramfs';
    world.kernel();
    yield 'installer has an address';
    world.osAddress();
    yield 'meta-data';
    world.see({ kind: 'document', mac: POS_MAC, document: 'meta-data', address: POS_ADDRESS });
    yield 'configuration';
    // An installer without its configuration waits until somebody switches it off.
    if (!this.#mayRead(issuedAt)) return;
    world.secret();
    const reportAt = world.now;
    yield 'the disk is erased';
    this.installs += 1;
    world.now += MINUTE;
    yield 'it is installed';
    const said = { mac: POS_MAC, issuedAt: reportAt } as const;
    if (this.#completes === 'phone-home') world.see({ kind: 'phone-home', ...said });
    if (this.#completes === 'report')
      world.see({ kind: 'report', ...said, name: 'modules-final', phase: 'finish', result: 'SUCCESS' });
    if (this.#completes === 'api') world.tell({ kind: 'confirm', slot: 'pos-1' });
    yield 'it starts again';
  }

  *#disk(): Generator<string> {
    if (this.installs === 0) return;
    const world = this.#world;
    yield 'the disk has an address';
    world.osAddress();
    yield 'the disk has its address';
    if (this.#completes === 'talos-running')
      world.see({ kind: 'talos-event', mac: POS_MAC, what: 'running', stage: 'machine', failed: false }, MINUTE);
    yield 'the disk runs';
    world.now += 5 * MINUTE;
    world.tick(1_000);
  }

  /** As the metadata room decides it, by the token of its script. */
  #mayRead(issuedAt: number): boolean {
    const { state, revision, now } = this.#world;
    const slot = revision.slots['pos-1'];
    const machine = findMachine({ mac: POS_MAC }, state, now);
    if (!slot) return false;
    return (
      isForOpenBoot(state, slot, machine, issuedAt).kind === 'yes' &&
      mayConfigure(state, slot, machine, now).kind === 'yes'
    );
  }
}
