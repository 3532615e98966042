import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { Peer } from '../../model/peer.ts';
import { findPeer, holeValuesFor } from '../../model/peer.ts';
import type { Revision } from '../../model/revision.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { RevisionSource, SiteAddress, TokenGrant, TokenMint } from '../../model/site-ports.ts';
import { httpBase } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import type { Filling, NocloudFile } from './policy/nocloud.ts';
import { isNocloudFile, NOCLOUD_FILES, renderNocloud } from './policy/nocloud.ts';
import type { Subject } from './policy/subject.ts';
import { findSubject, subjectOfMac } from './policy/subject.ts';

export type MetadataDeps = {
  readonly store: Store;
  readonly revisions: RevisionSource;
  readonly addresses: () => readonly SiteAddress[];
  readonly tokens: TokenMint;
  readonly signals: SignalSink;
  readonly clock: Clock;
  readonly log: Log;
};

type Known = Exclude<Subject, { kind: 'unknown' }>;

/** Who asks, as far as it has shown. `self`: the machine itself, by its lease or by its token. */
type Asker = { readonly peer: Peer; readonly site: SiteAddress; readonly self: MacAddress | undefined };

/** Sent with a 503. cloud-init waits as told from 25.1 on; older ones try ten times, a second apart. */
const RETRY_AFTER_SECONDS = '5';

/**
 * `GET /nocloud/<id>/<file>` by a stable id and `GET /t/<token>/<file>` by token. For an id that is known all four
 * files are there, are short, and are answered at once: cloud-init waits for ever for an answer, and takes ten seconds
 * over a 404 of a file that it does not need.
 */
export function metadataRoutes(deps: MetadataDeps): (app: FastifyInstance) => void {
  return (app) => {
    app.get('/nocloud/:id/:file', (request, reply) => {
      const { id = '', file = '' } = request.params as { id?: string; file?: string };
      return sendById(deps, { id, file }, request, reply);
    });
    app.get('/nocloud/:id', (request, reply) => {
      const { id = '' } = request.params as { id?: string };
      return sendById(deps, splitMissingSlash(id), request, reply);
    });
    app.get('/t/:token/:file', (request, reply) => {
      const { token = '', file = '' } = request.params as { token?: string; file?: string };
      return sendByToken(deps, { token, file }, request, reply);
    });
  };
}

/** cloud-init 22.4 appends `meta-data` to the seed URL as it stands, so that a forgotten slash asks for `pos-1meta-data`. */
function splitMissingSlash(text: string): { readonly id: string; readonly file: string } {
  const file = NOCLOUD_FILES.find((name) => text.endsWith(name) && text.length > name.length) ?? '';
  return { id: text.slice(0, text.length - file.length), file };
}

type Wanted = { readonly id: string; readonly file: string };

function sendById(
  deps: MetadataDeps,
  { id, file }: Wanted,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { revision, peer, site } = groundOf(deps, request, reply);
  const subject = findSubject(id, deps.store.state, revision, deps.clock.now());
  if (subject.kind === 'unknown')
    throw new AppError('not-found', `no slot or machine of this site is called ${JSON.stringify(id)}`);
  if (file === '') return sendText(reply, `${NOCLOUD_FILES.join('\n')}\n`);
  const asker = { peer, site, self: selfOf(deps, subject, peer) };
  return sendFile(deps, { file: parseFile(file), subject, asker }, reply);
}

function sendByToken(
  deps: MetadataDeps,
  { token, file }: { readonly token: string; readonly file: string },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const grant = grantOf(deps, token);
  const { revision, peer, site } = groundOf(deps, request, reply);
  const subject = subjectOfMac(grant.mac, deps.store.state, revision, deps.clock.now());
  if (subject.kind === 'unknown') throw new AppError('not-found', `no machine ${grant.mac} is known here`);
  return sendFile(deps, { file: parseFile(file), subject, asker: { peer, site, self: grant.mac } }, reply);
}

type Delivery = { readonly file: NocloudFile; readonly subject: Known; readonly asker: Asker };

function sendFile(deps: MetadataDeps, { file, subject, asker }: Delivery, reply: FastifyReply): FastifyReply {
  const text = renderNocloud(file, subject, fillingFor(deps, subject, asker));
  const fields = { document: file, remote: asker.peer.address, ...nameOf(subject) };
  if (!text.ok) {
    deps.log.error(fields, `${file} cannot be written: ${text.error}`);
    throw pending(reply, `${file}: ${text.error}`);
  }
  if (text.value === undefined) {
    deps.log.info(fields, `${file}: not decided yet`);
    throw pending(reply, 'this machine has no slot yet');
  }
  deps.log.info(fields, `${file} fetched`);
  observe(deps, file, asker);
  return sendText(reply, text.value);
}

function fillingFor(deps: MetadataDeps, subject: Known, { site, self }: Asker): Filling {
  const mac = subject.mac ?? self;
  const token = self && deps.tokens.mint({ use: 'report', mac: self, issuedAt: deps.clock.now() });
  return {
    holes: mac
      ? { ...holeValuesFor(site, mac) }
      : { 'boot.url.base': httpBase(site), 'boot.serverAddress': site.address },
    reportUrl: token === undefined ? undefined : `${httpBase(site)}/r/${token}`,
  };
}

/** Only the machine itself is seen on its way: a person who looks at the documents with curl is not a boot. */
function observe(deps: MetadataDeps, document: NocloudFile, { peer, self }: Asker): void {
  if (!self) return;
  deps.signals.observe({ kind: 'document', at: deps.clock.now(), mac: self, document, address: peer.address });
}

/** The MAC of the asker if its lease is one of the machine whose documents it asks for. */
function selfOf({ store, clock }: MetadataDeps, subject: Known, { lease }: Peer): MacAddress | undefined {
  if (!lease || lease.expiresAt <= clock.now()) return undefined;
  if (lease.mac === subject.mac) return lease.mac;
  const machine = subject.kind === 'slot' ? subject.machine : undefined;
  return machine && store.state.machineWith('mac', lease.mac)?.id === machine.id ? lease.mac : undefined;
}

function groundOf(
  { revisions, addresses, store }: MetadataDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): { readonly revision: Revision; readonly peer: Peer; readonly site: SiteAddress } {
  const revision = revisions.current();
  const peer = findPeer(request.ip, request.socket.localAddress ?? '', addresses(), store.state);
  if (!revision || !peer.site) throw pending(reply, 'the site is starting');
  return { revision, peer, site: peer.site };
}

function grantOf({ tokens }: MetadataDeps, token: string): TokenGrant {
  const grant = tokens.verify(token);
  if (!grant) throw new AppError('token-refused', 'this site did not make the token of this address');
  // What a node reports with goes to its logs and its vendor-data: who finds it there must not read with it.
  if (grant.use !== 'read') throw new AppError('token-refused', 'with the token of this address nobody may read');
  return grant;
}

function parseFile(name: string): NocloudFile {
  if (isNocloudFile(name)) return name;
  throw new AppError('not-found', `a seed has the files ${NOCLOUD_FILES.join(', ')}, and no ${JSON.stringify(name)}`);
}

/** The error handler leaves headers as they are. */
function pending(reply: FastifyReply, because: string): AppError {
  reply.header('retry-after', RETRY_AFTER_SECONDS);
  return new AppError('document-pending', because);
}

function nameOf(subject: Known): Readonly<Record<string, string>> {
  const mac = subject.mac ? { mac: subject.mac } : {};
  return subject.kind === 'slot' ? { slot: subject.slot.name, ...mac } : { id: subject.id, ...mac };
}

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-store').send(text);
}
