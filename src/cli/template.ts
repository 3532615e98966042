import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { sha256OfText } from '../adapters/node/hash.ts';
import { AppError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import type { Revision } from '../model/revision.ts';
import { readTemplateFile } from '../site/compile-site.ts';
import { parseSiteConfig, type SiteConfig } from '../site/config.ts';
import { compileTemplate } from '../template/compile.ts';
import { formatProblem, type TemplateProblem } from '../template/problem.ts';
import { templateJsonSchema } from '../template/schema.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import type { CliIo } from './io.ts';
import { formatSlot } from './template-view.ts';

/** What the commands touch; tests hand in files of their own. */
type Tools = {
  readonly io: CliIo;
  readonly setStatus: (status: ExitStatus) => void;
  readonly readFile: (path: string) => Result<string, string>;
};
type Options = { readonly site?: string; readonly json?: boolean; readonly slot?: string };
type Outcome = Result<Revision, readonly TemplateProblem[]>;

/** `slipway template schema | lint | render`: the central team's work, without a site that runs. */
export function addTemplateCommands(
  program: Command,
  io: CliIo,
  setStatus: (status: ExitStatus) => void,
  readFile: Tools['readFile'] = readTemplateFile,
): void {
  const tools = { io, setStatus, readFile };
  const template = program.command('template').description('check site templates and see what they come to');
  template
    .command('schema')
    .description('print the JSON Schema of a template, for editors')
    .action(() => io.write(`${JSON.stringify(templateJsonSchema(), null, 2)}\n`));
  withInput(template.command('lint'))
    .description('check a template, or several layers from wide to narrow')
    .action((files: string[], options: Options) => lint(files, options, tools));
  withInput(template.command('render'))
    .description('print what each slot would be given')
    .option('--slot <name>', 'only this slot')
    .action((files: string[], options: Options) => render(files, options, tools));
}

function withInput(command: Command): Command {
  return command
    .argument('[files...]', 'template files; without them the template of the site file')
    .option('--site <file>', 'site file: its name and the values of its variables (without it, examples are used)')
    .option('--json', 'print JSON');
}

function lint(files: readonly string[], options: Options, tools: Tools): void {
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

function compile(files: readonly string[], options: Options, { readFile }: Tools): Outcome {
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

function readSite(path: string, readFile: Tools['readFile']): SiteConfig {
  const config = parseSiteConfig(read(path, readFile), path);
  if (!config.ok) throw config.error;
  return { ...config.value, template: resolve(dirname(path), config.value.template) };
}

function read(path: string, readFile: Tools['readFile']): string {
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
