import type { Row } from '../../model/fleet/hub-store.ts';
import type {
  FleetImageView,
  FleetSiteView,
  FleetSlotView,
  ImageCount,
  SlotCount,
} from '../../wire/api/fleet-views.ts';
import { IMAGE_STATES } from '../../wire/api/images.ts';
import { type AlarmView, NODE_STATES, type NodeState } from '../../wire/api/views.ts';

type Entry = Row<'states'>;
type Fields = Readonly<Record<string, unknown>>;

type Said = {
  /** `number` is that of the revision in force, if it says one. */
  readonly site?: { readonly number?: number; readonly notReady: readonly string[] };
  readonly alarms: readonly AlarmView[];
  readonly freeze?: NonNullable<FleetSiteView['freeze']>;
  readonly images: readonly FleetImageView[];
};
type Installed = NonNullable<FleetSlotView['installed']>;

/** What a site says of itself, as far as it has a shape that is known here. Sites are other machines: each word is checked. */
export function readState(entries: readonly Entry[], site: string): Said {
  const values = new Map(entries.map(({ key, row }) => [key.slice(site.length + 1), parse(row.value)]));
  const own = values.get('site');
  const freeze = asFields(values.get('freeze'));
  const [alarms, images] = [values.get('alarms'), values.get('images')];
  const until = time(freeze?.['until']);
  return {
    ...(asFields(own) && { site: siteValue(asFields(own) ?? {}) }),
    alarms: Array.isArray(alarms) ? alarms.flatMap((one) => alarmValue(asFields(one))) : [],
    images: Array.isArray(images) ? images.flatMap((one) => imageValue(asFields(one))) : [],
    ...(until !== undefined && { freeze: { until, ...optional('because', text(freeze?.['because'])) } }),
  };
}

export function countImages(images: readonly FleetImageView[]): ImageCount | undefined {
  if (images.length === 0) return undefined;
  return { complete: images.filter(({ state }) => state === 'complete').length, total: images.length };
}

/** Its slots, by name. */
export function readSlots(entries: readonly Entry[], site: string): readonly FleetSlotView[] {
  const orders = new Map(named(entries, site, 'orders/').map(([slot, value]) => [slot, orderValue(value)]));
  return named(entries, site, 'slots/').map(([slot, value]) => slotValue(slot, value, orders.get(slot)));
}

export function countSlots(entries: readonly Entry[], site: string): SlotCount {
  const slots = named(entries, site, 'slots/');
  return { enrolled: slots.filter(([, value]) => value['state'] === 'enrolled').length, total: slots.length };
}

function named(entries: readonly Entry[], site: string, prefix: string): readonly (readonly [string, Fields])[] {
  const start = `${site}/${prefix}`;
  return entries.flatMap(({ key, row }) => {
    const value = key.startsWith(start) ? asFields(parse(row.value)) : undefined;
    return value ? [[key.slice(start.length), value] as const] : [];
  });
}

function siteValue(value: Fields): NonNullable<Said['site']> {
  const notReady = value['notReady'];
  return {
    ...optional('number', number(asFields(value['revision'])?.['number'])),
    notReady: Array.isArray(notReady) ? notReady.flatMap((one) => text(one) ?? []) : [],
  };
}

function slotValue(slot: string, value: Fields, installed: Installed | undefined): FleetSlotView {
  const machine = asFields(value['machine']);
  return {
    slot,
    state: NODE_STATES.find((state): state is NodeState => state === value['state']) ?? 'waiting',
    sentence: text(value['sentence']) ?? '',
    ...optional('since', time(value['since'])),
    ...optional('profile', text(value['profile'])),
    ...optional('binding', number(value['binding'])),
    ...(machine && { machine: machineValue(machine) }),
    ...optional('lastBootAt', time(value['lastBootAt'])),
    ...(installed && { installed }),
  };
}

function machineValue(value: Fields): NonNullable<FleetSlotView['machine']> {
  const names = ['mac', 'uuid', 'manufacturer', 'product', 'serial'] as const;
  return Object.fromEntries(
    names.flatMap((name) => (text(value[name]) === undefined ? [] : [[name, text(value[name])]])),
  );
}

function orderValue(value: Fields): Installed | undefined {
  const [order, profileDigest] = [text(value['order']), text(value['profileDigest'])];
  if (order === undefined || profileDigest === undefined) return undefined;
  return { order, profileDigest, at: time(value['at']) ?? 0 };
}

function alarmValue(value: Fields | undefined): readonly AlarmView[] {
  const sentence = text(value?.['sentence']);
  if (!value || sentence === undefined) return [];
  const lastAt = time(value['lastAt']) ?? 0;
  return [
    {
      ...{ type: text(value['type']) ?? '', about: text(value['about']) ?? '', sentence, lastAt },
      ...{ firstAt: time(value['firstAt']) ?? lastAt, count: number(value['count']) ?? 1 },
      toDo: text(value['toDo']) ?? '',
    },
  ];
}

function imageValue(value: Fields | undefined): readonly FleetImageView[] {
  const name = text(value?.['name']);
  if (!value || name === undefined) return [];
  const state = IMAGE_STATES.find((one) => one === value['state']) ?? 'waiting';
  return [{ name, state, image: text(value['image']) ?? '', sentence: text(value['sentence']) ?? '' }];
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
/** ECMA-262, 21.4.1.1: what lies beyond is no date, and whoever shows it would fail. */
const MOST_TIME_MS = 8.64e15;
function time(value: unknown): number | undefined {
  const ms = number(value);
  return ms !== undefined && Math.abs(ms) <= MOST_TIME_MS ? ms : undefined;
}
function optional<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: T });
}
