import type { Command } from 'commander';
import type { RootsView } from '../model/fleet/identity-desk.ts';
import { IDENTITY_PATHS } from '../wire/api/identity.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';
import { formatTable, formatTime } from './table.ts';

type Options = HubOptions & { readonly json?: boolean };

/** `slipway hub roots`, `roots roll` and `roots end`: what all certificates come from. */
export function addHubRootsCommands(hub: Command, io: CliIo): void {
  const print = (options: Options, value: object, text: string): void =>
    io.write(options.json ? `${JSON.stringify(value, undefined, 2)}\n` : text);
  const roots = withHub(
    hub
      .command('roots')
      .description('what all certificates come from, and which sites do not follow a roll-over yet')
      .addOption(jsonOption()),
  ).action(async (options: Options) => {
    const view = await hubClientOf(options).get<RootsView>(IDENTITY_PATHS.roots);
    print(options, view, formatRoots(view));
  });
  const act = (name: string, path: string, description: string): void => {
    roots
      .command(name)
      .description(description)
      .action(async (_own: object, command: Command) => {
        const options = command.optsWithGlobals<Options>();
        const reply = await hubClientOf(options).post<{ readonly sentence: string }>(path, {});
        print(options, reply, `${reply.sentence}\n`);
      });
  };
  act('roll', IDENTITY_PATHS.rollRoots, 'issues from the next root, which every site must know, and makes another one');
  act('end', IDENTITY_PATHS.endRoot, 'ends the root before the current one, once every site has left it');
}

function formatRoots({ phase, roots, sites }: RootsView): string {
  const table = formatTable(
    ['ROOT', 'GOOD UNTIL', 'SHA256'],
    roots.map(({ which, notAfter, digest }) => [which, formatTime(notAfter), digest.slice(0, 16)]),
  );
  const behind = sites.filter(({ knowsNext, isOnCurrent }) => !knowsNext || (phase === 'rolling' && !isOnCurrent));
  if (behind.length === 0)
    return `${table}${phase === 'rolling' ? 'every site has left the old root: slipway hub roots end\n' : 'every site knows both roots\n'}`;
  const rows = behind.map(({ site, knowsNext, isOnCurrent }) => [
    site,
    knowsNext ? 'yes' : 'no',
    isOnCurrent ? 'current' : 'another',
  ]);
  return `${table}\n${formatTable(['BEHIND', 'KNOWS BOTH', 'CERTIFICATE BY'], rows)}`;
}
