import type { Event, EventType } from './event.ts';

/** Events that somebody should look into, and what a person does about them. A healthy site has none of these. */
export const ALARMS = {
  'secret-refused':
    'find out what has this address; if it is no machine of yours, take it off the network. No secret was given out',
  'command-refused':
    'if nobody of the store did this, find out what has this address and take it off the network. Nothing was changed',
  'slot-conflict':
    'two machines match one slot: look at both with slipway nodes; slipway replace gives the slot to the other',
  'mac-contested':
    'two machines have one MAC address: find the other one and take it off the network; for a dock, name it in sharedMacs of the template',
  'address-conflict': 'two devices use one address: find the other one by its MAC address, and give it another',
  'pool-exhausted': 'make the pool of the network larger in the template, or take away what does not belong there',
  'other-server':
    'find the device by its address and MAC, and take its DHCP away; if it belongs there, name it in otherServers of the template',
  'nobody-leases':
    'switch on the DHCP server of the network; if Slipway is to lease there, say mode: authoritative in the template',
  'dhcp-blind':
    'do what it says, or say mode: authoritative or mode: proxy in the template; slipway dhcp-mode NETWORK says it for now',
  'order-parked': 'look at the screen of the machine and at slipway node SLOT; then slipway reinstall SLOT',
  'revision-reverted':
    'nothing: the store works with the revision before it. Head office reads why in slipway hub site, and sends another one; slipway revision retry tries this one again',
  'certificate-expiring':
    'see in slipway status why head office cannot be reached; the store works, and once the WAN is back the rest goes by itself',
  'identity-refused':
    'call head office: if this is the right box, slipway hub invite SITE there makes a code, and slipway join CODE uses it here',
  'site-disarmed': 'read why in slipway status; slipway arm, once it is clear that nothing is installed by mistake',
  'take-over-refused':
    'the site installs nothing; look at slipway nodes, then slipway arm, and order slot by slot what is to be installed',
  'events-waiting': 'the store works without; look at slipway status why head office is not reached, and check the WAN',
  'events-dropped':
    'tell head office that a part of what happened here is missing there; look at slipway status why it is not reached',
  'disk-short':
    'see with df what takes the disk; let disk.maxBytes of the template be more, want fewer images, or give the box a larger disk',
  'file-damaged':
    'look into dmesg and at the disk with smartctl if there are more of these; what is needed is fetched again by itself',
} as const satisfies Partial<Record<EventType, string>>;

export type AlarmType = keyof typeof ALARMS;
export const ALARM_TYPES = Object.keys(ALARMS) as readonly AlarmType[];

/** Events that end an alarm of the same thing before its day is over. */
const ENDS: Partial<Record<EventType, AlarmType>> = { 'disk-has-room': 'disk-short', 'file-healed': 'file-damaged' };
/** All that the list of alarms is made of. */
export const ALARM_EVENTS = [...ALARM_TYPES, ...Object.keys(ENDS)] as readonly EventType[];

/** One source of alarms of one kind. Times are milliseconds since 1970. */
export type Alarm = {
  readonly type: AlarmType;
  /** What it is about, such as the address that asked. */
  readonly about: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** The newest one, in words. */
  readonly sentence: string;
  readonly toDo: string;
};

/** A person looks once a day. */
export const ALARM_FOR_MS = 24 * 3_600_000;
const MOST = 20;

/** The alarms with one more event, the newest first; the very same list if it changes none. */
export function addAlarm(alarms: readonly Alarm[], event: Event): readonly Alarm[] {
  const ended = ENDS[event.type];
  const over = alarms.find((one) => one.type === ended && one.about === aboutOf(event));
  if (over) return alarms.filter((one) => one !== over);
  const type = ALARM_TYPES.find((one) => one === event.type);
  if (!type) return alarms;
  const about = aboutOf(event);
  const same = alarms.find((one) => one.type === type && one.about === about);
  const before = same && event.at - same.lastAt < ALARM_FOR_MS ? same : { firstAt: event.at, count: 0 };
  const next: Alarm = {
    ...{ type, about, firstAt: before.firstAt, lastAt: event.at, count: before.count + 1 },
    ...{ sentence: event.sentence, toDo: ALARMS[type] },
  };
  return [next, ...alarms.filter((one) => one !== same)].slice(0, MOST);
}

/** Those that are not too old at `now`. */
export function recentAlarms(alarms: readonly Alarm[], now: number): readonly Alarm[] {
  return alarms.filter(({ lastAt }) => now - lastAt < ALARM_FOR_MS);
}

function aboutOf({ data, machine, slot }: Event): string {
  const named = data?.['remote'] ?? data?.['address'] ?? machine ?? slot ?? data?.['file'];
  return typeof named === 'string' ? named : '';
}
