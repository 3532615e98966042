/** The errors of the OCI distribution-spec that somebody who pulls can meet, with the status each has here. */
export const OCI_ERRORS = {
  BLOB_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  RANGE_INVALID: 416,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const satisfies Record<string, number>;

export type OciErrorCode = keyof typeof OCI_ERRORS;

export type OciError = { readonly code: OciErrorCode; readonly message: string; readonly detail?: unknown };

export function statusOf(error: OciError): number {
  return OCI_ERRORS[error.code];
}

/** The body of an answer that failed: `{"errors":[{"code","message","detail"}]}`. */
export function formatErrorBody(error: OciError): string {
  return JSON.stringify({ errors: [error] });
}

/** The most that is repeated of what another server said. */
const LONGEST_MESSAGE = 200;

/** What a registry says in the body of a failure, in one line for a person; undefined if it says nothing of that form. */
export function parseErrorBody(text: string): string | undefined {
  const first = firstOf(parseJson(text));
  if (!first) return undefined;
  const words = [first['code'], first['message']].filter((word) => typeof word === 'string' && word !== '');
  const line = words.join(': ').replace(/\p{Cc}+/gu, ' ');
  return line === '' ? undefined : line.slice(0, LONGEST_MESSAGE);
}

function firstOf(body: unknown): Readonly<Record<string, unknown>> | undefined {
  const errors = isRecord(body) ? body['errors'] : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isRecord(first) ? first : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
