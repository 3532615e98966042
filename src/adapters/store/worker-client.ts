import { Worker } from 'node:worker_threads';
import { AppError } from '../../kernel/errors.ts';
import { type Answer, type Calls, NO_ANSWER } from './protocol.ts';
import { decodeError } from './store-errors.ts';

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: AppError) => void };

/** What a worker can be asked, with its answer. */
type CallTable = { readonly close: { readonly args: null; readonly answer: null } };
type Of<C, N extends keyof C, Part extends 'args' | 'answer'> =
  C[N] extends Readonly<Record<Part, infer T>> ? T : never;

/** The caller's end of a worker: a call is a promise. The worker keeps the process alive only while a call is out. */
export class WorkerClient<C extends CallTable = Calls> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: AppError | undefined;

  /** `onLost` hears, once, that the thread ended without being asked to. */
  constructor(onLost: (error: AppError) => void, file = workerFile('worker.ts', 'store-worker.js')) {
    this.#worker = new Worker(file);
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', (cause) => this.#lose(onLost, cause));
    this.#worker.on('exit', (status) => this.#lose(onLost, new Error(`the thread ended with status ${status}`)));
  }

  call<N extends keyof C & string>(name: N, args: Of<C, N, 'args'>): Promise<Of<C, N, 'answer'>> {
    return this.#call(name, args);
  }

  /** For what has no answer: if it fails, the thread is lost. */
  tell<N extends keyof C & string>(name: N, args: Of<C, N, 'args'>): void {
    if (!this.#ended) this.#worker.postMessage({ id: NO_ANSWER, name, args });
  }

  /** Ends the thread after the calls that are out; further calls are rejected. */
  async close(): Promise<void> {
    const closed = this.#call('close', null);
    this.#ended = new AppError('site-not-ready', 'the store is closed');
    try {
      await closed;
    } finally {
      await this.#worker.terminate();
    }
  }

  #call<T>(name: string, args: unknown): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, name, args });
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
    });
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (answer.ok) waiting?.resolve(answer.value as never);
    else waiting?.reject(decodeError(answer.error));
  }

  #lose(onLost: (error: AppError) => void, cause: unknown): void {
    const expected = this.#ended !== undefined;
    const error = this.#ended ?? new AppError('internal', 'the thread of the store ended', { cause });
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (!expected) onLost(error);
  }
}

/** From source, the file beside this one; in a bundle, which has one file per entry, the entry of that name. */
export function workerFile(source: string, entry: string): URL {
  return new URL(`./${import.meta.url.endsWith('.ts') ? source : entry}`, import.meta.url);
}
