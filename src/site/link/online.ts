import { AppError } from '../../kernel/errors.ts';
import { learnTime, sync } from './calls.ts';
import type { LinkParts } from './parts.ts';
import { type LinkEvent, pollDelayMs } from './policy/link-states.ts';
import { untilOver, Wake } from './wake.ts';

export type OnlineParts = Pick<
  LinkParts,
  'identity' | 'client' | 'up' | 'down' | 'time' | 'random' | 'session' | 'log'
> & {
  readonly over: AbortSignal;
  /** Head office has answered a Sync. */
  readonly onAnswer: () => void;
};

const TIME_EVERY_MS = 3_600_000;
/** These are taken before Hello; another than `renew` changes who this box is. */
const MOVES: ReadonlySet<string> = new Set(['enroll', 'recover', 'need-code', 'mend']);

/** Both lanes up, and what comes down, until something ends it. Rejects with what ended it, as LinkClient does. */
export async function stayOnline(parts: OnlineParts): Promise<LinkEvent> {
  const { client, up, over } = parts;
  const ends = new AbortController();
  const signal = AbortSignal.any([over, ends.signal]);
  const lanes = up.run(client, signal);
  const poll = pollOn(parts, signal);
  try {
    return await Promise.race([poll, lanes.then((): LinkEvent => 'again'), untilMoved(parts, signal)]);
  } finally {
    // Who ended first was heard; what the others come to then is no news.
    ends.abort();
    await Promise.allSettled([lanes, poll]);
  }
}

async function pollOn(parts: OnlineParts, signal: AbortSignal): Promise<LinkEvent> {
  const { identity, client, down, time, random, session } = parts;
  const bell = new Wake();
  const unhook = client.onDoorbell(() => bell.call());
  const ring = (): void => bell.call();
  signal.addEventListener('abort', ring);
  let timeAskedAt = time.monotonic();
  try {
    while (!signal.aborted) {
      if (identity.step() === 'renew') await renew(parts);
      if (time.monotonic() - timeAskedAt > TIME_EVERY_MS) {
        await learnTime(client, time, random);
        timeAskedAt = time.monotonic();
      }
      const reply = await untilOver(signal, sync(client, session, down));
      if (!reply) break;
      identity.heardAnswer();
      parts.onAnswer();
      // At head office's pace as well: it may have asked all sites at once, or may ask without end.
      await bell.wait(time, pollDelayMs(reply.pollAfterMs, random.unit()));
      if (reply.hello) break;
    }
    return 'again';
  } finally {
    unhook();
    signal.removeEventListener('abort', ring);
  }
}

/** A certificate that head office does not renew now is good for weeks yet; another try comes, and an alarm if none helps. */
async function renew({ identity, client, log }: OnlineParts): Promise<void> {
  try {
    await identity.take('renew', client);
  } catch (thrown) {
    log.warn(
      { reason: AppError.from(thrown).message },
      'the certificate of this site was not renewed; it is tried again',
    );
  }
}

/** A person has typed a code, or the certificate is not accepted any more. */
function untilMoved({ identity }: OnlineParts, signal: AbortSignal): Promise<LinkEvent> {
  return new Promise((resolve) => {
    const stop = identity.onChange(() => {
      if (MOVES.has(identity.step())) resolve('moved');
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
