import { type Command, Option } from 'commander';
import { askSite, followSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import type { Event } from '../model/event.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatTime } from './table.ts';

type EventOptions = AskOptions & {
  readonly follow?: boolean;
  readonly limit: number;
  readonly slot?: string;
  readonly type?: readonly string[];
};

/** `slipway events`: what happened, oldest first. */
export function addEventsCommand(program: Command, io: CliIo): void {
  program
    .command('events')
    .description('what happened at this site, the newest last')
    .option('-f, --follow', 'go on printing events as they happen')
    .addOption(new Option('-n, --limit <count>', 'how many of the newest').default(50).argParser(limit))
    .option('--slot <name>', 'only those of one slot')
    .option('--type <type...>', 'only these types, such as node-enrolled')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action((options: EventOptions) => showEvents(options, io));
}

async function showEvents(options: EventOptions, io: CliIo): Promise<void> {
  const filter = new URLSearchParams();
  if (options.slot) filter.set('slot', options.slot);
  for (const type of options.type ?? []) filter.append('type', type);
  const print = (event: Event): void => io.write(options.json ? `${JSON.stringify(event)}\n` : formatEvent(event));
  // Listens before it asks for the past, so that nothing falls between; what comes twice is printed once.
  let lastSeq = 0;
  const early: Event[] = [];
  let isPastPrinted = false;
  const take = (event: Event): void => {
    if (!isPastPrinted) early.push(event);
    else if (event.seq > lastSeq) print(event);
  };
  const following = options.follow
    ? followSite(options.socket, `/api/v1/events?${filter}`, (event) => take(event as Event))
    : undefined;
  const printPast = async (): Promise<void> => {
    const past = new URLSearchParams(filter);
    past.set('order', 'newest');
    past.set('limit', String(options.limit));
    const { events } = await askSite<{ events: readonly Event[] }>(options.socket, `/api/v1/events?${past}`);
    for (const event of [...events].reverse()) {
      print(event);
      lastSeq = event.seq;
    }
    isPastPrinted = true;
    for (const event of early) take(event);
  };
  await Promise.all([following, printPast()]);
}

/** One event as one line; `data` is for programs. */
export function formatEvent(event: Event): string {
  return `${formatTime(event.at)}  ${event.type.padEnd(17)} ${event.sentence}\n`;
}

function limit(text: string): number {
  const n = Number(text);
  if (!(Number.isInteger(n) && n > 0 && n <= 1000))
    throw new AppError('usage-invalid', '--limit takes a whole number from 1 to 1000');
  return n;
}
