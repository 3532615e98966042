/** So many may be at work at once; who comes then waits in line. Each has a number of its own while it works. */
export class Turns {
  readonly #free: number[];
  readonly #waiting: ((number: number) => void)[] = [];
  readonly #all: number;

  constructor(numbers: readonly number[]) {
    this.#free = [...numbers];
    this.#all = numbers.length;
  }

  async run<T>(work: (number: number) => Promise<T>): Promise<T> {
    const number = await this.#take();
    try {
      return await work(number);
    } finally {
      this.#give(number);
    }
  }

  /** Resolves when all that came before is done, and lets nobody in any more. */
  async end(): Promise<void> {
    for (let i = 0; i < this.#all; i++) await this.#take();
  }

  #take(): Promise<number> {
    const number = this.#free.pop();
    return number === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(number);
  }

  #give(number: number): void {
    const next = this.#waiting.shift();
    if (next) next(number);
    else this.#free.push(number);
  }
}
