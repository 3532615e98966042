import { type Format, type Lack, STATUS_OF, WORDS_OF } from './policy/formats.ts';

/** What goes back, always as plain text. */
export type Answer = { readonly status: number; readonly body: string; readonly retryAfterSeconds?: number };

/** Sent with a 503. cloud-init waits as told from 25.1 on, curl too; older cloud-init tries ten times, a second apart. */
const RETRY_AFTER_SECONDS = 5;

/** Its curl asks three times more and no oftener: so it waits a minute in all. */
const ANACONDA_SECONDS = 20;

export function ok200(body: string): Answer {
  return { status: 200, body };
}

/** A file of a seed that comes later. The words are for the console of Talos, which shows 32 bytes. */
export function pending(words: string = WORDS_OF.pending): Answer {
  return { status: 503, body: `${words}\n`, retryAfterSeconds: RETRY_AFTER_SECONDS };
}

/** There is no such document now, said as its client survives it. */
export function lacking(format: Format, lack: Lack): Answer {
  const status = STATUS_OF[format][lack];
  const retryAfterSeconds = format === 'kickstart' ? ANACONDA_SECONDS : RETRY_AFTER_SECONDS;
  return { ...pending(WORDS_OF[lack]), status, retryAfterSeconds };
}

/** Talos that asks for the seed of somebody whom the template does not know yet: a 404 of user-data is its last word. */
export const unknownYet: Answer = pending(WORDS_OF.unknown);

/** Says nothing: who guesses shall not learn how close it was. */
export const forbidden: Answer = { status: 403, body: '' };
