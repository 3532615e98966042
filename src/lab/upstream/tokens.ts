import { randomBytes } from 'node:crypto';

/** How a fake registry lets people in. `user` and `password` of a bearer service are for who has an account; nobody needs one. */
export type Door =
  | { readonly kind: 'open' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | {
      readonly kind: 'bearer';
      readonly service?: string;
      /** Where tokens are to be had; this registry's own `/token` if left out. */
      readonly realm?: string;
      /** Only who shows these gets a token. */
      readonly account?: { readonly user: string; readonly password: string };
      /** What the service says, in seconds, and keeps to; 300 if left out. */
      readonly expiresIn?: number;
      /** Some services call it `access_token`. */
      readonly field?: 'token' | 'access_token';
    };

type Issued = { readonly scopes: readonly string[]; readonly until: number };

/** The token service of a fake registry, and the doorman who looks at tokens. Docker's "Token Authentication Specification". */
export class TokenDesk {
  readonly #door: Door;
  readonly #issued = new Map<string, Issued>();

  constructor(door: Door) {
    this.#door = door;
  }

  /** From now on none of the tokens that are out there opens anything. */
  revokeAll(): void {
    this.#issued.clear();
  }

  /** The answer of `/token`; undefined if whoever asks has no account. */
  issue(url: URL, authorization: string | undefined): object | undefined {
    if (this.#door.kind !== 'bearer') return undefined;
    const { account, expiresIn = 300, field = 'token' } = this.#door;
    if (account && authorization !== basicOf(account)) return undefined;
    const token = randomBytes(24).toString('base64url');
    const scopes = url.searchParams.getAll('scope').flatMap((text) => text.split(' '));
    this.#issued.set(token, { scopes, until: Date.now() + expiresIn * 1000 });
    return { [field]: token, expires_in: expiresIn, issued_at: new Date().toISOString() };
  }

  /** Whether a request for a repository (or for none, as a ping) may pass. */
  admits(authorization: string | undefined, repository: string | undefined): boolean {
    if (this.#door.kind === 'open') return true;
    if (this.#door.kind === 'basic') return authorization === basicOf(this.#door);
    const issued = this.#issued.get(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
    if (!issued || issued.until <= Date.now()) return false;
    return repository === undefined || issued.scopes.includes(scopeOf(repository));
  }

  /** The `WWW-Authenticate` of who may not pass. */
  challenge(origin: string, repository: string | undefined): string {
    if (this.#door.kind !== 'bearer') return 'Basic realm="a fake registry"';
    const { realm = `${origin}/token`, service = 'a fake registry' } = this.#door;
    const scope = repository === undefined ? '' : `,scope="${scopeOf(repository)}"`;
    return `Bearer realm="${realm}",service="${service}"${scope}`;
  }
}

function scopeOf(repository: string): string {
  return `repository:${repository}:pull`;
}

function basicOf({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
