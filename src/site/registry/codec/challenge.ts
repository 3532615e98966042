/** One way to prove oneself that a server offers; names of parameters are in lower case. RFC 9110 section 11.6.1. */
export type Challenge = { readonly scheme: string; readonly params: Readonly<Record<string, string>> };

/** What a bearer challenge asks to be fetched, and from where. */
export type BearerChallenge = { readonly realm: string; readonly service?: string; readonly scopes: readonly string[] };

const separators = /[\s,]*/y;
const param = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const scheme = /([\w!#$%&'*+.^`|~-]+)(?=[\s,]|$)/y;

/** Reads all challenges of `WWW-Authenticate`, of several headers joined by commas too; what cannot be read ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; params: Record<string, string> }[] = [];
  const read = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.exec(header);
  };
  for (let position = 0; ; ) {
    position += read(separators, position)?.[0].length ?? 0;
    const current = found.at(-1);
    const pair = current && read(param, position);
    const next = pair ?? read(scheme, position);
    if (!next) return found;
    position += next[0].length;
    if (current && pair) current.params[(pair[1] ?? '').toLowerCase()] ??= textOf(pair);
    else found.push({ scheme: (next[1] ?? '').toLowerCase(), params: {} });
  }
}

function textOf([, , quoted, plain]: RegExpExecArray): string {
  return plain ?? (quoted ?? '').replace(/\\(.)/g, '$1');
}

/** The bearer challenge among several; undefined if there is none, or if it says no realm. */
export function bearerOf(challenges: readonly Challenge[]): BearerChallenge | undefined {
  const bearer = challenges.find((challenge) => challenge.scheme === 'bearer' && challenge.params['realm']);
  if (!bearer) return undefined;
  const { realm = '', service, scope = '' } = bearer.params;
  const scopes = scope.split(' ').filter((part) => part !== '');
  return { realm, scopes, ...(service === undefined ? {} : { service }) };
}

export function offersBasic(challenges: readonly Challenge[]): boolean {
  return challenges.some((challenge) => challenge.scheme === 'basic');
}
