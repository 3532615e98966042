/** What a request says of where it is from and goes to. */
export type Sender = {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: browsers send it only where they trust the address, so its absence says nothing. */
  readonly fetchSite: string | undefined;
};

/**
 * Why a request over TCP is none that a person made here; undefined: it may be. A hostile page can lead a name of its own to
 * this address, so that a browser takes us for it: `Host` then is that name. An address in numbers cannot be led anywhere.
 * @param names the names that the hub file gives, in small letters
 */
export function whyForeign(
  { host, origin, fetchSite }: Sender,
  names: readonly string[],
  scheme: string,
): string | undefined {
  if (host === undefined || !isOurs(hostName(host), names))
    return 'it is not addressed to an address or a name of this head office (`admin.names` in the hub file)';
  if (origin !== undefined && origin !== `${scheme}://${host}`) return 'it comes from the page of somebody else';
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none')
    return 'a browser says that it comes from the page of somebody else';
  return undefined;
}

function isOurs(name: string, names: readonly string[]): boolean {
  return (
    name === 'localhost' || /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name) || names.includes(name)
  );
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}
