import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../../kernel/admission.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock, Log, Random } from '../../kernel/ports.ts';
import type { ContentStore } from '../../model/content.ts';
import { leasedByAnother, type Surroundings } from '../../model/dhcp-role.ts';
import { CODE_LETTERS, findMachine, findSlot, machineOfUuid, spellCode } from '../../model/identity.ts';
import { isBound } from '../../model/lease.ts';
import type { Peer } from '../../model/peer.ts';
import { findPeer } from '../../model/peer.ts';
import { createRefusals } from '../../model/refusals.ts';
import { identify } from '../../model/requester.ts';
import { DEFAULT_STARTS, type Revision } from '../../model/revision.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { NeighbourTable, RevisionSource, SiteAddress, TokenMint } from '../../model/site-ports.ts';
import { revisionToStart } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import type { BootQuery, QueryValues } from './policy/boot-query.ts';
import { parseBootQuery, parseEnv, parseQuery } from './policy/boot-query.ts';
import { decideBoot } from './policy/decide.ts';
import type { BootDecision, BootRequest, LoaderFamily, ScriptFile } from './policy/decision.ts';
import { answerOf, withoutCode } from './policy/decision.ts';
import { renderEntryScript } from './policy/entry-script.ts';
import { renderGrubEntry } from './policy/grub-entry.ts';
import { renderGrubAnswer } from './policy/grub-script.ts';
import { localBootOf } from './policy/machine-env.ts';
import { renderScript } from './policy/scripts.ts';

export type BootDeps = {
  readonly siteName: string;
  readonly store: Store;
  readonly revisions: RevisionSource;
  readonly content: Pick<ContentStore, 'stateOf'>;
  /** One for each network that is served. */
  readonly addresses: () => readonly SiteAddress[];
  readonly signals: SignalSink;
  readonly tokens: Pick<TokenMint, 'mint'>;
  readonly arp: NeighbourTable;
  readonly surroundings: Pick<Surroundings, 'roleOf'>;
  readonly refuse: ReturnType<typeof createRefusals>;
  readonly admission: Pick<Admission, 'ask'>;
  readonly secrets?: { lack(names: readonly string[]): string | undefined };
  /** The wanted images of the revision in force. */
  readonly images?: { missing(names: readonly string[]): string | undefined };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** What a loader asks, whichever protocol brought it. */
export type Question = { readonly peer: Peer; readonly values: QueryValues; readonly loader: LoaderFamily };

/** `delivered` is to be called when it is certain that the answer reached the address that asked. */
export type Answer = { readonly text: string; readonly delivered: () => void };

/** Where loaders learn what their machine is to do. */
export interface BootDesk {
  peerOf(remote: string, local: string): Peer;
  /** The script that every loader gets first; undefined while no network is served. */
  entry(peer: Peer, loader: LoaderFamily): string | undefined;
  answer(question: Question): Promise<Answer | undefined>;
}

export function createBootDesk(given: Omit<BootDeps, 'refuse'>): BootDesk {
  const deps = { ...given, refuse: createRefusals(given.signals, given.clock) };
  return {
    peerOf: (remote, local) => findPeer(remote, local, deps.addresses(), deps.store.state),
    entry: ({ site }, loader) => site && (loader === 'grub' ? renderGrubEntry : renderEntryScript)(deps.siteName, site),
    answer: (question) => answer(deps, question),
  };
}

/**
 * `GET /boot.ipxe`, `/autoexec.ipxe` and `/boot/script`. Every answer is a script with status 200 that a person can
 * read on the machine's screen, also for a question that makes no sense: iPXE shows of an error only its number.
 */
export function bootRoutes(desk: BootDesk): (app: FastifyInstance) => void {
  const peerOf = (request: FastifyRequest) => desk.peerOf(request.ip, request.socket.localAddress ?? '');
  const sendEntry = (request: FastifyRequest, reply: FastifyReply) =>
    sendText(reply, desk.entry(peerOf(request), 'ipxe') ?? noNetwork());
  const sendScript = async (request: FastifyRequest, reply: FastifyReply) => {
    const given = await desk.answer({ peer: peerOf(request), values: parseQuery(request.url), loader: 'ipxe' });
    // Who speaks HTTP from an address has it.
    given?.delivered();
    return sendText(reply, given?.text ?? noNetwork());
  };
  return (app) => {
    app.get('/boot.ipxe', sendEntry);
    app.get('/autoexec.ipxe', sendEntry);
    app.get('/boot/script', sendScript);
  };
}

async function answer(deps: BootDeps, { peer, values, loader }: Question): Promise<Answer | undefined> {
  const { site } = peer;
  if (!site) return undefined;
  const query = parseBootQuery(values, loader);
  const sender = await senderOf(deps, peer);
  const revision = query && revisionOf(deps, query);
  const decision = query ? decide(deps, query, { peer, site, revision, sender }) : unreadable(values);
  const frame = { siteName: deps.siteName, site, claim: query?.request.claim, trouble: query?.trouble };
  return {
    text: (loader === 'grub' ? renderGrubAnswer : renderScript)(decision, frame),
    delivered: () => note(deps, { query, peer, decision, revision, sender }),
  };
}

/**
 * Only who says that files which a script named could not be started asks again in the boot that we know: a loader that was just started asks before its
 * power-on is written down, and shall not be answered by the revision of the boot before.
 */
function revisionOf({ store, revisions, clock }: BootDeps, { request }: BootQuery): Revision | undefined {
  const { claim, isRetry } = request;
  if (!isRetry) return revisions.current();
  const machine = findMachine(claim, store.state, clock.now());
  const boot = machine && store.state.latestBoot(machine.id);
  return revisionToStart(revisions, boot?.mac === claim.mac ? boot : undefined);
}

type Asking = {
  readonly peer: Peer;
  readonly site: SiteAddress;
  readonly revision: Revision | undefined;
  readonly sender: MacAddress | undefined;
};

/** The MAC that the site itself sees behind an address; undefined: nobody we know. */
async function senderOf(
  { arp, revisions, clock }: BootDeps,
  { address, lease }: Peer,
): Promise<MacAddress | undefined> {
  const neighbour = (await arp.entries()).get(address);
  const networks = Object.values(revisions.current()?.networks ?? {});
  return identify({ address, neighbour, lease, networks, now: clock.now() }).mac;
}

function decide(deps: BootDeps, query: BootQuery, { peer, site, revision, sender }: Asking): BootDecision {
  const { lease } = peer;
  const { claim, env } = query.request;
  if (lease && lease.mac !== claim.mac && lease.expiresAt > deps.clock.now()) {
    const because = `it says ${claim.mac}, but its address ${peer.address} was given to ${lease.mac}`;
    return { kind: 'refuse', because, localBoot: localBootOf(undefined, env) };
  }
  const { store, content, images, tokens, secrets } = deps;
  const now = deps.clock.now();
  return decideBoot(query.request, {
    state: store.state,
    revision,
    site,
    assetState: (digest) => content.stateOf(digest),
    now,
    isSelf: sender === claim.mac,
    role: isLeasedByAnother(deps, peer) ? 'proxy' : 'authoritative',
    freshCode: () => spellCode(deps.random.bytes(CODE_LETTERS)),
    lackOfSecrets: (names) => secrets?.lack(names),
    lackOfImages: (names) => images?.missing(names),
    queueFor: (files) => placeOf(deps, query.request, { peer, revision, sender }, files),
    readToken: (mac) => {
      if (sender === mac) return tokens.mint({ use: 'read', mac, issuedAt: now });
      const because = `${sender ?? 'nobody known'} asked for the boot script of ${mac}`;
      deps.refuse({ address: peer.address, mac, because });
      return undefined;
    },
  });
}

function isLeasedByAnother({ revisions, surroundings }: BootDeps, { address }: Peer): boolean {
  return leasedByAnother(address, revisions.current()?.networks ?? {}, surroundings) !== undefined;
}

/**
 * Only whom the wire shows takes a place. MACs are made up, and with TFTP the addresses of those who ask, too: else a
 * neighbour could fill the queue with machines that never come, or move the place of one that did.
 */
function placeOf(
  { admission, clock }: BootDeps,
  { claim: { mac }, isRetry }: BootRequest,
  { peer, revision, sender }: Omit<Asking, 'site'>,
  files: readonly ScriptFile[],
): number | undefined {
  if (sender !== mac) return undefined;
  const limit = revision?.admission?.starts ?? DEFAULT_STARTS;
  const arrival = { id: mac, address: peer.address, files: files.map(({ digest }) => digest), limit, isRetry };
  return admission.ask(arrival, clock.monotonic());
}

function unreadable(values: QueryValues): BootDecision {
  const because = 'its loader did not say which machine it is (no usable MAC address)';
  return { kind: 'refuse', because, localBoot: localBootOf(undefined, parseEnv(values)) };
}

type Noted = Omit<Asking, 'site'> & { readonly query: BootQuery | undefined; readonly decision: BootDecision };

function note(deps: BootDeps, { query, peer, decision, revision, sender }: Noted): void {
  const claim = query?.request.claim;
  const answer = answerOf(decision);
  const told = withoutCode(answer);
  const fields = {
    remote: peer.address,
    ...(claim ? { mac: claim.mac } : {}),
    ...told,
    ...(query?.trouble ? { trouble: query.trouble } : {}),
  };
  // A queue asks every few seconds: what is worth a line is when it is over.
  deps.log[answer.kind === 'queue' ? 'debug' : 'info'](fields, `boot script: ${answer.kind}`);
  // Else whoever takes the address of a machine could end its boot with a question.
  const isSomebodyElse = sender !== undefined && sender !== claim?.mac;
  if (!claim || isSomebodyElse || !isOurs(deps, claim, peer, sender)) return;
  deps.signals.observe({
    kind: 'script',
    at: deps.clock.now(),
    claim,
    address: peer.address,
    // Who asks in a machine's name would else choose what its screen shows, and know it.
    answer: sender === claim.mac ? answer : told,
    ...(revision ? { revision: revision.digest } : {}),
    ...(query.trouble ? { errno: query.trouble } : {}),
  });
}

/**
 * A query is cheap to make up: who has no address of ours leaves no trace if it is unknown and expected in no slot, if
 * the machine that it says it is has its address somewhere else, or if it comes with the UUID of another. Where another
 * server leases, nobody has an address of ours, and the wire shows who asks.
 */
function isOurs(
  deps: BootDeps,
  claim: BootQuery['request']['claim'],
  peer: Peer,
  sender: MacAddress | undefined,
): boolean {
  const { store, revisions, clock } = deps;
  const { lease } = peer;
  if (lease) return lease.mac === claim.mac;
  if (sender === claim.mac && isLeasedByAnother(deps, peer)) return true;
  const now = clock.now();
  if (isBound(store.state.leaseOfMac(claim.mac), now)) return false;
  const owner = machineOfUuid(claim, store.state);
  const named = store.state.machineWith('mac', claim.mac);
  if (owner && owner.id !== named?.id) return false;
  if (named) return true;
  const revision = revisions.current();
  return revision !== undefined && findSlot(claim, store.state, revision, now).kind === 'slot';
}

function noNetwork(): string {
  return '#!ipxe\necho This Slipway site serves no network yet. Going on with the local disk.\nexit 1\n';
}

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-store').send(text);
}
