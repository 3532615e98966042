import { sha256OfText } from '../adapters/node/hash.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { FleetRendering } from '../model/fleet/fleet-renderer.ts';
import { readFleet, renderSite } from '../template/fleet.ts';
import { formatProblem, type TemplateProblem } from '../template/problem.ts';
import { parseArchive } from '../wire/api/pushes.ts';
import { formatContent } from '../wire/link/verify-bundle.ts';

export type RenderedSources = {
  readonly labels: FleetRendering['labels'];
  render(site: string): Result<string, string>;
};

/** Opens the archive of a fleet directory. No file of the machine is read: all of them are in the archive. */
export function openSources(sources: string): Result<RenderedSources, string> {
  const archive = parseArchive(sources);
  if (!archive.ok) return archive;
  const files = new Map(Object.entries(archive.value.files));
  const fleet = readFleet({
    names: [...files.keys()],
    readFile: (name) => {
      const text = files.get(name);
      return text === undefined ? err(`${name} is not in the sources`) : ok(text);
    },
  });
  if (!fleet.ok) return err(told(fleet.error));
  return ok({
    labels: Object.fromEntries(Object.entries(fleet.value.document.sites).map(([site, { labels }]) => [site, labels])),
    render: (site) => {
      const rendered = renderSite(fleet.value, site, { number: 1, sha256: sha256OfText });
      return rendered.ok ? ok(formatContent(rendered.value)) : err(`site ${site}: ${told(rendered.error)}`);
    },
  });
}

function told(problems: readonly TemplateProblem[]): string {
  return problems.slice(0, 10).map(formatProblem).join('\n');
}
