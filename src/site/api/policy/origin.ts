import type { SiteAddress } from '../../../model/site-ports.ts';

/** What a request says of where it is from and goes to. */
export type Sender = {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: browsers send it only where they trust the address, so its absence says nothing. */
  readonly fetchSite?: string | undefined;
};

/**
 * Why a request over TCP is none that a person at this site made; undefined: it may be. A hostile page can make a browser
 * in the store send what it likes: by a name of its own that leads here (then `Host` is that name), or to our address
 * from its own page (then `Origin` is that page).
 */
export function whyForeign({ host, origin, fetchSite }: Sender, sites: readonly SiteAddress[]): string | undefined {
  const own = sites.flatMap(({ address, httpPort }) => [
    `${address}:${httpPort}`,
    ...(httpPort === 80 ? [address as string] : []),
  ]);
  if (host === undefined || !own.includes(host)) return 'it is not addressed to an address of this site';
  if (origin !== undefined && origin !== `http://${host}`) return 'it comes from the page of another site';
  // Also another port of this very box is another site.
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none')
    return 'a browser says that it comes from the page of another site';
  return undefined;
}
