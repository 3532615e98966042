/** The parts of an address that decide whom we talk to. */
export type Place = { readonly protocol: string; readonly hostname: string };

/**
 * Whether credentials may be shown to the token service that a registry names: the same host, one of the same registered
 * domain (auth.docker.io for registry-1.docker.io), or one that the template allows. Never in clear where the registry
 * itself is encrypted.
 */
export function isRealmAllowed(registry: Place, realm: Place, allowed: readonly string[]): boolean {
  const isWeb = realm.protocol === 'https:' || realm.protocol === 'http:';
  if (!isWeb || (registry.protocol === 'https:' && realm.protocol !== 'https:')) return false;
  const [ours, theirs] = [registry.hostname.toLowerCase(), realm.hostname.toLowerCase()];
  return ours === theirs || allowed.includes(theirs) || isSameSite(ours, theirs);
}

function isSameSite(a: string, b: string): boolean {
  const site = registeredDomain(a);
  return site !== undefined && site === registeredDomain(b);
}

/**
 * `docker.io` of `auth.docker.io`, `shop.co.uk` of `registry.shop.co.uk`; undefined for addresses and single words.
 * There is no list of public suffixes here: under the two letters of a country a short second word is taken for one.
 */
function registeredDomain(host: string): string | undefined {
  const labels = host.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  if (!/^[a-z][a-z0-9-]*$/.test(top)) return undefined;
  const isShared = top.length === 2 && second.length <= 3;
  const count = isShared ? 3 : 2;
  return labels.length >= count ? labels.slice(-count).join('.') : undefined;
}
