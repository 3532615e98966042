/** What a token service gives. Docker's "Token Authentication Specification". */
export type TokenAnswer = { readonly token: string; readonly expiresInSeconds?: number };

/** Reads the answer of a token service; `access_token` is what those call it that speak OAuth 2. */
export function parseTokenAnswer(text: string): TokenAnswer | undefined {
  const fields = parseFields(text);
  const token = [fields?.['token'], fields?.['access_token']].find(
    (value) => typeof value === 'string' && value !== '',
  );
  // What goes into a header must not be able to end it.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return undefined;
  const seconds = fields?.['expires_in'];
  return { token, ...(typeof seconds === 'number' && Number.isFinite(seconds) ? { expiresInSeconds: seconds } : {}) };
}

function parseFields(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
