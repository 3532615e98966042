import type { HubCalls, HubCommand, HubStep } from './hub-protocol.ts';
import type { StepSink } from './hub-tx.ts';
import type { WorkerClient } from './worker-client.ts';

/**
 * The caller's end of a lane. What has no answer of its own is kept until something is asked: each message between threads costs
 * more than most steps.
 */
export class HubLane implements StepSink {
  readonly #worker: WorkerClient<HubCalls>;
  readonly #number: number;
  #kept: HubCommand[] = [];
  #isUsed = false;

  constructor(worker: WorkerClient<HubCalls>, number: number) {
    this.#worker = worker;
    this.#number = number;
  }

  /** Whether the thread knows anything of what was told here. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Goes with what is asked next. */
  tell(what: Exclude<HubCommand['do'], 'step'>): void {
    this.#kept.push({ do: what });
  }

  putOff(step: HubStep): void {
    this.#kept.push({ do: 'step', step });
  }

  ask(step: HubStep): Promise<unknown> {
    return this.send({ do: 'step', step });
  }

  /** Brings all that was kept, and this, and answers as `HubCalls` says. */
  send(command: HubCommand): Promise<unknown> {
    const commands = [...this.#kept, command];
    this.#kept = [];
    this.#isUsed = true;
    return this.#worker.call('run', { lane: this.#number, commands });
  }
}
