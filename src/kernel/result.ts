/** The outcome of something that is expected to fail now and then: bytes from the network, text from a person. */
export type Result<T, E> = Ok<T> | Err<E>;
export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly error: E };

/** Wraps a value as success. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** Wraps a reason as failure. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}
