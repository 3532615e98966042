import { ERROR_CODES } from '../codec/packet.ts';
import type { Terms } from './negotiate.ts';

/** A transfer, from its first answer to its end. Blocks are counted from 1 without end; on the wire they are taken modulo 65536. */
export type TransferState =
  /** The OACK is out, and ACK 0 is to come. */
  | { readonly kind: 'offering'; readonly tries: number }
  | {
      readonly kind: 'sending';
      /** All blocks up to this one have arrived. */
      readonly acked: number;
      /** The last block that was sent. */
      readonly sent: number;
      /** How often in a row the timer has run out. */
      readonly tries: number;
      /** Times in a row that it went back because of an ACK inside the window. */
      readonly rewinds: number;
      /** The client may be getting blocks of this window twice. */
      readonly resent: boolean;
      /** A second ACK of `acked` is taken for the loss of the block after it. */
      readonly trusting: boolean;
      /** The last ACK inside the window was taken for an echo. */
      readonly slid: boolean;
    }
  | { readonly kind: 'ended'; readonly outcome: TransferOutcome; readonly because: string };

/** `probe`: the client only wanted to know the size, as UEFI does before each file. */
export type TransferOutcome = 'done' | 'probe' | 'timeout' | 'error';

export type TransferEvent =
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'read-failed' };

export type TransferEffect =
  | { readonly kind: 'send-oack' }
  /** Both included. */
  | { readonly kind: 'send-blocks'; readonly first: number; readonly last: number }
  | { readonly kind: 'send-error'; readonly code: number; readonly message: string }
  /** Replaces the timer that runs. */
  | { readonly kind: 'arm'; readonly delayMs: number };

export type Step = readonly [state: TransferState, effects: readonly TransferEffect[]];

/** Long for a store's network, short for a person: a lost block of a lock-step transfer costs this. */
const FIRST_WAIT_MS = 100;
/**
 * Before the first ACK. Some clients, atftp among them, give up at a second OACK: where many come at once, their ACK of the
 * first may take longer than a block.
 */
const UNHEARD_WAIT_MS = 500;
/** Then an ACK inside the window is taken for an echo. */
const MAX_REWINDS = 8;
const LONGEST_WAIT_MS = 4_000;
/** With doubling waits this is about 18 seconds of silence. */
const MAX_TRIES = 8;
/**
 * To an address that never confirmed anything so little is repeated, and slowly: it may be the address of somebody else, in
 * whose name a stranger asks. A client that lost it all asks again by itself.
 */
const MAX_UNHEARD_TRIES = 4;

/** How many blocks the file takes. RFC 1350 section 6: a block that is not full ends it, so a last one may be empty. */
export function lastBlockOf({ sizeBytes, blockBytes }: Terms): number {
  return Math.floor(sizeBytes / blockBytes) + 1;
}

/** Bytes that the client has confirmed. */
export function bytesAcked(state: TransferState, terms: Terms): number {
  if (state.kind === 'sending') return Math.min(state.acked * terms.blockBytes, terms.sizeBytes);
  return state.kind === 'ended' && state.outcome === 'done' ? terms.sizeBytes : 0;
}

/** The first answer to a request: OACK if an option is granted, else block 1 (RFC 2347). */
export function beginTransfer(terms: Terms): Step {
  if (terms.oack.length === 0) return sendWindow(0, terms);
  return [{ kind: 'offering', tries: 0 }, [{ kind: 'send-oack' }, arm(0, terms, UNHEARD_WAIT_MS)]];
}

/** One step of a transfer. A pair that the table does not list keeps the state and does nothing. */
export function stepTransfer(state: TransferState, event: TransferEvent, terms: Terms): Step {
  switch (state.kind) {
    case 'offering':
      return stepOffering(state, event, terms);
    case 'sending':
      return stepSending(state, event, terms);
    case 'ended':
      return [state, []];
    default:
      return state satisfies never;
  }
}

function stepOffering(state: Extract<TransferState, { kind: 'offering' }>, event: TransferEvent, terms: Terms): Step {
  switch (event.kind) {
    case 'ack':
      return event.block === 0 ? sendWindow(0, terms) : [state, []];
    case 'error':
      return end('probe', `the client only asked: ${describeError(event)}`);
    case 'timeout':
      if (state.tries >= MAX_UNHEARD_TRIES) return end('timeout', 'the client did not answer the options');
      return [
        { ...state, tries: state.tries + 1 },
        [{ kind: 'send-oack' }, arm(state.tries + 1, terms, UNHEARD_WAIT_MS)],
      ];
    case 'read-failed':
      return failedRead();
    default:
      return event satisfies never;
  }
}

type Sending = Extract<TransferState, { kind: 'sending' }>;

function stepSending(state: Sending, event: TransferEvent, terms: Terms): Step {
  switch (event.kind) {
    case 'ack':
      return stepAck(state, event.block, terms);
    case 'error':
      return end('error', `the client gave up: ${describeError(event)}`);
    case 'timeout':
      return stepSilence(state, terms);
    case 'read-failed':
      return failedRead();
    default:
      return event satisfies never;
  }
}

function stepAck(state: Sending, block: number, terms: Terms): Step {
  // The window is far smaller than 65536, so a number on the wire means one block at most.
  const acked = state.acked + ((block - state.acked) & 0xffff);
  if (acked > state.sent) return [state, []];
  if (acked === lastBlockOf(terms)) return end('done', 'the client has it all');
  if (acked === state.sent) return sendWindow(acked, terms, !state.resent);
  return acked === state.acked ? stepRepeat(state, terms) : stepGap(state, acked, terms);
}

/**
 * RFC 7440 section 4: an ACK inside the window says that the block after it was lost; the client threw away what followed
 * and waits for it. But a client that answers each block that came twice says the same, and going back for such an echo
 * keeps every block coming twice to the end of the file. So after some time only new blocks follow, until a whole window
 * is confirmed: that ends all echoes, and a true loss ends in silence, after which the client is believed.
 */
function stepGap(state: Sending, acked: number, terms: Terms): Step {
  const sent = Math.min(acked + terms.window, lastBlockOf(terms));
  if (state.rewinds < MAX_REWINDS || sent === state.sent) return sendWindow(acked, terms, false, state.rewinds + 1);
  const next: Sending = { ...state, acked, sent, tries: 0, resent: false, trusting: false, slid: true };
  return [next, [{ kind: 'send-blocks', first: state.sent + 1, last: sent }, arm(0, terms)]];
}

/**
 * RFC 1123 section 4.2.3.1, the Sorcerer's Apprentice: answering a second ACK doubles all that follows. With windows it may
 * also say that the first block of one was lost, and waiting for the timer costs hundreds of round trips. So it is
 * answered, but not twice in a row.
 */
function stepRepeat(state: Sending, terms: Terms): Step {
  if (terms.window === 1 || !state.trusting) return [state, []];
  return sendAgain({ ...state, trusting: false, resent: true, slid: false }, terms);
}

function stepSilence(state: Sending, terms: Terms): Step {
  const most = isUnheard(state, terms) ? MAX_UNHEARD_TRIES : MAX_TRIES;
  if (state.tries >= most) return end('timeout', describeSilence(state, terms));
  const again = { tries: state.tries + 1, trusting: false, resent: true, slid: false };
  return sendAgain({ ...state, ...again, rewinds: state.slid ? 0 : state.rewinds }, terms);
}

/** Without options the first block is the first that a client hears of us. */
function isUnheard({ acked }: Sending, { oack }: Terms): boolean {
  return acked === 0 && oack.length === 0;
}

/** Written out: this is made for each ACK, and spreading it costs more than all else here. */
function sendWindow(acked: number, terms: Terms, trusting = true, rewinds = 0): Step {
  const sent = Math.min(acked + terms.window, lastBlockOf(terms));
  return sendAgain({ kind: 'sending', acked, sent, tries: 0, rewinds, resent: false, trusting, slid: false }, terms);
}

/** Sends the window that `state` waits for. */
function sendAgain(state: Sending, terms: Terms): Step {
  const waitMs = isUnheard(state, terms) ? UNHEARD_WAIT_MS : FIRST_WAIT_MS;
  return [state, [{ kind: 'send-blocks', first: state.acked + 1, last: state.sent }, arm(state.tries, terms, waitMs)]];
}

function arm(tries: number, { timeoutMs }: Terms, firstMs = FIRST_WAIT_MS): TransferEffect {
  // RFC 2349 lets the client name a time. curl always names 6 s, which would be the price of each lost block; repeating a
  // block earlier harms nobody, so it is only ever a bound.
  return { kind: 'arm', delayMs: Math.min(firstMs * 2 ** tries, LONGEST_WAIT_MS, timeoutMs ?? LONGEST_WAIT_MS) };
}

function failedRead(): Step {
  const [state] = end('error', 'the file could not be read');
  return [state, [{ kind: 'send-error', code: ERROR_CODES.undefined, message: 'the file cannot be read' }]];
}

function end(outcome: TransferOutcome, because: string): Step {
  return [{ kind: 'ended', outcome, because }, []];
}

function describeSilence({ acked, sent }: Sending, terms: Terms): string {
  if (sent === lastBlockOf(terms))
    return 'the client never confirmed the last block: it may have the file, or be switched off';
  return `the client fell silent after block ${acked}`;
}

function describeError({ code, message }: { readonly code: number; readonly message: string }): string {
  const printable = message.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
  return printable === '' ? `error ${code}` : `error ${code}, ${printable}`;
}
