import type { Digest } from '../../kernel/digest.ts';
import type { Random } from '../../kernel/ports.ts';
import type { TimeKeeper } from '../../kernel/time-keeper.ts';
import type { SyncResponse } from '../../wire/link/gen/link.ts';
import type { LinkDownPart, LinkParts, Way } from './parts.ts';

const CALL = { deadlineMs: 30_000 } as const;
/** A proxy that closes what is silent for a minute shall not see it. */
const WAIT_MS = 50_000;
const CHUNK_BYTES = 256 * 1024;

/** Asks for the time and learns it; half of the way is uncertain. Rejects as LinkClient does. */
export async function learnTime(client: Way, time: TimeKeeper, random: Random): Promise<void> {
  const askedAt = time.monotonic();
  const { timeMs } = await client.call('getTime', { nonce: random.bytes(16) }, { deadlineMs: 15_000 });
  const halfWayMs = (time.monotonic() - askedAt) / 2;
  time.learn(Number(timeMs) + halfWayMs, halfWayMs);
}

type HelloParts = Pick<LinkParts, 'client' | 'identity' | 'up' | 'down' | 'about' | 'time'>;

/** Answers why this box stands aside; undefined: it speaks for the site. Rejects as LinkClient does. */
export async function sayHello({ client, identity, up, down, about, time }: HelloParts): Promise<string | undefined> {
  const { confirmed, highest } = down.have();
  const said = up.hello();
  const reply = await client.call(
    'hello',
    {
      ...{ ...said, ...about(), confirmedNumber: BigInt(confirmed), highestNumber: BigInt(highest) },
      clockOffsetMs: BigInt(Math.round(time.offsetMs)),
    },
    CALL,
  );
  identity.heardAnswer();
  if (reply.trust) await identity.accept(reply.trust);
  if (reply.renew) identity.askRenew();
  const verdict = await up.welcomed(said, reply);
  return verdict === 'quarantined' ? reply.quarantinedBecause : undefined;
}

/** Waits at head office for something new, and hands it on. Rejects as LinkClient does. */
export async function sync(client: Way, session: string, down: LinkDownPart): Promise<SyncResponse> {
  const { bundle, highest } = down.have();
  const haveBundle = bundle === undefined ? new Uint8Array() : Buffer.from(bundle, 'hex');
  const request = { session, haveBundle, highestNumber: BigInt(highest), waitMs: WAIT_MS };
  const reply = await client.call('sync', request, { deadlineMs: WAIT_MS + 15_000 });
  if (!reply.desired) return reply;
  const { number, bundle: wanted, sizeBytes, publication } = reply.desired;
  const digest = Buffer.from(wanted).toString('hex') as Digest;
  down.onDesired(
    { number: Number(number), bundle: digest, sizeBytes: Number(sizeBytes), publication },
    fetchBy(client),
  );
  return reply;
}

function fetchBy(client: Way) {
  return async (digest: Digest, offset: number) => {
    const request = { digest: Buffer.from(digest, 'hex'), offset: BigInt(offset), maxBytes: CHUNK_BYTES };
    const { chunk, sizeBytes } = await client.call('fetch', request, CALL);
    return { chunk, sizeBytes: Number(sizeBytes) };
  };
}
