import { type Command, Option } from 'commander';
import type { HubClient } from '../adapters/http/hub-client.ts';
import { parseDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import { PUBLICATION_ENDED } from '../model/fleet/hub-rows.ts';
import { type FleetPage, fleetPath } from '../wire/api/fleet-queries.ts';
import {
  type FleetFeedItem,
  PUBLICATION_ACTS,
  type PublicationAct,
  type PublicationActBody,
  type PublicationSiteView,
  type PublicationView,
  type PublishBody,
} from '../wire/api/fleet-views.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { allPages } from './hub-pages.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import { formatProgress, formatPublication, formatPublications } from './hub-publish-view.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';

type Options = HubOptions & { readonly json?: boolean; readonly follow?: boolean };
type PublishOptions = Options & {
  readonly sites?: string;
  readonly canary?: readonly string[];
  readonly soak?: string;
  readonly haltAfter?: number;
  readonly haltPercent?: number;
};

const ACTS: Readonly<Record<PublicationAct, string>> = {
  pause: 'offers it to nobody else until it is resumed',
  resume: 'lets it go on after a pause or a halt',
  abort: 'ends it: whoever has it keeps it, nobody else is offered it',
  rollback: 'gives the sites back what they had before',
};
/** Nothing more happens by itself. */
const STANDS: readonly PublicationView['state'][] = [...PUBLICATION_ENDED, 'halted', 'paused'];

/** `slipway hub publish`: a push on its way to sites, and what a person does about it. */
export function addHubPublishCommands(hub: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  const add = (parent: Command, name: string, description: string): Command =>
    withHub(parent.command(name).description(description).addOption(jsonOption()));
  const print = (options: Options, value: object, text: string): void =>
    io.write(options.json ? `${JSON.stringify(value, undefined, 2)}\n` : text);
  const show = async (client: HubClient, view: PublicationView, options: Options): Promise<void> => {
    const last = options.follow ? await follow(client, view, options, io) : view;
    if (last.state === 'halted') setStatus(EXIT.finding);
    // It was printed with each change.
    if (options.follow && options.json) return;
    const query = { limit: 20 };
    const path = fleetPath('publicationSites', { publication: last.id }, query);
    const { rows } = await client.get<FleetPage<PublicationSiteView>>(path);
    print(options, last, formatPublication(last, rows));
  };

  const publish = add(hub, 'publish', 'gives a push to its sites: to all at once, or to some first')
    .argument('[push]', 'such as p17; without it the newest')
    .option('--sites <selector>', 'only these: labels such as region=eu, or names with commas')
    .option('--canary <selector...>', 'these of them first')
    .option('--soak <time>', 'how long to wait when they have all confirmed it; 30m without it')
    .addOption(
      new Option('--halt-after <sites>', 'halt when so many revert or refuse it; 1 without it').argParser(number),
    )
    .addOption(
      new Option(
        '--halt-percent <percent>',
        'halt when so many of a hundred do, once ten have tried; 10 without it',
      ).argParser(number),
    )
    .option('-f, --follow', 'go on until it is at its end, or halts')
    .action(async (push: string | undefined, options: PublishOptions) => {
      const client = hubClientOf(options);
      await show(client, await client.post<PublicationView>('publications', bodyOf(push, options)), options);
    });
  add(publish, 'show', 'all publications, or one with what its sites do')
    .argument('[publication]', 'such as r17')
    .option('-f, --follow', 'go on until it is at its end, or halts')
    .action(async (id: string | undefined, _own: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const client = hubClientOf(options);
      if (id !== undefined)
        return show(client, await client.get<PublicationView>(fleetPath('publication', { publication: id })), options);
      const page = await client.get<FleetPage<PublicationView>>(fleetPath('publications', {}, { limit: 20 }));
      print(options, page, formatPublications(page));
    });
  add(publish, 'sites', 'all sites of a publication, and why each is no further')
    .argument('<publication>', 'such as r17')
    .action(async (id: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const client = hubClientOf(options);
      const view = await client.get<PublicationView>(fleetPath('publication', { publication: id }));
      const page = await allPages<PublicationSiteView>(client, 'publicationSites', { publication: id }, {});
      print(options, page, formatPublication(view, page.rows));
    });
  for (const what of PUBLICATION_ACTS)
    add(publish, what, ACTS[what])
      .argument('<publication>', 'such as r17')
      .option('--because <text>', 'why; it is shown with it, and stands in the audit')
      .action(async (id: string, _own: object, command: Command) => {
        const options = command.optsWithGlobals<Options & { readonly because?: string }>();
        const body: PublicationActBody = options.because === undefined ? {} : { because: options.because };
        const path = `${fleetPath('publication', { publication: id })}/${what}`;
        const reply = await hubClientOf(options).post<{ readonly sentence: string }>(path, body);
        print(options, reply, `${reply.sentence}\n`);
      });
}

function bodyOf(push: string | undefined, options: PublishOptions): PublishBody {
  const { sites, canary, soak, haltAfter, haltPercent } = options;
  return {
    ...(push === undefined ? {} : { push }),
    ...(sites === undefined ? {} : { sites }),
    rules: {
      ...(canary === undefined ? {} : { canary }),
      ...(soak === undefined ? {} : { soakMs: readTime(soak) }),
      ...(haltAfter === undefined ? {} : { haltAfter }),
      ...(haltPercent === undefined ? {} : { haltPercent }),
    },
  };
}

/** Prints each change until it stands; by the feed, which says that something changed. */
async function follow(
  client: HubClient,
  first: PublicationView,
  options: Options,
  io: CliIo,
): Promise<PublicationView> {
  const over = new AbortController();
  let last = first;
  let asking = Promise.resolve();
  const path = fleetPath('publication', { publication: first.id });
  const look = async (): Promise<void> => {
    const before = formatProgress(last);
    last = await client.get<PublicationView>(path);
    const now = formatProgress(last);
    if (options.json) io.write(`${JSON.stringify(last)}\n`);
    else if (now !== before) io.write(now);
    if (STANDS.includes(last.state)) over.abort();
  };
  if (!options.json) io.write(formatProgress(first));
  // The feed begins with `all` for a place that it does not know: so nothing is missed between.
  await client.follow(
    fleetPath('feed', {}, { after: 'start' }),
    (item) => {
      const { view, publication } = item as FleetFeedItem;
      const isOurs = view === 'all' || (view === 'publications' && (publication ?? first.id) === first.id);
      if (isOurs && !over.signal.aborted) asking = asking.then(look);
    },
    over.signal,
  );
  await asking;
  if (!over.signal.aborted) throw new AppError('hub-not-answering', 'head office ended while it was followed');
  return last;
}

function number(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new AppError('usage-invalid', `expected a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

function readTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new AppError('usage-invalid', `--soak takes a time such as 30m, not ${JSON.stringify(text)}`);
  return ms;
}
