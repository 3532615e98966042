import type { Command } from 'commander';
import { EXIT, type ExitStatus } from './exit.ts';
import { type FleetDisk, openGoodFleet } from './fleet-dir.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { planOf } from './plan.ts';
import { formatPlan } from './plan-view.ts';
import { survey } from './survey.ts';

type Options = HubOptions & { readonly dir: string; readonly sites?: string; readonly json?: boolean };

/** `slipway template plan`: what each site would get, against what is in force there. */
export function addPlanCommand(
  template: Command,
  tools: { readonly io: CliIo; readonly setStatus: (status: ExitStatus) => void; readonly disk: FleetDisk },
): void {
  withHub(template.command('plan'))
    .description('show what a push would change at each site, against what is in force there; ends with 1 if it would')
    .option('--dir <folder>', 'the fleet directory', '.')
    .option('--sites <selector>', 'only these: labels such as region=eu,tier=1, or names with commas')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const client = hubClientOf(options);
      const fleet = openGoodFleet(options.dir, tools.disk);
      const { dir, sites } = options;
      const plan = await planOf(await survey(fleet, { dir, client, ...(sites !== undefined && { sites }) }), client);
      tools.io.write(options.json ? `${JSON.stringify(plan, undefined, 2)}\n` : formatPlan(plan));
      if (plan.changed.length + plan.fresh.length + plan.secretsOnly.length > 0) tools.setStatus(EXIT.finding);
    });
}
