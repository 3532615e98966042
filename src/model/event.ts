import type { BootId } from './boot.ts';
import type { MachineId } from './machine.ts';

/** Everything that is written down as having happened, with what it means: a new kind is a row here, and docs/use/events.md has it too. */
export const EVENTS = {
  'site-started': 'The site serves machines: on which addresses.',
  'site-stopped': 'The site was told to end.',
  'revision-applied': 'A template, new or changed, is in force; of head office: it was tried, and counts as good.',
  'revision-refused': 'A changed template is not right, and the one before it stays in force: why.',
  'revision-tried': 'A revision from head office is in force on trial.',
  'revision-reverted': 'A revision from head office did not work here, and the one before it is in force again: why.',
  'site-frozen': 'No revision from head office comes into force for a while: until when, and why.',
  'site-thawed': 'A freeze was ended before its time.',
  'machine-seen': 'A machine was heard for the first time.',
  'machine-merged':
    'Two machines are one: a person said so, or a network card came with the UUID of a machine that is known.',
  'machine-split': 'A part of a machine is a machine of its own again, or two are kept apart.',
  'mac-contested': 'One MAC address came with two UUIDs in turn: two machines have it at once.',
  'machine-held': 'A machine that fills no slot shows its code.',
  'slot-filled': 'A machine fills a slot: which one, and who said so, if a person did.',
  'slot-conflict': 'A second machine would fill a slot that is taken. The first one stays.',
  'boot-opened': 'A machine was switched on.',
  'boot-stage': 'A boot came to its next stage.',
  'boot-closed': 'A boot came to its end: what became of it.',
  'node-enrolled': 'The system of a slot is up, or its install is proved.',
  'node-reported': 'A loader, an installer or a system told how it does, such as a fault or a stage of cloud-init.',
  'image-pulled':
    'A machine took an image from the mirror: which one, and how much of it the machine did not have yet.',
  'site-armed': 'A person said that this site may install.',
  'site-taken-over':
    'A new appliance took over from the one before it what head office knows of it: who fills which slot, and what is installed.',
  'take-over-refused':
    'A new appliance could not take over what head office knows of the one before it: why. It stays disarmed.',
  'events-waiting': 'Head office has not had events of this site for more than a day.',
  'events-dropped':
    'Events were dropped before head office had them: they were too old, or too many. Head office sees the gap.',
  'events-renumbered':
    'Events are counted anew at head office from a number on, as the database of this site was restored from an older copy.',
  'site-disarmed': 'The database and the log of orders do not agree: the site installs nothing.',
  'command-refused': 'A command or a look from the network was refused: a wrong PIN, or the page of another site.',
  'order-given': 'An install was ordered, has its turn behind another one, or may be tried once more.',
  'order-wiped': 'The disk is erased in this boot of an order, and in no later one.',
  'order-attempt': 'An installer has fetched its configuration: that counts as an attempt.',
  'order-confirmed': 'An install is complete.',
  'order-parked': 'An install was given up: its attempts or its time are used up.',
  'order-void': 'An order ended without an install, because something else was done with its slot or with the site.',
  'slot-released': 'A slot is empty: a person took its machine out, or the machine fills another one.',
  'slot-held': 'Nothing may be installed in a slot, or it may again.',
  'machine-fenced': 'A machine that was replaced or released may fill no slot until a person gives it one.',
  'boot-stalled': 'A boot takes no further step: why, and what to do.',
  'node-lost': 'The system of a slot is not heard any more.',
  'node-healthy': 'A system that was lost is heard again.',
  'image-complete': 'An image that a revision wants is here whole, for the first time since that revision is in force.',
  'disk-short': 'The disk has no room for a file: clients get it from its source all the same, and it is not kept.',
  'disk-has-room': 'Files are kept again, after there was no room for one.',
  'file-damaged': 'A stored file is not what it was, and is out of the way. It is fetched again if something needs it.',
  'file-healed': 'A file that was damaged is here again.',
  'source-wrong': 'A source sent other bytes than those that were asked for. They were thrown away.',
  'image-pinned': 'A person keeps an image at this site, or does no more.',
  'secret-fetched': 'A machine has fetched a secret document.',
  'secret-refused': 'Somebody asked for a secret document of another machine. Nothing was given out.',
  'secret-set': 'A secret was given a value at the terminal of the site.',
  'secret-removed': 'The value of a secret was removed at the terminal of the site.',
  'system-log': 'A line of the kernel log of Talos that a person should read.',
  'lease-granted': 'A machine has its first address in a network, or has one again.',
  'lease-moved': 'A machine has another address than before.',
  'lease-released': 'A machine gave its address back.',
  'address-declined': 'A machine was given an address, and found that somebody has it already. It is set aside.',
  'address-conflict': 'Somebody uses an address that was about to be given away. It is set aside.',
  'pool-exhausted': 'No address is left for a machine.',
  'other-server': 'Another DHCP server is in a network, and the template does not name it.',
  'nobody-leases': 'The site only adds the boot in a network, and no DHCP server leases addresses there.',
  'dhcp-mode': 'Whether the site leases in a network of mode auto: it found out, or a person said so.',
  'dhcp-blind': 'The site cannot look for other DHCP servers: why.',
  'site-joined': 'This box speaks for the site at head office, by a code that somebody typed.',
  'certificate-renewed': 'The certificate of the site at head office is new: until when it is good.',
  'certificate-expiring': 'The certificate of the site at head office could not be renewed for long, or is over.',
  'identity-refused': 'Head office does not accept this box as the site: why.',
} as const;
export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[];

/** Something that happened; `sentence` says it to a person, `data` to a program. */
export type NewEvent = {
  readonly type: EventType;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sentence: string;
  readonly machine?: MachineId;
  readonly slot?: string;
  readonly boot?: BootId;
  readonly data?: Readonly<Record<string, unknown>>;
};

/** An event as it is kept: appended once, numbered within an epoch of this database. */
export type Event = NewEvent & { readonly epoch: string; readonly seq: number; readonly version: 1 };
