import { AppError } from '../../kernel/errors.ts';
import { UNSPECIFIED } from '../../kernel/ipv4.ts';
import { LogBudget } from '../../kernel/log-budget.ts';
import type { Clock, Log, LogFields } from '../../kernel/ports.ts';
import { findMachine } from '../../model/identity.ts';
import type { SiteState } from '../../model/store.ts';
import type { DhcpMessage } from './codec/message.ts';
import type { MessageType } from './codec/options.ts';
import { messageTypeOf } from './codec/options.ts';
import type { Counters } from './counters.ts';
import type { Client } from './policy/client.ts';
import type { Decision, IgnoreReason } from './policy/decision.ts';

/** One type of line, written over and over, is cut short here. */
const LINES_PER_MINUTE = 600;

/** Reasons that a person looks for when a machine does not boot; the others are everyday noise of a network. */
const worthReading: ReadonlySet<IgnoreReason> = new Set([
  'no-network',
  'relay-unknown',
  'relay-refused',
  'unknown-machine',
  'still-looking',
  'kept-to-known',
  'no-loader',
  'loader-missing',
  'declines-too-often',
  'pool-exhausted',
]);

type Line = { readonly fields: LogFields; readonly sentence: string };

/** What is counted and logged of each message: one line for each thing that happened. */
export class Diary {
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #budget: LogBudget;

  constructor(log: Log, clock: Clock, counters: Counters) {
    this.#log = log;
    this.#counters = counters;
    this.#budget = new LogBudget(clock, LINES_PER_MINUTE);
  }

  malformed(reason: string, sentence: string, from: string): void {
    this.#counters.add(`malformed.${reason}`);
    this.#write('malformed', 'warn', () => ({
      fields: { from },
      sentence: `a datagram of ${from} is not DHCP: ${sentence}`,
    }));
  }

  /** A decision was carried out. */
  settled(type: MessageType, client: Client, subject: () => LogFields, decision: Decision): void {
    if (decision.ignore) {
      this.ignored(decision.ignore, type, subject);
      return;
    }
    const reply = decision.reply && messageTypeOf(decision.reply);
    if (!decision.reply || !reply) {
      this.#counters.add(`done.${type}`);
      this.#write(type, 'info', () => ({
        fields: { ...subject(), message: type },
        sentence: `${type.toUpperCase()} of ${client.key} is written down`,
      }));
      return;
    }
    this.#counters.add(`reply.${reply}`);
    const address = addressIn(decision.reply);
    this.#write(reply, 'info', () => ({
      fields: { ...subject(), message: type, reply, address },
      sentence: `${reply.toUpperCase()} ${address} to ${client.key}`,
    }));
  }

  ignored(ignore: NonNullable<Decision['ignore']>, type: MessageType | undefined, subject: () => LogFields): void {
    this.#counters.add(`ignored.${ignore.reason}`);
    const level = worthReading.has(ignore.reason) ? 'info' : 'debug';
    this.#write(ignore.reason, level, () => ({
      fields: { ...subject(), message: type, reason: ignore.reason },
      sentence: `ignored, because ${ignore.because}`,
    }));
  }

  /** Weather without a stack, bugs of ours with it. */
  failed(counter: string, thrown: unknown, fields: LogFields, sentence: string): void {
    this.#counters.add(counter);
    const error = AppError.from(thrown);
    const cause = error.family === 'ours' && error.cause instanceof Error ? error.cause : error;
    const stack = error.family === 'ours' ? { stack: cause.stack } : {};
    const all = { ...fields, code: error.code, family: error.family, error: error.message, ...stack };
    this.#write(counter, 'error', () => ({ fields: all, sentence }));
  }

  /** Under load nearly all lines are left out: a line is made only when it is written. */
  #write(topic: string, level: 'debug' | 'info' | 'warn' | 'error', line: () => Line): void {
    const spent = this.#budget.spend(topic);
    if (!spent) {
      this.#counters.add('log-lines-left-out');
      return;
    }
    const { fields, sentence } = line();
    this.#log[level](spent.leftOut > 0 ? { ...fields, leftOutBefore: spent.leftOut } : fields, sentence);
  }
}

/** What every line about a client carries: its machine and slot, as far as they are known. */
export function fieldsOf(client: Client, network: string, state: SiteState, now: number): LogFields {
  const { claim, kind, mac } = client;
  const machine = claim && findMachine(claim, state, now);
  const slot = machine && state.bindingOfMachine(machine.id)?.slot;
  const known = { ...(machine && { machine: machine.id }), ...(slot !== undefined && { slot }) };
  return { network, mac, client: kind?.name ?? 'unknown firmware', ...known, ...(claim?.uuid && { uuid: claim.uuid }) };
}

function addressIn(reply: DhcpMessage): string {
  return reply.yiaddr === UNSPECIFIED ? reply.ciaddr : reply.yiaddr;
}
