import type { Command } from 'commander';
import { type FleetPage, fleetPath } from '../wire/api/fleet-queries.ts';
import type { FleetAlarmView } from '../wire/api/fleet-views.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';
import { formatTime } from './table.ts';

type AlarmOptions = HubOptions & { readonly site?: string; readonly json?: boolean };
const PAGE = 500;

/** `slipway hub alarms`: what head office calls a person for, with what to do. */
export function addHubAlarmsCommand(hub: Command, io: CliIo): void {
  withHub(hub.command('alarms'))
    .description('what somebody should do something about, the newest first')
    .option('--site <name>', 'only those of one site')
    .addOption(jsonOption())
    .action((options: AlarmOptions) => showAlarms(options, io));
}

async function showAlarms(options: AlarmOptions, io: CliIo): Promise<void> {
  const client = hubClientOf(options);
  const found: FleetAlarmView[] = [];
  for (;;) {
    const query = { offset: found.length, limit: PAGE, site: options.site };
    const page = await client.get<FleetPage<FleetAlarmView>>(fleetPath('alarms', {}, query));
    found.push(...page.rows);
    if (page.rows.length < PAGE) break;
  }
  if (options.json) return io.write(`${JSON.stringify({ alarms: found })}\n`);
  if (found.length === 0) return io.write('No alarm.\n');
  for (const { kind, since, sentence, toDo } of found)
    io.write(`${formatTime(since)}  ${kind.padEnd(18)} ${sentence}\n${' '.repeat(21)}-> ${toDo}\n`);
}
