/** A token, also where the path before it is written in a way that hides what it is. */
const TOKEN = /\/[A-Za-z0-9_-]{44}(?=[/?]|$)/g;

/** Of the admin API of head office, where somebody put it into an address instead of the header. */
const ADMIN_TOKEN = /(slipway_[0-9a-f]{12}_)[A-Za-z0-9_-]+/g;

/** Longer paths are noise in a log, or an attack on it. */
const MAX_LOGGED = 300;

/** A request path as a log may hold it: tokens are hidden, control characters and excess cut away. */
export function redactPath(url: string): string {
  const hidden = url
    .replace(/^(\/+[tr]\/+)[^/?]+/, '$1***')
    .replace(TOKEN, '/***')
    .replace(ADMIN_TOKEN, '$1***');
  const printable = hidden.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > MAX_LOGGED ? `${printable.slice(0, MAX_LOGGED)}…` : printable;
}
