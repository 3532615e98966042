import type { MacAddress } from '../../../kernel/mac.ts';
import { matchesMac } from '../../../kernel/mac.ts';
import { usableUuid } from '../../../model/identity.ts';
import type { Signal } from '../../../model/signal.ts';
import type { Context } from './context.ts';
import type { SaidUuid } from './memory.ts';

/** What one machine says of its UUID within one way of asking; firmware and loader of one machine may differ in it. */
type Voice = SaidUuid & { readonly mac: MacAddress; readonly by: string };

/**
 * Two machines that use one MAC at the same time: its UUID is one, then another, and soon the first one again. A card
 * or a dock that moved on changes once; who says no UUID, says nothing. Only what was promised an address or asked for
 * a script counts: anybody can make up DISCOVERs.
 */
export function hearHolder(context: Context, signal: Signal): void {
  const voice = voiceOf(signal);
  if (!voice || isShared(context, voice.mac)) return;
  const { draft, memory } = context;
  const { mac } = voice;
  const rival = memory.hearUuid(`${voice.by}/${mac}`, voice, signal.at);
  if (rival === undefined || !memory.mayTellOfHolders(mac, signal.at)) return;
  const machine = draft.machineWith('mac', mac);
  const slot = machine && draft.bindingOfMachine(machine.id)?.slot;
  const sentence = `Two machines use the MAC address ${mac}${slot ? ` of ${slot}` : ''} at once, with the UUIDs ${rival} and ${voice.said}. Look for a copied virtual machine or a MAC that was set by hand, and give one of them its own; a dock belongs into sharedMacs of its network`;
  const data = { mac, uuids: [rival, voice.said] };
  const subject = { ...(machine ? { machine: machine.id } : {}), ...(slot ? { slot } : {}) };
  draft.say({ type: 'mac-contested', at: signal.at, sentence, ...subject, data });
}

function voiceOf(signal: Signal): Voice | undefined {
  if (signal.kind === 'script') return voice(signal.claim.mac, 'script', signal.claim.uuid);
  if (signal.kind !== 'dhcp' || signal.message !== 'request') return undefined;
  return voice(signal.mac, signal.clientKind, signal.uuid);
}

function voice(mac: MacAddress, by: string, text: string | undefined): Voice | undefined {
  const said = usableUuid(text);
  return said === undefined ? undefined : { mac, by, said, uuid: sameInBothOrders(said) };
}

/** SMBIOS before 2.6 and some firmware turn the bytes of the first three groups around (RFC 4122 has them big-endian). */
function sameInBothOrders(uuid: string): string {
  const [a = '', b = '', c = '', ...rest] = uuid.split('-');
  const turned = [...[a, b, c].map(turnBytes), ...rest].join('-');
  return turned < uuid ? turned : uuid;
}

function turnBytes(hex: string): string {
  return (hex.match(/../g) ?? []).reverse().join('');
}

function isShared({ revision }: Context, mac: MacAddress): boolean {
  const patterns = Object.values(revision?.networks ?? {}).flatMap(({ sharedMacs = [] }) => sharedMacs);
  return patterns.some((pattern) => matchesMac(pattern, mac));
}
