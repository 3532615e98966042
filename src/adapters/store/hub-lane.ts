import type { HubAnswer, HubCalls, HubCommand, HubStep } from './hub-protocol.ts';
import type { StepSink } from './hub-tx.ts';
import { decodeError } from './store-errors.ts';
import type { WorkerClient } from './worker-client.ts';

type Waiting = {
  readonly at: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * The caller's end of a lane. What is asked in one turn travels together, and what has no answer of its own goes with what is asked
 * next: each message between threads costs more than most steps.
 */
export class HubLane implements StepSink {
  readonly #worker: WorkerClient<HubCalls>;
  readonly #number: number;
  #kept: HubCommand[] = [];
  #waiting: Waiting[] = [];
  #isUsed = false;

  constructor(worker: WorkerClient<HubCalls>, number: number) {
    this.#worker = worker;
    this.#number = number;
  }

  /** Goes with what is asked next. */
  tell(what: Exclude<HubCommand['do'], 'step'>): void {
    this.#kept.push({ do: what });
  }

  putOff(step: HubStep): void {
    this.#kept.push({ do: 'step', step });
  }

  ask(step: HubStep): Promise<unknown> {
    return this.#send({ do: 'step', step });
  }

  /** Answers a GroupOutcome. */
  commit(): Promise<unknown> {
    return this.#send({ do: 'commit' });
  }

  /** Ends a look. Nobody waits for it: what comes next in this lane comes behind it. */
  end(): void {
    if (this.#waiting.length > 0) this.tell('end');
    else if (this.#isUsed) this.#worker.tell('run', { lane: this.#number, commands: [{ do: 'end' }] });
  }

  #send(command: HubCommand): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
      this.#waiting.push({ at: this.#kept.push(command) - 1, resolve, reject });
    });
  }

  #flush(): void {
    const commands = this.#kept;
    const waiting = this.#waiting;
    this.#kept = [];
    this.#waiting = [];
    this.#isUsed = true;
    this.#worker.call('run', { lane: this.#number, commands }).then(
      (answers) => {
        for (const one of waiting) settle(one, answers[one.at]);
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}

function settle({ resolve, reject }: Waiting, answer: HubAnswer | undefined): void {
  if (answer && 'error' in answer) reject(decodeError(answer.error));
  else resolve(answer?.value);
}
