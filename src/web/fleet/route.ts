import { PUBLICATION_ACTS, type PublicationAct } from '../../wire/api/fleet-views.ts';

/** What the list of sites shows; all of it stands in the address, so that a colleague can be sent it. */
export type SiteFilter = {
  readonly search?: string;
  readonly labels?: string;
  readonly state?: string;
  readonly alarm?: true;
  readonly behind?: true;
  readonly without?: string;
  readonly offset?: number;
};

/** Where on the page one is; the part of its address behind `#`. */
export type Route =
  | { readonly at: 'sites'; readonly filter: SiteFilter }
  | { readonly at: 'site'; readonly site: string }
  | { readonly at: 'slot'; readonly site: string; readonly slot: string }
  | { readonly at: 'publications' }
  | { readonly at: 'publication'; readonly publication: string }
  | { readonly at: 'act'; readonly publication: string; readonly act: PublicationAct }
  | { readonly at: 'alarms' }
  | { readonly at: 'audit' };

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [place, name = '', more = ''] = path.split('/').map(decode);
  if (place === 'site' && name !== '')
    return more === '' ? { at: 'site', site: name } : { at: 'slot', site: name, slot: more };
  if (place === 'publication' && name !== '')
    return isAct(more) ? { at: 'act', publication: name, act: more } : { at: 'publication', publication: name };
  if (place === 'publications' || place === 'alarms' || place === 'audit') return { at: place };
  return { at: 'sites', filter: parseFilter(query) };
}

export function formatRoute(route: Route): string {
  switch (route.at) {
    case 'sites':
      return `#/${formatFilter(route.filter)}`;
    case 'site':
      return `#/site/${encodeURIComponent(route.site)}`;
    case 'slot':
      return `#/site/${encodeURIComponent(route.site)}/${encodeURIComponent(route.slot)}`;
    case 'publication':
      return `#/publication/${encodeURIComponent(route.publication)}`;
    case 'act':
      return `#/publication/${encodeURIComponent(route.publication)}/${route.act}`;
    default:
      return `#/${route.at}`;
  }
}

const TEXTS = ['search', 'labels', 'state', 'without'] as const;
const FLAGS = ['alarm', 'behind'] as const;

function parseFilter(query: string): SiteFilter {
  const given = new Map(
    query.split('&').map((part) => {
      const [key = '', value = ''] = part.split('=');
      return [key, decode(value)] as const;
    }),
  );
  const offset = Number(given.get('offset'));
  return {
    ...Object.fromEntries(TEXTS.flatMap((key) => (given.get(key) ? [[key, given.get(key)]] : []))),
    ...Object.fromEntries(FLAGS.flatMap((key) => (given.get(key) === 'true' ? [[key, true]] : []))),
    ...(Number.isInteger(offset) && offset > 0 ? { offset } : {}),
  };
}

function formatFilter(filter: SiteFilter): string {
  const parts = [...TEXTS, ...FLAGS, 'offset' as const].flatMap((key) =>
    filter[key] ? [`${key}=${encodeURIComponent(String(filter[key]))}`] : [],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function isAct(text: string): text is PublicationAct {
  return (PUBLICATION_ACTS as readonly string[]).includes(text);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
