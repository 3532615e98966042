import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { sha256OfText } from '../adapters/node/hash.ts';
import { AppError } from '../kernel/errors.ts';
import { err, type Result } from '../kernel/result.ts';
import type { Revision } from '../model/revision.ts';
import { readTemplateFile } from '../site/compile-site.ts';
import { isStandalone, parseSiteConfig, type StandaloneConfig } from '../site/config.ts';
import { compileTemplate } from '../template/compile.ts';
import { renderSite } from '../template/fleet.ts';
import { renderFleet } from '../template/fleet-lint.ts';
import { fleetJsonSchema } from '../template/fleet-schema.ts';
import { formatProblem, type TemplateProblem } from '../template/problem.ts';
import { templateJsonSchema } from '../template/schema.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { type FleetDisk, inDir, isFleetDir, listFolder, openFleet } from './fleet-dir.ts';
import type { CliIo } from './io.ts';
import { addExplainCommand } from './template-explain.ts';
import { addKeyCommands } from './template-keys.ts';
import { addPlanCommand } from './template-plan.ts';
import { addPushCommand } from './template-push.ts';
import { formatSlot } from './template-view.ts';

/** What the commands touch; tests hand in files of their own. */
type Tools = {
  readonly io: CliIo;
  readonly setStatus: (status: ExitStatus) => void;
  readonly disk: FleetDisk;
};
type Options = { readonly site?: string; readonly json?: boolean; readonly slot?: string };
type Outcome = Result<Revision, readonly TemplateProblem[]>;

/** `slipway template schema | lint | render`: the central team's work, without a site that runs. */
export function addTemplateCommands(
  program: Command,
  io: CliIo,
  setStatus: (status: ExitStatus) => void,
  disk: FleetDisk = { readFile: readTemplateFile, list: listFolder },
): void {
  const tools = { io, setStatus, disk };
  const template = program.command('template').description('check site templates and see what they come to');
  template
    .command('schema')
    .description('print the JSON Schema of a template, for editors')
    .option('--fleet', 'that of fleet.yaml instead')
    .action((options: { readonly fleet?: boolean }) =>
      io.write(`${JSON.stringify(options.fleet ? fleetJsonSchema() : templateJsonSchema(), null, 2)}\n`),
    );
  withInput(template.command('lint'))
    .description('check a template, several layers from wide to narrow, or a fleet directory with all of its sites')
    .action((files: string[], options: Options) => lint(files, options, tools));
  withInput(template.command('render'))
    .description('print what each slot would be given')
    .option('--slot <name>', 'only this slot')
    .action((files: string[], options: Options) => render(files, options, tools));
  addExplainCommand(template, io, disk);
  addPlanCommand(template, tools);
  addPushCommand(template, tools);
  addKeyCommands(template, io);
}

function withInput(command: Command): Command {
  return command
    .argument('[files...]', 'template files, or a fleet directory; without them the template of the site file')
    .option(
      '--site <file>',
      'site file: its name and the values of its variables (without it, examples are used); of a fleet directory the name of a site',
    )
    .option('--json', 'print JSON');
}

function lint(files: readonly string[], options: Options, tools: Tools): void {
  const [dir] = files;
  if (options.site === undefined && files.length === 1 && dir !== undefined && isFleetDir(dir, tools.disk)) {
    lintFleet(dir, options, tools);
    return;
  }
  const outcome = compile(files, options, tools);
  if (!outcome.ok) {
    showProblems(outcome.error, options, tools);
    return;
  }
  const slots = Object.values(outcome.value.slots);
  const counts = { slots: slots.length, profiles: new Set(slots.map((slot) => slot.profile.name)).size };
  if (options.json) tools.io.write(`${JSON.stringify({ ok: true, ...counts, problems: [] })}\n`);
  else tools.io.write(`ok: ${counted(counts.slots, 'slot')}, ${counted(counts.profiles, 'profile')}\n`);
}

function lintFleet(dir: string, options: Options, tools: Tools): void {
  const fleet = openFleet(dir, tools.disk);
  const found = fleet.ok ? renderFleet(fleet.value, { sha256: sha256OfText }) : undefined;
  const problems = fleet.ok ? (found?.problems ?? []) : fleet.error;
  if (problems.length > 0) {
    showProblems(
      problems.map((problem) => inDir(dir, problem)),
      options,
      tools,
    );
    return;
  }
  const sites = found?.revisions.size ?? 0;
  const slots = [...(found?.revisions.values() ?? [])].reduce((sum, one) => sum + Object.keys(one.slots).length, 0);
  if (options.json) tools.io.write(`${JSON.stringify({ ok: true, sites, slots, problems: [] })}\n`);
  else tools.io.write(`ok: ${counted(sites, 'site')}, ${counted(slots, 'slot')}\n`);
}

function render(files: readonly string[], options: Options, tools: Tools): void {
  const outcome = compile(files, options, tools);
  if (!outcome.ok) {
    showProblems(outcome.error, options, tools);
    return;
  }
  const all = Object.values(outcome.value.slots);
  const slots = options.slot === undefined ? all : all.filter((slot) => slot.name === options.slot);
  if (options.slot !== undefined && slots.length === 0) {
    const names = all.map((slot) => slot.name).join(', ') || 'none';
    throw new AppError('usage-invalid', `the template has no slot "${options.slot}"; it has: ${names}`);
  }
  const { site, template, digest } = outcome.value;
  if (options.json) tools.io.write(`${JSON.stringify({ site, template, digest, slots }, null, 2)}\n`);
  else tools.io.write(slots.map(formatSlot).join('\n'));
}

function compile(files: readonly string[], options: Options, { disk }: Tools): Outcome {
  const [dir] = files;
  if (files.length === 1 && dir !== undefined && isFleetDir(dir, disk)) return compileOfFleet(dir, options.site, disk);
  const { readFile } = disk;
  const site = options.site === undefined ? undefined : readSite(options.site, readFile);
  const names = files.length > 0 ? files : site ? [site.template] : [];
  if (names.length === 0) throw new AppError('usage-invalid', 'name a template file, or a site file with --site');
  return compileTemplate({
    files: names.map((name) => ({ name, text: read(name, readFile) })),
    site: site ? { name: site.site, vars: site.vars, at: site.varAt } : { name: 'example', vars: {} },
    number: 1,
    readFile,
    sha256: sha256OfText,
    useExamples: site === undefined,
  });
}

function compileOfFleet(dir: string, site: string | undefined, disk: FleetDisk): Outcome {
  const fleet = openFleet(dir, disk);
  if (!fleet.ok) return err(fleet.error.map((problem) => inDir(dir, problem)));
  if (site === undefined)
    throw new AppError('usage-invalid', `${dir} is a fleet directory: name a site with --site NAME`);
  const rendered = renderSite(fleet.value, site, { number: 1, sha256: sha256OfText });
  return rendered.ok ? rendered : err(rendered.error.map((problem) => inDir(dir, problem)));
}

function readSite(path: string, readFile: FleetDisk['readFile']): StandaloneConfig {
  const config = parseSiteConfig(read(path, readFile), path);
  if (!config.ok) throw config.error;
  if (!isStandalone(config.value))
    throw new AppError('usage-invalid', `${path} has no template: head office sends it (\`hub\`)`);
  return { ...config.value, template: resolve(dirname(path), config.value.template) };
}

function read(path: string, readFile: FleetDisk['readFile']): string {
  const text = readFile(path);
  if (!text.ok) throw new AppError('usage-invalid', text.error);
  return text.value;
}

function showProblems(problems: readonly TemplateProblem[], options: Options, { io, setStatus }: Tools): void {
  if (options.json) io.write(`${JSON.stringify({ ok: false, problems })}\n`);
  else io.write(`${problems.map(formatProblem).join('\n')}\n${counted(problems.length, 'problem')}\n`);
  setStatus(EXIT.finding);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
