import { AppError } from '../../../kernel/errors.ts';
import type { Clock, Log } from '../../../kernel/ports.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { PrivateFiles } from '../../../model/fleet/private-files.ts';
import type { Validity } from '../../../model/fleet/x509.ts';
import type { LinkClient } from '../../../wire/link/client.ts';
import type { Trust } from '../../../wire/link/gen/link.ts';
import { type InviteCode, parseInviteCode } from '../../../wire/link/invite-code.ts';
import type { LinkIdentity } from '../../../wire/link/ports.ts';
import { Refusal } from '../../../wire/link/refusals.ts';
import type { KeySet } from '../../../wire/link/revision-bundle.ts';
import {
  CODE_IS_REFUSED,
  IDENTITY_IS_OVER,
  type IdentityStep,
  identityStep,
  RECOVERABLE,
  renewDelayMs,
} from '../policy/identity-step.ts';
import { callEnroll, callForNext, type IdentityCallParts } from './calls.ts';
import { type KeptIdentity, type KeptJoining, type SealingKeys, toBytes, toText } from './kept.ts';
import { type IdentityShelf, type OwnIdentity, openShelf } from './shelf.ts';
import { type IdentityStanding, joiningOf } from './standing.ts';
import { keptTrust, newestKeySet, nextTrust, type TrustParts } from './trust.ts';

export type SiteIdentityParts = IdentityCallParts &
  TrustParts & {
    /** Of `<dataDir>/link`. */
    readonly files: PrivateFiles;
    readonly createSealingKeys: () => SealingKeys;
    /** Writes an event down. */
    readonly tell: (event: NewEvent) => Promise<unknown>;
    /** The time that decisions use. */
    readonly clock: Pick<Clock, 'now' | 'monotonic'>;
    readonly log: Log;
  };

type Way = Pick<LinkClient, 'call'>;
const CODE_AGAIN_MS = 600_000;

/**
 * What makes this box the site. Its keys are drawn when a code is typed and stay; nothing that head office says, and no clock,
 * ever makes it forget them. The link's loop asks which step is due, and hands in the way to head office.
 */
export class SiteIdentity {
  readonly #parts: SiteIdentityParts;
  readonly #shelf: IdentityShelf;
  readonly #listeners = new Set<() => void>();
  /** The last refusal that concerns the certificate; until head office answers again. */
  #refused: Refusal | undefined;
  #tries = 0;
  /** By the clock that nobody sets. */
  #renewAt: number | undefined;
  #isAsked = false;
  /** A code that was refused keeps a box that has joined from nothing: it is tried not before this. */
  #codeTryAt: number | undefined;
  /** What is wrong with the code in the site file. */
  #inFile: string | undefined;
  #link: LinkIdentity | undefined;

  private constructor(parts: SiteIdentityParts, shelf: IdentityShelf) {
    this.#parts = parts;
    this.#shelf = shelf;
    this.#link = this.#readLink();
  }

  /** Opens what is on the disk. A damaged file is no failure: it is said in `standing`, and kept as it is. */
  static async open(parts: SiteIdentityParts): Promise<SiteIdentity> {
    return new SiteIdentity(parts, await openShelf(parts.files, parts.x509));
  }

  /** What this box proves itself with; undefined: nothing yet. The same object for as long as it is the same. */
  current(): LinkIdentity | undefined {
    return this.#link;
  }

  roots(): readonly Uint8Array[] {
    return this.#own()?.roots.map(toBytes) ?? [];
  }

  sealing(): SealingKeys | undefined {
    return this.#own()?.sealing;
  }

  /** Whose revisions count. */
  keySet(): KeySet | undefined {
    return newestKeySet(this.#own()?.keySets ?? [], this.#parts.releaseCrypto);
  }

  /** Of the certificate, if there is one. */
  validity(): Validity | undefined {
    return this.#own()?.facts;
  }

  standing(): IdentityStanding {
    const joining = this.#shelf.joining();
    const found = this.#shelf.identity();
    if (joining?.ok && !(found?.ok && joining.value.refused)) return joiningOf(joining.value);
    if (!found) return { state: 'needs-code', ...this.#whyNoCode() };
    if (!found.ok) return { state: 'damaged', because: found.error };
    const { hub, facts } = found.value;
    const refused = this.#refused;
    if (refused && IDENTITY_IS_OVER.has(refused.reason)) return { state: 'refused', because: refused.message, hub };
    return { state: 'joined', hub, notBefore: facts.notBefore, notAfter: facts.notAfter };
  }

  /** What is to be done now. */
  step(): IdentityStep {
    const found = this.#shelf.identity();
    const identity = !found ? 'none' : found.ok ? found.value.facts : 'damaged';
    const renewal = this.#isAsked ? 'asked' : typeof identity !== 'string' && this.#isTryDue(identity) ? 'try' : 'wait';
    const hasCode = this.#code() !== undefined && (identity === 'none' || this.#isCodeDue());
    return identityStep({ identity, hasCode, refused: this.#refused?.reason, renewal }, this.#parts.clock.now());
  }

  /**
   * Takes the step that `step` names. For `enroll` the way must know no identity and no roots: a code may be that of another
   * head office than before. Rejects as LinkClient does; nothing that was there before is lost then.
   */
  async take(step: IdentityStep, client: Way): Promise<void> {
    if (step === 'enroll') await this.#enroll(client);
    if (step === 'renew' || step === 'recover') await this.#next(step, client);
  }

  /** Keeps a code until it is used, also over a restart. Rejects with `invite-refused` if its check letters are wrong. */
  async join(text: string): Promise<void> {
    const code = parseInviteCode(text);
    if (!code.ok) throw new AppError('invite-refused', code.error);
    await this.#keepCode(code.value);
  }

  /** As `join`, for the code in the site's own file: once, and never over what is there. A slip in it keeps no store from its work. */
  async joinByFile(text: string): Promise<void> {
    const read = parseInviteCode(text);
    if (!read.ok) {
      this.#inFile = `hub.code of the site file: ${read.error}`;
      this.#parts.log.warn({}, this.#inFile);
      return;
    }
    const code = read.value;
    const joining = this.#shelf.joining();
    const isKnown = joining?.ok && joining.value.invite === code.id;
    if (!this.#shelf.identity() && !isKnown) await this.#keepCode(code);
  }

  /** Head office refused a call of this site. */
  async heardRefusal(refusal: Refusal): Promise<void> {
    const isOver = IDENTITY_IS_OVER.has(refusal.reason);
    if (!isOver && !RECOVERABLE.has(refusal.reason)) return;
    const isNew = this.#refused?.reason !== refusal.reason;
    this.#refused = refusal;
    if (!isNew || !isOver) return;
    this.#changed();
    await this.#parts.tell({
      ...{ type: 'identity-refused', at: this.#parts.clock.now(), data: { reason: refusal.reason } },
      sentence: `Head office refuses this box: ${refusal.message}. The store works without it.`,
    });
  }

  /** Head office has answered a call of this site: what it refused before counts no more. */
  heardAnswer(): void {
    if (!this.#refused) return;
    this.#refused = undefined;
    this.#changed();
  }

  /** Head office wants the certificate to be renewed now. */
  askRenew(): void {
    this.#isAsked = true;
  }

  /** Whom to believe from now on, out of a proved answer. What does not follow from what is believed now is not taken. */
  async accept(trust: Trust): Promise<void> {
    const identity = this.#own();
    if (!identity) return;
    const next = nextTrust(trust, identity, this.#parts);
    if (next.roots === identity.roots && next.keySets === identity.keySets) return;
    const { facts: _, ...kept } = identity;
    await this.#shelf.keepIdentity({ ...kept, ...next });
    this.#changed();
  }

  /** Calls `run` after each change of any of this. */
  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  async #enroll(client: Way): Promise<void> {
    const { clock, site, tell } = this.#parts;
    const joining = this.#shelf.joining();
    const code = this.#code();
    if (!joining?.ok || !code) return;
    const { key, sealing } = joining.value;
    const grant = await callEnroll(code, joining.value, client, this.#parts).catch(async (thrown: unknown) => {
      if (thrown instanceof Refusal && CODE_IS_REFUSED.has(thrown.reason))
        await this.#noteRefusedCode(joining.value, thrown);
      throw thrown;
    });
    const { hub, certificateChain, trust } = grant;
    await this.#keep({
      ...{ format: 'slipway-identity/v1', site, hub, invite: code.id, key, sealing },
      ...{ chain: certificateChain.map(toText), ...keptTrust(trust) },
    });
    await tell({
      ...{ type: 'site-joined', at: clock.now(), data: { hub, invite: code.id } },
      sentence: `This box speaks for site ${site} at head office ${hub}.`,
    });
  }

  /** Whoever stands in between says such a thing, too, and cannot prove it; so the code stays until it is used, or another is typed. */
  async #noteRefusedCode(joining: KeptJoining, { reason, message }: Refusal): Promise<void> {
    const { clock, random, log } = this.#parts;
    this.#codeTryAt = clock.monotonic() + CODE_AGAIN_MS * (0.5 + random.unit());
    if (joining.refused?.reason === reason) return;
    await this.#shelf.keepJoining({ ...joining, refused: { reason, message } });
    log.warn({ invite: joining.invite, reason }, `the code was refused, and is kept: ${message}`);
    this.#changed();
  }

  async #next(how: 'renew' | 'recover', client: Way): Promise<void> {
    const identity = this.#own();
    if (!identity) return;
    const { clock, tell } = this.#parts;
    this.#tries += 1;
    this.#renewAt = undefined;
    // Who was asked to and could not is asked again with the next Hello, and not without end by itself.
    this.#isAsked = false;
    const { certificateChain, trust } = await callForNext(how, identity, client, this.#parts);
    const { facts: _, ...kept } = identity;
    const next = { ...kept, chain: certificateChain.map(toText) };
    await this.#keep({ ...next, ...nextTrust(trust, next, this.#parts) });
    const until = new Date(this.validity()?.notAfter ?? 0).toISOString();
    await tell({
      ...{ type: 'certificate-renewed', at: clock.now(), data: { how, until } },
      sentence: `The certificate of this site at head office is new, and good until ${until.slice(0, 10)}.`,
    });
  }

  async #keepCode(code: InviteCode): Promise<void> {
    const waiting = this.#code();
    this.#codeTryAt = undefined;
    // The very code that waits already: its keys may have been used with it.
    if (waiting?.id === code.id && waiting.secret === code.secret) return this.#changed();
    const { x509, createSealingKeys, clock } = this.#parts;
    await this.#shelf.keepJoining({
      ...{ format: 'slipway-joining/v1', invite: code.id, secret: code.secret, since: clock.now() },
      ...{ key: x509.createKey(), sealing: createSealingKeys() },
    });
    this.#changed();
  }

  async #keep(next: KeptIdentity): Promise<void> {
    await this.#shelf.keepIdentity(next);
    this.#refused = undefined;
    this.#tries = 0;
    this.#renewAt = undefined;
    this.#isAsked = false;
    this.#changed();
  }

  #isTryDue(validity: Validity): boolean {
    const { clock, random } = this.#parts;
    const now = clock.monotonic();
    this.#renewAt ??= now + renewDelayMs(validity, clock.now(), this.#tries, random.unit());
    return now >= this.#renewAt;
  }

  #code(): InviteCode | undefined {
    const found = this.#shelf.joining();
    if (!found?.ok) return undefined;
    return { id: found.value.invite, secret: found.value.secret };
  }

  #isCodeDue(): boolean {
    return this.#codeTryAt === undefined || this.#parts.clock.monotonic() >= this.#codeTryAt;
  }

  #whyNoCode(): { because?: string } {
    const joining = this.#shelf.joining();
    if (joining && !joining.ok) return { because: `the code that was kept is lost: ${joining.error}` };
    return this.#inFile === undefined ? {} : { because: this.#inFile };
  }

  #own(): OwnIdentity | undefined {
    const found = this.#shelf.identity();
    return found?.ok ? found.value : undefined;
  }

  #readLink(): LinkIdentity | undefined {
    const own = this.#own();
    return own && { chain: own.chain.map(toBytes), privateKey: own.key };
  }

  #changed(): void {
    this.#link = this.#readLink();
    for (const listener of this.#listeners) listener();
  }
}
