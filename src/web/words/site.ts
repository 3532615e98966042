import type { LinkView } from '../../wire/api/link.ts';
import type { SteeredView } from '../../wire/api/revision.ts';
import type { AlarmView, NetworkView, NodeView, OtherServerView, SiteStatus } from '../../wire/api/views.ts';
import { capital, plain, plainSentence } from './plain.ts';
import { slotWords } from './slot.ts';
import { howLong } from './time.ts';

/** Whether the page still hears the site: what it shows is of this time. Times are those of the phone. */
export type Reach = { readonly answeredAt?: number; readonly silentSince?: number };

/** How many slots are well, in a line. */
export function summary(nodes: readonly NodeView[], now: number): string {
  if (nodes.length === 0) return 'This site has no slots.';
  const tones = nodes.map((node) => slotWords(node, now).tone);
  const count = (tone: string): number => tones.filter((one) => one === tone).length;
  const parts = [
    `${count('good')} of ${nodes.length} working`,
    ...(count('busy') > 0 ? [`${count('busy')} starting`] : []),
    ...(count('bad') > 0 ? [`${count('bad')} ${count('bad') === 1 ? 'needs' : 'need'} you`] : []),
  ];
  return parts.join(', ');
}

/** What stands above all slots, as sentences. */
export function siteNotes(status: SiteStatus): string[] {
  const { at, notReady, templateRefused, steered, armed, noInstalls, headOffice, networks, queued = 0 } = status;
  return [
    ...(armed && noInstalls
      ? [`Nothing is installed here now: ${plainSentence(noInstalls.because)} ${plainSentence(noInstalls.toDo)}`]
      : []),
    ...notReady.map((reason) => `This site does not serve machines now: ${plainSentence(reason)}`),
    ...(templateRefused === undefined
      ? []
      : ['The last change of head office could not be used. All goes on as before; head office must mend it.']),
    ...networks.flatMap(({ name, because }) =>
      because === undefined ? [] : [`Network ${name}: ${plainSentence(because)}`],
    ),
    ...(queued === 0 ? [] : [queueWords(queued)]),
    ...(steered ? headOfficeNotes(steered, at) : []),
    ...(headOffice ? linkNotes(headOffice, at) : []),
  ];
}

function queueWords(count: number): string {
  const who = count === 1 ? 'A machine waits' : `${count} machines wait`;
  return `${who} in the queue: not all fetch their systems at once. Leave them on, they go on by themselves.`;
}

const ROLES = {
  authoritative: 'This site gives out the addresses.',
  proxy: 'Another server gives out the addresses, and this site adds the boot.',
  looking: 'This site is finding out whether another server gives out the addresses.',
} as const;

/** What the site is in a network, and who else is there. */
export function networkWords({ name, subnet, role, otherServers }: NetworkView): {
  readonly title: string;
  readonly detail: string;
  readonly servers: readonly string[];
} {
  const detail = role === undefined ? 'This site serves nobody there.' : ROLES[role];
  return { title: `${name}, ${subnet}`, detail, servers: otherServers.map(serverWords) };
}

function serverWords({ address, mac, maker, how, allowed }: OtherServerView): string {
  const who = [maker, mac === undefined ? undefined : `network card ${mac}`].filter((part) => part !== undefined);
  const does = how === 'proxy-offer' ? 'only adds a boot' : 'gives out addresses';
  const named = who.length === 0 ? address : `${address} (${who.join(', ')})`;
  return `${named} ${does}${allowed ? ', as it should' : ''}`;
}

/** A line that is down for a moment is no news for a store. */
const LINK_MS = 5 * 60_000;

function linkNotes({ state, since }: LinkView, at: number): string[] {
  if (state === 'needs-code')
    return ['This box is not known at head office yet: it needs the code that head office gave out for this store.'];
  if (state === 'damaged') return ['This box is not known at head office any more. All goes on; call head office.'];
  if (state !== 'unreachable' || at - since < LINK_MS) return [];
  return [`Head office is not reached for ${howLong(at - since)}. All goes on without it, and it is told later.`];
}

function headOfficeNotes({ wanted, freeze }: SteeredView, at: number): string[] {
  const isOut = wanted?.state === 'reverted' || wanted?.state === 'refused';
  const why = freeze?.because === undefined ? '' : ` (${freeze.because})`;
  return [
    ...(isOut
      ? ['The last change of head office did not work here. All goes on as before; head office sees why.']
      : []),
    ...(wanted?.state === 'trial'
      ? ['A change of head office is tried now. If it does not work, all is as before.']
      : []),
    ...(freeze
      ? [`Nothing of head office changes here for ${howLong(freeze.until - at)}${why}. Machines are served.`]
      : []),
  ];
}

/** What a person must know before a site is armed. */
export function armingWords({ doubt }: SiteStatus): { readonly why: string; readonly will: string } {
  if (doubt !== undefined)
    return {
      why: `Installing was stopped: ${plainSentence(doubt)}`,
      will: `Installing is allowed again. Nothing is installed by itself: each slot that needs it is ordered on its own page.`,
    };
  return {
    why: capital('nothing is installed here until somebody says that this is a new store.'),
    will: 'Every machine in a slot that this site never installed is installed when it is switched on next: what is on its disk is erased. In a store whose machines are in use, do not do this.',
  };
}

/** What somebody should look into, and what to do about it. */
export function alarmWords({ sentence, toDo, count }: AlarmView): { readonly what: string; readonly toDo: string } {
  const often = count > 1 ? ` (${count} times)` : '';
  return { what: `${plain(sentence).replace(/[.]$/, '')}${often}.`, toDo: plainSentence(toDo) };
}
