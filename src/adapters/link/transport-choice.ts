export type TransportName = 'grpc' | 'twin';

/** gRPC is tried again after so long; the hub may only have been away. Doubled each time it is in vain. */
const FIRST_RETRY_MS = 20_000;
const LONGEST_RETRY_MS = 3_600_000;

/** Which way calls go: by gRPC, unless it fails where the twin gets through; then by the twin for a while. Times are monotonic, in ms. */
export class TransportChoice {
  #twinUntil = 0;
  #retryMs = FIRST_RETRY_MS;

  first(now: number): TransportName {
    return now < this.#twinUntil ? 'twin' : 'grpc';
  }

  worked(name: TransportName, now: number): void {
    if (name === 'grpc') this.#forget();
    else if (now >= this.#twinUntil) this.#prefer(now);
  }

  /** No answer came. A gRPC call that ended in silence may be held back by a proxy, so the next one goes by the twin. */
  failed(name: TransportName, now: number): void {
    if (name === 'grpc') this.#prefer(now);
    else this.#forget();
  }

  #prefer(now: number): void {
    this.#twinUntil = now + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #forget(): void {
    this.#twinUntil = 0;
    this.#retryMs = FIRST_RETRY_MS;
  }
}
