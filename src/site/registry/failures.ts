import { AppError } from '../../kernel/errors.ts';
import type { UpstreamFailure } from './upstream-port.ts';

/** How a failure leaves the functions that talk to an upstream; the client makes a Result of it. */
export class CallFailed extends Error {
  readonly failure: UpstreamFailure;

  constructor(failure: UpstreamFailure, options?: { readonly cause?: unknown }) {
    super(failure.because, options);
    this.failure = failure;
  }
}

export function unreachable(because: string, cause?: unknown): CallFailed {
  return new CallFailed({ kind: 'unreachable', because }, { cause });
}

export function wrong(because: string, cause?: unknown): CallFailed {
  return new CallFailed({ kind: 'wrong', because }, { cause });
}

/** What was thrown, as a failure: ours, or one of the network, which has a code. Anything else is a bug, and is thrown on. */
export function failureOf(thrown: unknown): UpstreamFailure {
  if (thrown instanceof CallFailed) return thrown.failure;
  if (codeOf(thrown) === '') throw thrown;
  return { kind: 'unreachable', because: wordsOf(thrown) };
}

/** For who fills the store: what no second try can help has a code, all else is an Error that says why. */
export function errorOf(failure: UpstreamFailure, label: string): Error {
  if (failure.kind === 'unknown') return new AppError('image-unknown', `${label}: ${failure.because}`);
  if (failure.kind === 'refused') return new AppError('registry-refused', `${label}: ${failure.because}`);
  return new Error(failure.because);
}

/** Node's network errors in the words of somebody who looks at a router. */
export function wordsOf(thrown: unknown): string {
  const code = codeOf(thrown);
  if (/CERT|SIGNATURE|TLS|SSL/.test(code)) return `shows a certificate that is not trusted here (${code})`;
  return REASONS[code] ?? `the connection failed (${code})`;
}

/** Only codes, never messages of others: an address or a header may stand in them. */
function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0]);
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : '';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the server is unknown (no WAN, or no DNS)',
  EAI_AGAIN: 'no DNS server answers',
  ECONNREFUSED: 'the server refuses the connection',
  ECONNRESET: 'the connection was cut off',
  EPIPE: 'the connection was cut off',
  ETIMEDOUT: 'the server does not answer',
  EHOSTUNREACH: 'there is no way to the server',
  ENETUNREACH: 'there is no way to the network of the server',
  HPE_HEADER_OVERFLOW: 'the server says more headers than are read here',
};
