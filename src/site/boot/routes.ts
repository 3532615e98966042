import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
import type { Revision } from '../../model/revision.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { NeighbourTable, RevisionSource, SiteAddress, TokenMint } from '../../model/site-ports.ts';
import { revisionToStart } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import type { BootQuery, QueryValues } from './policy/boot-query.ts';
import { parseBootQuery, parseEnv, parseQuery } from './policy/boot-query.ts';
import { decideBoot } from './policy/decide.ts';
import type { BootDecision } from './policy/decision.ts';
import { answerOf, withoutCode } from './policy/decision.ts';
import { renderEntryScript } from './policy/entry-script.ts';
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
  readonly secrets?: { lack(names: readonly string[]): string | undefined };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * `GET /boot.ipxe`, `/autoexec.ipxe` and `/boot/script`. Every answer is a script with status 200 that a person can
 * read on the machine's screen, also for a question that makes no sense: iPXE shows of an error only its number.
 */
export function bootRoutes(given: Omit<BootDeps, 'refuse'>): (app: FastifyInstance) => void {
  const deps = { ...given, refuse: createRefusals(given.signals, given.clock) };
  return (app) => {
    const entry = (request: FastifyRequest, reply: FastifyReply) => sendEntry(deps, request, reply);
    app.get('/boot.ipxe', entry);
    app.get('/autoexec.ipxe', entry);
    app.get('/boot/script', (request, reply) => sendScript(deps, request, reply));
  };
}

/** The script that every loader gets first, also by TFTP as `boot.ipxe` and `autoexec.ipxe`. */
export function entryScript(siteName: string, site: SiteAddress): string {
  return renderEntryScript(siteName, site);
}

function sendEntry(deps: BootDeps, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { site } = peerOf(deps, request);
  return site ? sendText(reply, renderEntryScript(deps.siteName, site)) : sendText(reply, noNetwork());
}

async function sendScript(deps: BootDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const peer = peerOf(deps, request);
  if (!peer.site) return sendText(reply, noNetwork());
  const values = parseQuery(request.url);
  const query = parseBootQuery(values);
  const sender = await senderOf(deps, peer);
  const revision = query && revisionOf(deps, query);
  const decision = query ? decide(deps, query, { peer, site: peer.site, revision, sender }) : unreadable(values);
  const claim = query?.request.claim;
  note(deps, { query, peer, decision, revision, sender });
  return sendText(
    reply,
    renderScript(decision, { siteName: deps.siteName, site: peer.site, claim, trouble: query?.trouble }),
  );
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
  const { store, content, tokens, secrets } = deps;
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
  deps.log.info(fields, `boot script: ${answer.kind}`);
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

function peerOf({ addresses, store }: BootDeps, request: FastifyRequest): Peer {
  return findPeer(request.ip, request.socket.localAddress ?? '', addresses(), store.state);
}

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-store').send(text);
}
