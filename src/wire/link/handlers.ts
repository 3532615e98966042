import type { BootstrapMethod, ReplyOf, RequestOf, SiteLinkMethod } from './methods.ts';

/** Who calls, found and proved by the link room before a handler hears of it. */
export type Caller = {
  readonly site: string;
  /** Serial number of the certificate, in hex. */
  readonly serial: string;
  readonly remote: string;
  /** Set: this call came without a client certificate in TLS, through a proxy that opens it. */
  readonly throughProxy: boolean;
};
/** Of a call without proof of who calls. */
export type Stranger = { readonly remote: string };

/** What answers a call of SiteLink. Rejects with a Refusal; any other error is head office's own and reaches the site as `busy`. */
export type SiteLinkHandler<M extends SiteLinkMethod> = (
  caller: Caller,
  request: RequestOf<M>,
  signal: AbortSignal,
) => Promise<ReplyOf<M>>;
export type BootstrapHandler<M extends BootstrapMethod> = (
  caller: Stranger,
  request: RequestOf<M>,
) => Promise<ReplyOf<M>>;

/** All that a hub answers: the rooms make parts of it, the composition root joins them. */
export type LinkHandlers = { readonly [M in SiteLinkMethod]: SiteLinkHandler<M> } & {
  readonly [M in BootstrapMethod]: BootstrapHandler<M>;
};
