import type { Digest } from '../kernel/digest.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { BootRole } from '../model/boot-way.ts';
import type { AssetState } from '../model/content.ts';
import { DOCUMENT_TARGETS, fillHoles, sampleHoleValues, secretsOf } from '../model/holes.ts';
import type { DocumentName, Profile, Revision, Slot } from '../model/revision.ts';
import type { LoaderTable, SiteAddress } from '../model/site-ports.ts';
import { createState } from '../model/state.ts';
import { alike } from './alike-slots.ts';
import { decideBoot } from './boot/policy/decide.ts';
import { renderEntryScript } from './boot/policy/entry-script.ts';
import type { MachineEnv } from './boot/policy/machine-env.ts';
import { missingFiles } from './boot/policy/readiness.ts';
import { renderScript } from './boot/policy/scripts.ts';
import { answerOf } from './dhcp/policy/boot-answer.ts';
import { CLIENT_KINDS } from './dhcp/policy/client-kinds.ts';
import { planNetwork } from './dhcp/policy/network-plan.ts';
import { type Filling, NOCLOUD_FILES, renderNocloud } from './metadata/policy/nocloud.ts';

/** What a revision is held against. */
export type ProbeWorld = {
  readonly siteName: string;
  readonly addresses: readonly SiteAddress[];
  readonly assetState: (digest: Digest) => AssetState;
  readonly loaders: LoaderTable;
};

const PROBE_MAC = '02:00:00:00:00:01' as MacAddress;
const NO_FEATURES: ReadonlySet<number> = new Set();
/** The loaders that start a kernel, as each kind of profile expects them. */
const LOADERS: Readonly<Record<Profile['arch'], readonly MachineEnv[]>> = {
  amd64: [
    { platform: 'pcbios', buildarch: 'i386', longMode: 'yes' },
    { platform: 'efi', buildarch: 'x86_64', longMode: 'unknown' },
  ],
  arm64: [{ platform: 'efi', buildarch: 'arm64', longMode: 'unknown' }],
};
const HERE: AssetState = { kind: 'complete', sizeBytes: 1 };
/** A loader that is still on its way says nothing against a revision. */
const ALL_LOADERS: LoaderTable = { find: (name) => ({ name, digest: '0'.repeat(64) as Digest, sizeBytes: 1 }) };

/** Why a machine could not be answered by this revision, though all files were here; undefined: each slot can. Nothing is sent. */
export function whyUnanswerable(revision: Revision, world: ProbeWorld): string | undefined {
  for (const fault of faultsOf(revision, world)) if (fault !== undefined) return fault;
  return undefined;
}

/** As `whyUnanswerable`, with a turn for everybody else now and then. */
export async function findWhyUnanswerable(
  revision: Revision,
  world: ProbeWorld,
  turn: () => Promise<void>,
): Promise<string | undefined> {
  for (const fault of faultsOf(revision, world)) {
    if (fault !== undefined) return fault;
    await turn();
  }
  return undefined;
}

/** `pos-1: kernel 40 %`: what an answer would name and is not here; undefined: all is. */
export function whyLacking(revision: Revision, { assetState, loaders }: ProbeWorld): string | undefined {
  const profiles = new Map(Object.values(revision.slots).map(({ profile }) => [profile.digest, profile]));
  const arches = new Set([...profiles.values()].map(({ arch }) => arch));
  // The first way is what a machine is offered; the others are for firmware that does not take it.
  const firstWays = CLIENT_KINDS.filter(({ arch = 'amd64' }) => arches.has(arch)).flatMap(({ ways }) =>
    ways('authoritative').slice(0, 1),
  );
  const loader = firstWays.map((way) => way.loader).find((name) => name !== undefined && !loaders.find(name));
  if (loader !== undefined) return `the loader ${loader} is not here yet`;
  const lacking = [...profiles.values()].flatMap((profile) => {
    const missing = missingFiles(profile, (digest) => inTens(assetState(digest)));
    return missing === undefined ? [] : [`${profile.name}: ${missing}`];
  });
  const pi = Object.entries(revision.raspberryPi ?? {}).find(
    ([, { digest }]) => assetState(digest).kind !== 'complete',
  );
  if (pi) lacking.push(`raspberryPi: ${pi[0]} is not here yet`);
  return lacking.length > 0 ? [...new Set(lacking)].join('; ') : undefined;
}

/** Who tells others of each step tells them ten times. */
function inTens(state: AssetState): AssetState {
  if (state.kind !== 'filling' || !state.sizeBytes) return state;
  const tenth = state.sizeBytes / 10;
  return { ...state, bytesDone: Math.floor(state.bytesDone / tenth) * tenth };
}

/** What is wrong, a piece of the work at a time. */
function* faultsOf(revision: Revision, world: ProbeWorld): Generator<string | undefined> {
  const probe = { ...world, assetState: () => HERE, loaders: ALL_LOADERS };
  try {
    yield faultOfNetworks(revision, probe);
    for (const [slot] of alike(Object.values(revision.slots))) {
      const because = faultOfDocuments(slot) ?? faultOfScripts(slot, revision, probe);
      yield because === undefined ? undefined : `${slot.name}: ${because}`;
    }
  } catch (error) {
    yield `it cannot be answered from: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function faultOfNetworks(revision: Revision, world: ProbeWorld): string | undefined {
  for (const site of world.addresses) {
    const plan = planNetwork(revision, site);
    if (!plan) return `it has no network ${site.network}`;
    renderEntryScript(world.siteName, site);
    // One that still has to look may come to lease as well.
    const role: BootRole = plan.role === 'proxy' ? 'proxy' : 'authoritative';
    const ways = CLIENT_KINDS.flatMap(({ ways }) => ways(role));
    const setting = { site, role, loaders: world.loaders };
    const unknown = ways.map((way) => answerOf(way, NO_FEATURES, setting)).find((one) => !one.ok);
    if (unknown && !unknown.ok) return unknown.error.because;
  }
  return undefined;
}

function faultOfScripts(
  slot: Slot,
  revision: Revision,
  { addresses, assetState, siteName }: ProbeWorld,
): string | undefined {
  const [site] = addresses;
  if (!site) return undefined;
  const { profile } = slot;
  // An install is started by the same script as a live boot, with the words of an erasing one at most; it needs no order here.
  const cmdline = [...profile.cmdline, ...(profile.install?.wipe ?? [])];
  const tried: Slot = { ...slot, match: [{ mac: PROBE_MAC }], profile: { ...profile, kind: 'live', cmdline } };
  const claim = { mac: PROBE_MAC };
  for (const env of LOADERS[profile.arch]) {
    const decision = decideBoot(
      { claim, env, waitedSeconds: 0, givenUp: false, isRetry: false },
      {
        ...{ now: 0, state: createState(), site, assetState, isSelf: true },
        revision: { ...revision, slots: { [slot.name]: tried } },
        readToken: () => 'probe',
        freshCode: () => 'PROBE',
      },
    );
    if (decision.kind !== 'live')
      return 'because' in decision ? decision.because : `it would be told: ${decision.kind}`;
    renderScript(decision, { siteName, site, claim });
  }
  return undefined;
}

function faultOfDocuments(slot: Slot): string | undefined {
  const { documents } = slot.profile;
  const filling: Filling = {
    holes: sampleHoleValues(secretsOf(documents)),
    reportUrl: undefined,
    maySeeSecrets: true,
    waits: false,
  };
  const subject = { kind: 'slot', slot, binding: 1, machine: undefined, mac: PROBE_MAC } as const;
  for (const file of NOCLOUD_FILES) {
    const text = renderNocloud(file, subject, filling);
    if (!text.ok) return `${file}: ${text.error}`;
  }
  for (const [name, document] of Object.entries(documents)) {
    if (document.kind !== 'text' || !document.fill) continue;
    const text = fillHoles(document.text, filling.holes, DOCUMENT_TARGETS[name as DocumentName]);
    if (!text.ok) return `${name}: ${text.error}`;
  }
  return undefined;
}
