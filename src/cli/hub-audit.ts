import { createHash } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { HubClient } from '../adapters/http/hub-client.ts';
import type { Digest } from '../kernel/digest.ts';
import { AppError } from '../kernel/errors.ts';
import { findAuditFault, NOTHING_BEFORE } from '../model/fleet/audit-chain.ts';
import { fleetPath } from '../wire/api/fleet-queries.ts';
import type { AuditPage, AuditView, FleetFeedItem } from '../wire/api/fleet-views.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';
import { formatTime } from './table.ts';

type AuditOptions = HubOptions & {
  readonly limit: number;
  readonly follow?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
};
const PAGE = 1_000;

/** `slipway hub audit`: who did what at head office, and whether the record is whole. */
export function addHubAuditCommand(hub: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  withHub(hub.command('audit'))
    .description('who did what at head office, the newest last')
    .addOption(new Option('-n, --limit <count>', 'how many of the newest').default(50).argParser(limit))
    .option('-f, --follow', 'go on printing as it happens')
    .option('--verify', 'compute the chain of digests again, over all entries')
    .addOption(jsonOption())
    .action(async (options: AuditOptions) => {
      const client = hubClientOf(options);
      if (options.verify) setStatus(await verify(client, options, io));
      else await show(client, options, io);
    });
}

async function show(client: HubClient, options: AuditOptions, io: CliIo): Promise<void> {
  let last = 0;
  const print = (entries: readonly AuditView[]): void => {
    for (const entry of entries.filter(({ id }) => id > last)) {
      io.write(options.json ? `${JSON.stringify(entry)}\n` : formatEntry(entry));
      last = entry.id;
    }
  };
  if (!options.follow) return print(await newest(client, options.limit));
  // One after the other. The feed begins with `all` for a place that it does not know: from there on nothing is missed.
  let printing = Promise.resolve();
  const more = async (): Promise<void> =>
    print(last === 0 ? await newest(client, options.limit) : await since(client, last));
  await client.follow(fleetPath('feed', {}, { after: 'start' }), (item) => {
    const { view } = item as FleetFeedItem;
    if (view === 'audit' || view === 'all') printing = printing.then(more);
  });
  await printing;
}

async function verify(client: HubClient, { json }: AuditOptions, io: CliIo): Promise<ExitStatus> {
  const entries = await since(client, 0);
  const start = { id: 0, digest: NOTHING_BEFORE };
  const linked = entries.map((entry, i) => ({ ...entry, before: entries[i - 1]?.digest ?? NOTHING_BEFORE }) as Linked);
  const fault = findAuditFault(linked, start, sha256);
  const last = entries.at(-1);
  const result = { entries: entries.length, newest: last && { id: last.id, digest: last.digest }, fault };
  if (json) io.write(`${JSON.stringify(result)}\n`);
  else if (fault) io.write(`The audit is not whole, at entry ${fault.id}: ${fault.because}.\n`);
  else io.write(`The audit is whole: ${entries.length} entries, each bound to the one before it.\n`);
  if (!json && last)
    io.write(`The newest is ${last.id}, ${last.digest}: compare it with one that was written down elsewhere.\n`);
  return fault ? EXIT.finding : EXIT.ok;
}
type Linked = Parameters<typeof findAuditFault>[0][number];

/** The newest ones, the newest last. */
async function newest(client: HubClient, count: number): Promise<readonly AuditView[]> {
  const { entries } = await client.get<AuditPage>(fleetPath('audit', {}, { limit: count }));
  return entries.toReversed();
}

/** All behind an entry, the newest last. */
async function since(client: HubClient, id: number): Promise<readonly AuditView[]> {
  const found: AuditView[] = [];
  for (let before: number | undefined; ; ) {
    const page = await client.get<AuditPage>(fleetPath('audit', {}, { limit: PAGE, before }));
    found.push(...page.entries.filter((entry) => entry.id > id));
    before = page.next;
    if (before === undefined || before <= id) return found.reverse();
  }
}

function formatEntry({ id, at, who, action, subject, detail }: AuditView): string {
  const more = Object.keys(detail).length > 0 ? `  ${JSON.stringify(detail)}` : '';
  return `${String(id).padStart(6)}  ${formatTime(at)}  ${who.padEnd(14)} ${action.padEnd(18)} ${subject}${more}\n`;
}

function sha256(text: string): Digest {
  return createHash('sha256').update(text).digest('hex') as Digest;
}

function limit(text: string): number {
  const n = Number(text);
  if (!(Number.isInteger(n) && n > 0 && n <= PAGE))
    throw new AppError('usage-invalid', `--limit takes a whole number from 1 to ${PAGE}`);
  return n;
}
