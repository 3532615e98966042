import type { MacAddress } from '../../kernel/mac.ts';
import type { Log } from '../../kernel/ports.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { secretsIn, TOKEN_HOLE } from '../../model/holes.ts';
import { findSlot } from '../../model/identity.ts';
import { hasSecrets, holeValuesFor, type Peer, siteHoleValues } from '../../model/peer.ts';
import { createRefusals } from '../../model/refusals.ts';
import type { Document } from '../../model/revision.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { SecretSource, TokenMint } from '../../model/site-ports.ts';
import { httpBase } from '../../model/site-ports.ts';
import { type Answer, forbidden, lacking, ok200, pending, unknownYet } from './answers.ts';
import { type AskerDeps, Askers, type Ends, type Found, type Ground } from './askers.ts';
import { findAny } from './policy/asked-for.ts';
import { type Format, isDocumentName, isFormat } from './policy/formats.ts';
import type { Filling, NocloudFile } from './policy/nocloud.ts';
import { documentIn, isNocloudFile, NOTHING, renderNocloud, renderText } from './policy/nocloud.ts';
import { isAhead, isCounted, isForOpenBoot, mayConfigure, mayRun, type Permit } from './policy/permit.ts';
import { findSubject, type Known, nameOf, type Subject, subjectOfMac } from './policy/subject.ts';

export type MetadataDeps = AskerDeps & {
  readonly tokens: TokenMint;
  readonly signals: SignalSink;
  readonly secrets: SecretSource;
  readonly log: Log;
};

type InSlot = Extract<Subject, { kind: 'slot' }>;
type FoundSlot = Found & { readonly subject: InSlot };
/** `self`: the machine itself, by its lease or by its token. */
type Asker = Ground & { readonly self: MacAddress | undefined };
type SelfAsker = Ground & { readonly self: MacAddress };

/** Answers to all that booted systems ask for. `undefined`: nobody of this site is meant, or there is no such document. */
export interface Desk {
  /** A file of the NoCloud seed of an id; `file` undefined: only whether the id is known, answered by 200. */
  seed(id: string, file: NocloudFile | undefined, ends: Ends): Promise<Answer | undefined>;
  /** A document of the first of these ids that has a slot. */
  document(format: Format, ids: readonly string[], ends: Ends): Promise<Answer>;
  /** A file of a seed, or a secret document, by a token. */
  byToken(token: string, file: string, ends: Ends): Promise<Answer | undefined>;
}

/** Secrets leave by two doors only, `#bySelf` and `byToken`, and both end in `#handOver`. */
export function createDesk(deps: MetadataDeps): Desk {
  return new DocumentDesk(deps);
}

class DocumentDesk implements Desk {
  readonly #deps: MetadataDeps;
  readonly #askers: Askers;
  readonly #refuse: ReturnType<typeof createRefusals>;

  constructor(deps: MetadataDeps) {
    this.#deps = deps;
    this.#askers = new Askers(deps);
    this.#refuse = createRefusals(deps.signals, deps.clock);
  }

  async seed(id: string, file: NocloudFile | undefined, ends: Ends): Promise<Answer | undefined> {
    const ground = this.#askers.ground(ends);
    if (!ground) return pending('the site is starting');
    const { subject, revision } = this.#askers.pinned(
      (one) => findSubject(id, this.#deps.store.state, one, this.#deps.clock.now()),
      ground.revision,
    );
    if (subject.kind === 'unknown') return file === 'user-data' && ground.waits ? unknownYet : undefined;
    if (file === undefined) return ok200('');
    if (isSecretOf(subject, file)) return this.#bySelf(file, { subject, revision }, ground);
    return this.#seedFile(file, subject, { ...ground, self: await this.#askers.selfOf(subject, ground) });
  }

  async document(format: Format, ids: readonly string[], ends: Ends): Promise<Answer> {
    const { store, clock } = this.#deps;
    const ground = this.#askers.ground(ends);
    if (!ground) return lacking(format, 'pending');
    const { subject, revision } = this.#askers.pinned(
      (one) => findAny(ids, store.state, one, clock.now()),
      ground.revision,
    );
    if (subject.kind !== 'slot') return lacking(format, subject.kind);
    const document = documentIn(subject.slot, format);
    if (document?.kind !== 'text') return lacking(format, 'unknown');
    if (document.secret) return this.#bySelf(format, { subject, revision }, ground);
    const asker = { ...ground, self: await this.#askers.selfOf(subject, ground) };
    const closed = this.#unlessOrdered(format, subject, asker);
    if (closed) return closed;
    const text = renderText(document, format, this.#filling(subject, asker));
    return this.#send(format, text, subject, asker);
  }

  async byToken(token: string, file: string, ends: Ends): Promise<Answer | undefined> {
    const { tokens, store, signals, clock } = this.#deps;
    const ground = this.#askers.ground(ends);
    if (!ground) return pending('the site is starting');
    const { address } = ground.peer;
    const grant = tokens.verify(token);
    // What a node reports with goes to its logs and its vendor-data: who finds it there must not read with it.
    if (grant?.use !== 'read')
      return this.#forbid({ address, because: grant ? 'with its token nobody may read' : 'its token is none of ours' });
    const { mac, issuedAt } = grant;
    const { mac: sender } = await this.#askers.identify(ground);
    if (sender !== mac)
      return this.#forbid({ address, mac, because: `it is for ${mac}, and ${sender ?? 'nobody known'} asked` });
    // Time passes, nothing else; but it is written down only after all that was seen before.
    if (isAhead(store.state, store.state.machineWith('mac', mac), issuedAt))
      await signals.record({ kind: 'tick', at: clock.now() });
    const { subject } = this.#askers.pinned((one) => subjectOfMac(mac, store.state, one, clock.now()), ground.revision);
    if (subject.kind === 'unknown') return undefined;
    const asker = { ...ground, self: mac };
    if (isSecretOf(subject, file)) return this.#secretByToken(file, subject, asker, issuedAt);
    return this.#withoutSecret(file, subject, asker);
  }

  async #withoutSecret(file: string, subject: Known, asker: Asker): Promise<Answer | undefined> {
    if (isNocloudFile(file)) return this.#seedFile(file, subject, asker);
    return isFormat(file) ? lacking(file, subject.kind === 'slot' ? 'unknown' : 'pending') : undefined;
  }

  async #secretByToken(file: string, subject: InSlot, asker: SelfAsker, issuedAt: number): Promise<Answer> {
    const permit = this.#permitByToken(subject, issuedAt, this.#deps.clock.now());
    if (permit.kind === 'yes') return this.#handOver(file, subject, asker);
    // The machine itself, by all that is seen, at a wrong time: it waits, and that is no alarm.
    return this.#closed(file, subject, asker.peer, permit);
  }

  #permitByToken({ slot, machine }: InSlot, issuedAt: number, now: number): Permit {
    const { state } = this.#deps.store;
    const boot = isForOpenBoot(state, slot, machine, issuedAt);
    return boot.kind !== 'yes' || slot.profile.kind === 'live' ? boot : mayConfigure(state, slot, machine, now);
  }

  /**
   * A secret document asked for by a public id, as a system does that has no boot script of ours (a seed in SMBIOS): only
   * for the machine itself, on the wire and with its own lease. Everybody else is told to wait.
   */
  async #bySelf(name: string, { subject, revision }: FoundSlot, ground: Ground): Promise<Answer> {
    const { store, clock } = this.#deps;
    const { slot, machine } = subject;
    const { mac, isLeasedNeighbour } = await this.#askers.identify(ground);
    if (!mac || !this.#askers.isNicOf(subject, mac)) {
      const because = `${name} of ${slot.name} was asked for by ${mac ?? 'nobody known'}`;
      this.#refuse({ address: ground.peer.address, ...(subject.mac ? { mac: subject.mac } : {}), because });
      this.#deps.log.warn({ remote: ground.peer.address, because }, 'a secret was asked for and refused');
      return isFormat(name) ? lacking(name, 'pending') : pending();
    }
    const now = clock.now();
    const permit =
      slot.profile.kind === 'install'
        ? mayConfigure(store.state, slot, machine, now)
        : mayRun(slot, findSlot({ mac }, store.state, revision, now));
    if (permit.kind !== 'yes') return this.#closed(name, subject, ground.peer, permit);
    // The machine itself, by all that is seen: no alarm. But what it has no lease for goes by token only.
    const because = 'by its name alone, a machine is given secrets only on the wire and with a lease';
    if (!isLeasedNeighbour) return this.#closed(name, subject, ground.peer, { kind: 'no', because });
    return this.#handOver(name, subject, { ...ground, self: mac });
  }

  /** Reads the secrets, writes down that they go out, and answers with them: what was not written down was not sent. */
  async #handOver(name: string, subject: InSlot, asker: SelfAsker): Promise<Answer> {
    const { signals, store, clock, log } = this.#deps;
    const { address } = asker.peer;
    const fields = { document: name, remote: address, slot: subject.slot.name, mac: asker.self };
    const text = await this.#secretText(name, subject, asker);
    if (!text.ok) {
      log.error(fields, `${name} cannot be written: ${text.error}`);
      return isFormat(name) ? lacking(name, 'pending') : pending();
    }
    await signals.record({ kind: 'secret-document', at: clock.now(), mac: asker.self, document: name, address });
    // Only what came to be an attempt lets a disk be erased: else it could be read, and erase, any number of times.
    if (subject.slot.profile.kind === 'install' && !isCounted(store.state, subject.slot, subject.machine))
      return this.#closed(name, subject, asker.peer, UNCOUNTED);
    log.info(fields, `${name} fetched (secret)`);
    return ok200(text.value);
  }

  async #secretText(name: string, subject: InSlot, asker: SelfAsker): Promise<Result<string, string>> {
    const document = documentIn(subject.slot, name);
    if (document?.kind !== 'text') return err('there is none');
    const values = await this.#deps.secrets.read(document.fill ? secretsIn(document.text) : []);
    if (!values.ok) return values;
    const hidden = Object.entries(values.value).map(([key, value]) => [`secret.${key}`, value] as const);
    const filling = this.#filling(subject, asker);
    const holes = { ...filling.holes, ...Object.fromEntries(hidden) };
    const text = renderText(document, name, { ...filling, holes, maySeeSecrets: true });
    if (!text.ok) return text;
    return text.value === undefined ? err('it is secret') : ok(text.value);
  }

  async #seedFile(file: NocloudFile, subject: Known, asker: Asker): Promise<Answer> {
    const closed = isInstruction(file, subject) ? this.#unlessOrdered(file, subject, asker) : undefined;
    if (closed) return closed;
    return this.#send(file, renderNocloud(file, subject, this.#filling(subject, asker)), subject, asker);
  }

  async #send(name: string, text: ReturnType<typeof renderNocloud>, subject: Known, asker: Asker): Promise<Answer> {
    const { log } = this.#deps;
    const fields = { document: name, remote: asker.peer.address, ...nameOf(subject) };
    if (text.ok && text.value !== undefined) {
      await this.#tell(name, subject, asker);
      const closed = this.#unlessUncounted(name, subject, asker.peer);
      if (closed) return closed;
      log.info(fields, `${name} fetched`);
      return ok200(text.value);
    }
    if (text.ok) log.info(fields, `${name}: not decided yet`);
    else log.error(fields, `${name} cannot be written: ${text.error}`);
    return isFormat(name) ? lacking(name, 'pending') : pending();
  }

  /**
   * Only the machine itself is seen on its way: a person who looks at the documents with curl is not a boot. What begins
   * an install is on disk before it is answered. To be told that there is nothing to do yet is not to be configured.
   */
  async #tell(document: string, subject: Known, { peer, self }: Asker): Promise<void> {
    if (!self || (subject.kind === 'pending' && document === 'user-data')) return;
    const { signals, clock } = this.#deps;
    const signal = { kind: 'document', at: clock.now(), mac: self, document, address: peer.address } as const;
    const begins = subject.kind === 'slot' && subject.slot.profile.kind === 'install' && isDocumentName(document);
    if (begins) await signals.record(signal);
    else signals.observe(signal);
  }

  #filling(subject: Known, { site, self, waits, revision }: Asker): Filling {
    const { tokens, clock, surroundings } = this.#deps;
    const others = Object.entries(revision.networks).filter(([, network]) => surroundings.roleOf(network) === 'proxy');
    const mac = subject.mac ?? self;
    const token = self && tokens.mint({ use: 'report', mac: self, issuedAt: clock.now() });
    const reportUrl = token === undefined ? undefined : `${httpBase(site)}/r/${token}/`;
    const known = mac ? holeValuesFor(site, mac) : siteHoleValues(site);
    const leasedByOthers = Object.fromEntries(others);
    return { holes: { ...known, [TOKEN_HOLE]: reportUrl }, reportUrl, maySeeSecrets: false, waits, leasedByOthers };
  }

  /**
   * What configures an installer, without a secret in it: whoever reads it may begin to erase a disk at once. So it is for
   * the machine alone, as only what it fetches itself is an attempt of its order.
   */
  #unlessOrdered(name: string, subject: InSlot, { peer, self }: Asker): Answer | undefined {
    if (subject.slot.profile.kind !== 'install') return undefined;
    const permit = mayConfigure(this.#deps.store.state, subject.slot, subject.machine, this.#deps.clock.now());
    if (permit.kind !== 'yes') return this.#closed(name, subject, peer, permit);
    if (self) return undefined;
    return this.#closed(name, subject, peer, { kind: 'no', because: 'another machine than that of the order asks' });
  }

  /** As for a secret: only what came to be an attempt lets a disk be erased. Where a profile has secrets, those count. */
  #unlessUncounted(name: string, subject: Known, peer: Peer): Answer | undefined {
    const begins = subject.kind === 'slot' && subject.slot.profile.kind === 'install' && isInstruction(name, subject);
    if (!begins || hasSecrets(subject.slot.profile.documents)) return undefined;
    if (isCounted(this.#deps.store.state, subject.slot, subject.machine)) return undefined;
    return this.#closed(name, subject, peer, UNCOUNTED);
  }

  #closed(name: string, subject: InSlot, peer: Peer, permit: Exclude<Permit, { kind: 'yes' }>): Answer {
    const fields = { document: name, remote: peer.address, slot: subject.slot.name };
    this.#deps.log.info(fields, `${name} is not given out: ${permit.because}`);
    // An installed cloud-init or Talos asks for all of its seed at each start, and has no network until it is answered.
    if (permit.kind === 'over' && name === 'user-data') return ok200(NOTHING);
    return isFormat(name) ? lacking(name, 'closed') : pending();
  }

  #forbid(refusal: Parameters<ReturnType<typeof createRefusals>>[0]): Answer {
    const { address, because } = refusal;
    this.#deps.log.warn({ remote: address, because }, 'a secret was asked for and refused');
    this.#refuse(refusal);
    return forbidden;
  }
}

const UNCOUNTED = { kind: 'no', because: 'it would be no attempt of its order' } as const;

/** Whether it tells a system what to do, and not only who it is. */
function isInstruction(name: string, subject: Known): subject is InSlot {
  const tells = name === 'user-data' || isFormat(name);
  return tells && subject.kind === 'slot' && documentIn(subject.slot, name) !== undefined;
}

function isSecretOf(subject: Known, name: string): subject is InSlot {
  const document: Document | undefined = subject.kind === 'slot' ? documentIn(subject.slot, name) : undefined;
  return document?.kind === 'text' && document.secret;
}
