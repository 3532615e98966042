import { type Command, Option } from 'commander';
import { parseDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import { type FleetPage, type FleetSiteQuery, fleetPath } from '../wire/api/fleet-queries.ts';
import {
  type EnrolmentView,
  FLEET_SITE_STATES,
  type FleetEvents,
  type FleetSiteRow,
  type FleetSiteView,
  type PushView,
  type RevisionView,
} from '../wire/api/fleet-views.ts';
import { allPages } from './hub-pages.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import {
  formatEnrolments,
  formatPushes,
  formatRevisions,
  formatSite,
  formatSites,
  formatTimeline,
} from './hub-site-view.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';

type Options = HubOptions & { readonly json?: boolean };
type SitesOptions = Options & FleetSiteQuery;

/** `slipway hub sites`, `site`, `enrolments` and `revisions`: what head office knows. */
export function addHubSiteCommands(hub: Command, io: CliIo): void {
  const add = (name: string, description: string): Command =>
    withHub(hub.command(name).description(description).addOption(jsonOption()));
  const print = (options: Options, value: object, text: () => string): void =>
    io.write(options.json ? `${JSON.stringify(value, undefined, 2)}\n` : text());

  add('sites', 'all sites, or those that fit')
    .option('--search <text>', 'a part of the name, or of a label')
    .option('--labels <selector>', 'labels that must fit, such as region=eu,tier=1')
    .addOption(new Option('--state <state>', 'only these').choices(FLEET_SITE_STATES))
    .option('--alarm', 'only those with an alarm')
    .option('--behind', 'only those that have not in force what they are to have')
    .option('--without <push>', 'only those whose revision in force is not of this push')
    .action(async (options: SitesOptions) => {
      const { search, labels, state, alarm, behind, without } = options;
      const query = { search, labels, state, alarm, behind, without };
      const sites = await allPages<FleetSiteRow>(hubClientOf(options), 'sites', {}, query);
      print(options, sites, () =>
        formatSites(
          sites,
          Object.values(query).some((value) => value !== undefined),
        ),
      );
    });
  add('site', 'one site: its boxes, certificates, slots and alarms, and why it is not on its revision')
    .argument('<name>', 'name of the site')
    .option('--slot <slot>', 'what happened in one of its slots, the newest last')
    .action(async (site: string, options: Options & { readonly slot?: string }) => {
      const client = hubClientOf(options);
      if (options.slot !== undefined) {
        const { events } = await client.get<FleetEvents>(fleetPath('siteEvents', { site }, { slot: options.slot }));
        return print(options, { events }, () => formatTimeline(events));
      }
      const view = await client.get<FleetSiteView>(fleetPath('site', { site }));
      print(options, view, () => formatSite(view));
    });
  add('enrolments', 'machines that became nodes, each counted once')
    .option('--site <name>', 'only those of this site')
    .option('--since <time>', 'only those that head office heard of within this time, such as 24h')
    .action(async (options: Options & { readonly site?: string; readonly since?: string }) => {
      const { site, since } = options;
      const from = since === undefined ? undefined : Date.now() - readTime(since);
      const enrolments = await allPages<EnrolmentView>(hubClientOf(options), 'enrolments', {}, { site, from });
      print(options, enrolments, () => formatEnrolments(enrolments));
    });
  add('revisions', 'what was pushed, or the revisions of one site; the newest first')
    .argument('[site]', 'name of the site')
    .action(async (site: string | undefined, options: Options) => {
      const client = hubClientOf(options);
      if (site === undefined) {
        const pushes = await client.get<FleetPage<PushView>>(fleetPath('pushes'));
        return print(options, pushes, () => formatPushes(pushes));
      }
      const revisions = await client.get<FleetPage<RevisionView>>(fleetPath('siteRevisions', { site }));
      print(options, revisions, () => formatRevisions(revisions));
    });
}

function readTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new AppError('usage-invalid', `--since takes a time such as 24h, not ${JSON.stringify(text)}`);
  return ms;
}
