import { ACTIONS, type ActionName } from './words/actions.ts';

/** Where on the page one is; the part of its address behind `#`. */
export type Route =
  | { readonly at: 'home' }
  | { readonly at: 'arm' }
  | { readonly at: 'slot'; readonly slot: string }
  | { readonly at: 'action'; readonly slot: string; readonly name: Exclude<ActionName, 'arm'> };

export function parseRoute(hash: string): Route {
  const [place, slot = '', name] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (place === 'arm') return { at: 'arm' };
  if (place !== 'slot' || slot === '') return { at: 'home' };
  return isAction(name) ? { at: 'action', slot, name } : { at: 'slot', slot };
}

export function formatRoute(route: Route): string {
  switch (route.at) {
    case 'home':
      return '#/';
    case 'arm':
      return '#/arm';
    case 'slot':
      return `#/slot/${encodeURIComponent(route.slot)}`;
    case 'action':
      return `#/slot/${encodeURIComponent(route.slot)}/${route.name}`;
  }
}

function isAction(name: string | undefined): name is keyof typeof ACTIONS {
  return name !== undefined && Object.keys(ACTIONS).includes(name);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
