/** What head office calls a person for: what it means, what to do, and how it ends. `docs/operate/hub-alarms` is made from this. */
export const FLEET_ALARMS = {
  'site-silent': {
    title: 'A site is silent',
    means: 'A site that spoke before was not heard for three of its longest waits.',
    toDo: 'ask the store whether the box is on and its WAN is up; slipway status there says what is in the way',
    ends: 'when the site is heard again, or is closed',
  },
  'identity-forked': {
    title: 'Two boxes say that they are one site',
    means:
      'A second box came with the identity of a site that still speaks. It stands aside: nothing that it says is counted.',
    toDo: 'find out which one is right and switch the other one off; if the copy is not yours, revoke the certificate and invite the site anew',
    ends: 'when the second box was not heard for a day',
  },
  'approval-pending': {
    title: 'A box came back long after its certificate was over',
    means: 'It proves that it has the old key, and asks for a new certificate. So late that somebody has to say yes.',
    toDo: 'ask the store whether this box was switched on again there; then slipway hub certificates approve SITE, or else revoke',
    ends: 'when somebody said yes or revoked the certificate, or the site was enrolled anew',
  },
  'certificate-over': {
    title: 'The certificate of a site is over',
    means: 'Head office believes this site nothing but a request for a new certificate, which it makes by itself.',
    toDo: 'look whether the site is heard at all; if it is, its clock is wrong, or somebody has to approve',
    ends: 'when the site has a new certificate, or is closed',
  },
  'certificate-ending': {
    title: 'The certificate of a site comes to its end',
    means:
      'A site renews its certificate when a third of its life is over. At a half, a quarter and a tenth that are left, this one has not.',
    toDo: 'look whether the site is silent, and read why in slipway status there; it tries again every day',
    ends: 'when the site has a new certificate, or is closed',
  },
  'publication-halted': {
    title: 'A publication has stopped by itself',
    means: 'So many sites took a revision back, or refused it, that no other site is offered it.',
    toDo: 'read why: slipway hub publish show ID; then slipway hub publish resume ID, abort or rollback',
    ends: 'when somebody decided',
  },
  'revision-reverted': {
    title: 'A site has taken a revision back',
    means: 'It tried the revision, was not well with it, and went back to the one before by itself.',
    toDo: 'read why in the line of the site: slipway hub site NAME; mend the template and push again',
    ends: 'when the site is to have another revision',
  },
  'revision-refused': {
    title: 'A site refuses a revision',
    means:
      'It could not be believed or used: a wrong signature, an older number, files that cannot be had. Nothing was changed there.',
    toDo: 'read why in the line of the site: slipway hub site NAME; mend what it names and push again',
    ends: 'when the site is to have another revision',
  },
  'events-lost': {
    title: 'Events of a site are lost',
    means: 'The site had to delete events before head office had them, and says so: which, how many and why.',
    toDo: 'look for what kept it from reporting so long, at the times of the sentence; what its page shows is not touched by it',
    ends: 'a week after the last one',
  },
  'events-waiting': {
    title: 'Events of a site do not come through',
    means: 'The site is heard, and what happened there waits for more than a day to be taken by head office.',
    toDo: 'read why: slipway status at the site, and the log of head office at its name; then mend what refuses them',
    ends: 'a day after the site said so last',
  },
  'dead-letters': {
    title: 'Reports of a site cannot be read',
    means: 'Head office keeps them aside as they came, so that the events behind them go on.',
    toDo: 'update head office if it is older than the site; else send the entry to the developers of Slipway',
    ends: 'a week after the last one',
  },
  'machine-waiting': {
    title: 'Machines wait for somebody at a site',
    means:
      'For more than a quarter of an hour a machine that belongs to no slot has shown its code, and nobody has given it one.',
    toDo: 'ask the store to open the page of the box and type the code; or give it a slot by its serial number in the template',
    ends: 'when no machine waits there any more',
  },
  'clock-off': {
    title: 'The clock of a site is wrong',
    means:
      "It is more than five minutes from head office's. The site goes on with head office's time; logs of its nodes may not.",
    toDo: 'set the clock of the box, or the NTP server of its network; a battery that is empty comes back at each start',
    ends: 'when the site says hello with a clock that is right, which it does every few hours',
  },
  'backup-old': {
    title: 'Head office has no new backup',
    means: 'The last one is older than a day. What came since would be lost with the disk.',
    toDo: 'slipway hub backup FILE, on another disk or machine; docs/operate/hub-backup.md has a timer for it',
    ends: 'when a backup is made',
  },
  'disk-nearly-full': {
    title: 'The disk of head office is nearly full',
    means: 'When it is full, head office acknowledges nothing, and sites keep their events until it does.',
    toDo: 'free space on the disk of the data directory, or give it a larger one',
    ends: 'when there is room again',
  },
} as const satisfies Record<string, FleetAlarmEntry>;

export type FleetAlarmEntry = {
  readonly title: string;
  readonly means: string;
  /** One line for a person. */
  readonly toDo: string;
  readonly ends: string;
};
export type FleetAlarmKind = keyof typeof FLEET_ALARMS;
export const FLEET_ALARM_KINDS = Object.keys(FLEET_ALARMS) as readonly FleetAlarmKind[];
