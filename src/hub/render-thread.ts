import { parentPort } from 'node:worker_threads';
import { sha256OfText } from '../adapters/node/hash.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type Fleet, readFleet, renderSite } from '../template/fleet.ts';
import { formatProblem, type TemplateProblem } from '../template/problem.ts';
import { parseArchive } from '../wire/api/pushes.ts';
import { formatContent } from '../wire/link/verify-bundle.ts';

/** The first message opens the sources, each further one asks for a site; every one has one answer, in order. */
export type RenderAsks = { readonly sources: string } | { readonly site: string };
export type RenderOpened = { readonly labels: Record<string, Record<string, string>> };
export type RenderSays = Result<RenderOpened | string, string>;

/** The thread that renders the fleet directory of one push. It reads no file of the machine: all of them are in the archive. */
let fleet: Fleet | undefined;
parentPort?.on('message', (asks: RenderAsks) => {
  parentPort?.postMessage('sources' in asks ? open(asks.sources) : render(asks.site));
});

function open(sources: string): RenderSays {
  const archive = parseArchive(sources);
  if (!archive.ok) return archive;
  const files = new Map(Object.entries(archive.value.files));
  const read = readFleet({
    names: [...files.keys()],
    readFile: (name) => {
      const text = files.get(name);
      return text === undefined ? err(`${name} is not in the sources`) : ok(text);
    },
  });
  if (!read.ok) return err(told(read.error));
  fleet = read.value;
  const { sites } = fleet.document;
  return ok({
    labels: Object.fromEntries(Object.entries(sites).map(([site, { labels }]) => [site, labels])),
  });
}

function render(site: string): RenderSays {
  const rendered = fleet && renderSite(fleet, site, { number: 1, sha256: sha256OfText });
  if (!rendered) return err('nothing was opened');
  return rendered.ok ? ok(formatContent(rendered.value)) : err(`site ${site}: ${told(rendered.error)}`);
}

function told(problems: readonly TemplateProblem[]): string {
  return problems.slice(0, 10).map(formatProblem).join('\n');
}
