import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eachLine, tied, toolEnvironment } from '../../../src/lab/command.ts';
import type { Completion } from '../../../src/model/order.ts';
import type { SiteLab } from './site-lab.ts';

export type InstallPlan = {
  readonly name: string;
  readonly mac: string;
  readonly firmware: 'bios' | 'uefi';
  readonly completes: Completion;
  /** The address of the site. */
  readonly site: string;
};

/** What a machine went through. */
export type Lived = {
  /** By the script of each boot: `install`, `local` or `other`. */
  readonly told: readonly string[];
  /** How often it was told to install and had its configuration: then the disk is erased. */
  readonly installs: number;
  /** How often it started from its disk. */
  readonly disks: number;
};

export type InstallMachineParts = {
  readonly lab: SiteLab;
  readonly plan: InstallPlan;
  /** The step around which it stops, such as `1 script`. */
  readonly stopAt: string;
  /** What a person does whom it waits for. */
  readonly confirm: () => Promise<unknown>;
};

const PROGRAM = fileURLToPath(new URL('install-client.ts', import.meta.url));

/** A simulated machine on the bridge that stops before a step of its life, and once more when it has taken it. */
export class InstallMachine {
  readonly plan: InstallPlan;
  readonly stopAt: string;
  /** It stands before its step. Like the others it rejects if the machine breaks, or never comes so far. */
  readonly before: Promise<void>;
  /** It has taken its step. */
  readonly after: Promise<void>;
  readonly lived: Promise<Lived>;
  readonly #confirm: () => Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #before = Promise.withResolvers<void>();
  readonly #after = Promise.withResolvers<void>();
  readonly #lived = Promise.withResolvers<Lived>();
  #stops = 0;
  #step = '';

  private constructor({ plan, stopAt, confirm }: InstallMachineParts, child: ChildProcess) {
    this.plan = plan;
    this.stopAt = stopAt;
    this.before = this.#before.promise;
    this.after = this.#after.promise;
    this.lived = this.#lived.promise;
    this.#confirm = confirm;
    this.#child = child;
    for (const promise of [this.before, this.after, this.lived]) promise.catch(() => undefined);
    eachLine(child.stdout, (line) => this.#hear(line));
    child.once('close', (code) => this.#break(new Error(`${plan.name}, to stop at ${stopAt}, ended with ${code}`)));
  }

  static async plugIn(parts: InstallMachineParts): Promise<InstallMachine> {
    const { lab, plan } = parts;
    const host = await lab.host(plan.name, { mac: plan.mac });
    const [program, ...args] = tied(host.argv(process.execPath, PROGRAM, JSON.stringify(plan)));
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: toolEnvironment() });
    return new InstallMachine(parts, child);
  }

  /** Lets it take its next step; where it waits for a person, the person comes first. */
  go(): void {
    const person = this.#step.endsWith(' confirm') ? this.#confirm() : Promise.resolve();
    person.then(
      () => this.#child.stdin?.write('\n'),
      (error: unknown) => this.#break(error),
    );
  }

  #hear(line: string): void {
    if (line.startsWith('lived ')) this.#lived.resolve(JSON.parse(line.slice(6)) as Lived);
    if (!line.startsWith('at ')) return;
    this.#step = line.slice(3);
    if (this.#stops === 1) this.#stop(this.#after);
    else if (this.#stops === 0 && this.#step === this.stopAt) this.#stop(this.#before);
    else this.go();
  }

  #stop(here: PromiseWithResolvers<void>): void {
    this.#stops += 1;
    here.resolve();
  }

  /** Says nothing any more where it was heard already. */
  #break(error: unknown): void {
    for (const promise of [this.#before, this.#after, this.#lived]) promise.reject(error);
  }
}
