import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Argument, type Command } from 'commander';
import { askSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import { type ClientConfigView, type ClientFile, IMAGE_CLIENTS } from '../wire/api/client-config.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';

type ConfigOptions = AskOptions & { readonly write?: string; readonly network?: string; readonly fallback: boolean };

/** `slipway images client-config`: files that bring the site's images to clients, and from elsewhere to the site. */
export function addImageFileCommands(program: Command, io: CliIo): void {
  const images = imagesCommand(program);
  images
    .command('client-config')
    .description('the settings by which clients pull images through this site')
    .addArgument(new Argument('[client]', 'one of them; all if none is named').choices(IMAGE_CLIENTS))
    .option('--write <dir>', 'write each file below this folder, at the place where its client looks for it')
    .option('--network <name>', 'for clients in this network of the template; the first if none is named')
    .option('--no-fallback', 'clients never go to a registry themselves, also if the site is away')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (client: string | undefined, options: ConfigOptions) => {
      const view = await askSite<ClientConfigView>(options.socket, pathOf(client, options));
      if (options.write !== undefined) await writeFiles(options.write, view.files);
      if (options.json) return io.write(`${JSON.stringify(view, undefined, 2)}\n`);
      io.write(options.write === undefined ? formatFiles(view) : formatWritten(options.write, view));
    });
}

/** The group `slipway images`, made by whoever comes first. */
export function imagesCommand(program: Command): Command {
  const known = program.commands.find((one) => one.name() === 'images');
  return known ?? program.command('images').description('the container images that the site keeps and mirrors');
}

function pathOf(client: string | undefined, { network, fallback }: ConfigOptions): string {
  const query = new URLSearchParams();
  if (client !== undefined) query.set('client', client);
  if (network !== undefined) query.set('network', network);
  if (!fallback) query.set('fallback', 'no');
  return `/api/v1/images/client-config?${query}`;
}

async function writeFiles(dir: string, files: readonly ClientFile[]): Promise<void> {
  for (const { path, text } of files) {
    const target = join(dir, path);
    try {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    } catch (cause) {
      throw new AppError('disk-failed', `${target}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** As a person reads it, and as a shell would take it: what is no file is a comment. */
function formatFiles({ files, notes }: ClientConfigView): string {
  const blocks = files.map(({ path, text }) => `# ${path}\n${text}`);
  return [...blocks, ...(notes.length > 0 ? [notes.map((note) => `# ${note}\n`).join('')] : [])].join('\n');
}

function formatWritten(dir: string, { files, notes }: ClientConfigView): string {
  return [...files.map(({ path }) => join(dir, path)), ...notes].map((line) => `${line}\n`).join('');
}
