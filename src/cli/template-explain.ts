import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../kernel/errors.ts';
import { type Explanation, explain, type Said } from '../template/explain.ts';
import { type FleetDisk, openGoodFleet, problemsError } from './fleet-dir.ts';
import type { CliIo } from './io.ts';
import { formatTable } from './table.ts';

type Options = { readonly dir: string; readonly json?: boolean };

/** `slipway template explain SITE PATH`: which layer, file and line a value comes from. */
export function addExplainCommand(template: Command, io: CliIo, disk: FleetDisk): void {
  template
    .command('explain')
    .description('say which layer, file and line a value of a site comes from, and what the wider layers said')
    .argument('<site>', 'name of the site')
    .argument('<path>', 'keys with dots, such as networks.nodes.dns, or vars.NAME')
    .option('--dir <folder>', 'the fleet directory', '.')
    .option('--json', 'print JSON')
    .action((site: string, path: string, options: Options) => {
      const outcome = explain(openGoodFleet(options.dir, disk), site, path);
      if (outcome.ok) {
        io.write(
          options.json ? `${JSON.stringify(outcome.value, undefined, 2)}\n` : format(outcome.value, options.dir),
        );
      } else if (typeof outcome.error === 'string') throw new AppError('usage-invalid', outcome.error);
      else throw problemsError(options.dir, outcome.error);
    });
}

function format({ site, path, parts, said }: Explanation, dir: string): string {
  const rows = parts.map((part) => [part.path, valueText(part.value), part.layer, placeText(part, dir)]);
  const head = parts.length === 0 ? `no layer of ${site} gives ${path} a value now\n` : formatTable(HEAD, rows);
  const wider = said.length > 1 || parts.length === 0 ? said : [];
  const lines = wider.map((one) => [one.layer, valueText(one.value), placeText(one, dir)]);
  return lines.length === 0
    ? head
    : `${head}\nEach layer says of ${path}, the narrowest first:\n${formatTable(SAID, lines)}`;
}

const HEAD = ['VALUE', 'IS', 'LAYER', 'PLACE'];
const SAID = ['LAYER', 'SAYS', 'PLACE'];

function placeText({ place }: Said, dir: string): string {
  return `${join(dir, place.file)}:${place.line}:${place.column}`;
}

function valueText(value: unknown): string {
  if (value === null) return 'null (takes it away)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.split('\n')[0] ?? '';
  return line.length < text.length || line.length > 60 ? `${line.slice(0, 60)}…` : line;
}
