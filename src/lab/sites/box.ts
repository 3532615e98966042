import { createLinkClient } from '../../adapters/link/link-client.ts';
import { enrolmentCrypto } from '../../adapters/node/enrolment-crypto.ts';
import { createSealingKeys } from '../../adapters/node/sealing.ts';
import { x509 } from '../../adapters/node/x509.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/ports.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';
import type { LinkClient } from '../../wire/link/client.ts';
import { enrolmentRequest, readGrant } from '../../wire/link/enrolment.ts';
import type { Hardware } from '../../wire/link/gen/link.ts';
import { parseInviteCode } from '../../wire/link/invite-code.ts';
import type { LinkIdentity } from '../../wire/link/ports.ts';

const DEADLINE_MS = 20_000;
const NONCE_BYTES = 16;
export const SIMULATED_VERSION = '0.0.0-simulated';

export type BoxParts = {
  readonly url: string;
  readonly time: TimeKeeper;
  readonly random: Random;
};

/** A simulated box: keys and a certificate of its own, in memory alone. */
export class Box {
  readonly name: string;
  readonly hardware: Hardware;
  readonly #parts: BoxParts;
  readonly #key: string;
  readonly sealingKey: Uint8Array;
  #identity: LinkIdentity | undefined;
  #roots: readonly Uint8Array[];
  client: LinkClient;

  /** @param from what its disk is a copy of; missing: it is new */
  constructor(name: string, parts: BoxParts, from?: Box) {
    this.name = name;
    this.#parts = parts;
    const serial = from ? `${name}-copy` : name;
    this.hardware = { machineId: `sim-${serial}`, manufacturer: 'Slipway', product: 'Simulated', serial };
    this.#key = from ? from.#key : x509.createKey();
    this.sealingKey = from ? from.sealingKey : Buffer.from(createSealingKeys().publicKey, 'base64');
    this.#identity = from ? from.#identity : undefined;
    this.#roots = from ? from.#roots : [];
    this.client = this.#open();
  }

  /** Another box with all that this one has on its disk. */
  copy(): Box {
    return new Box(this.name, this.#parts, this);
  }

  /** sha256 of each root that it believes. */
  roots(): Uint8Array[] {
    return this.#roots.map((der) => Buffer.from(enrolmentCrypto.sha256(der), 'hex'));
  }

  /** What answers: a nonce of this box for GetTime and Enroll. */
  nonce(): Uint8Array {
    return this.#parts.random.bytes(NONCE_BYTES);
  }

  /** Joins by its code. Rejects as a LinkClient does, or with `hub-unproven`. */
  async enroll(codeText: string): Promise<void> {
    const code = parseInviteCode(codeText);
    if (!code.ok) throw new AppError('usage-invalid', `the code of ${this.name}: ${code.error}`);
    const csr = await x509.createRequest({ name: this.name, key: this.#key });
    const { sealingKey, hardware } = this;
    const box = { site: this.name, nonce: this.nonce(), csr, sealingKey, hardware, version: SIMULATED_VERSION };
    const request = enrolmentRequest(code.value, box, enrolmentCrypto);
    const reply = await this.client.call('enroll', request, { deadlineMs: DEADLINE_MS });
    const grant = readGrant(code.value, request, reply, enrolmentCrypto);
    if (!grant.ok) throw new AppError('hub-unproven', grant.error);
    this.#identity = { chain: grant.value.certificateChain, privateKey: this.#key };
    this.#roots = grant.value.trust?.roots ?? [];
  }

  /** Its connection is cut, and a new one is made by the next call. */
  async reconnect(): Promise<void> {
    const before = this.client;
    this.client = this.#open();
    await before.close();
  }

  #open(): LinkClient {
    const { url, time, random } = this.#parts;
    return createLinkClient({ url, time, random, env: {}, identity: () => this.#identity, roots: () => this.#roots });
  }
}
