import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { type Command, Option } from 'commander';
import { fetchFromSite, type OnBytes, sendToSite } from '../adapters/http/control-stream.ts';
import { AppError } from '../kernel/errors.ts';
import { formatBytes } from '../kernel/quantity.ts';
import { ARCHIVE_LAYOUTS, ARCHIVE_TYPE, type ImportView } from '../wire/api/images.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { imagesCommand } from './image-files.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';

type ExportOptions = AskOptions & { readonly layout: string };
type ImportOptions = AskOptions & { readonly as?: string };

/** `slipway images export` and `import`: images on a stick. */
export function addArchiveCommands(program: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  const images = imagesCommand(program);
  images
    .command('export')
    .description('writes images with all that is here of them into one file, for a stick')
    .argument('<file>', 'the archive; it is there under this name once it is whole')
    .argument(
      '[image...]',
      'names as slipway images list shows them, or whole names; all that are kept if none is given',
    )
    .addOption(
      new Option('--layout <kind>', 'an OCI image layout, or the image cache of Talos')
        .choices(ARCHIVE_LAYOUTS)
        .default('oci'),
    )
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (file: string, names: readonly string[], options: ExportOptions) => {
      const query = new URLSearchParams({ layout: options.layout });
      for (const name of names) query.append('image', name);
      const path = `/api/v1/images/export?${query}`;
      const sizeBytes = await writeWhole(file, (into) => fetchFromSite(options.socket, path, into, progress(io)));
      const text = `${file} has all of it: ${formatBytes(sizeBytes)}\n`;
      io.write(options.json ? `${JSON.stringify({ file, sizeBytes }, undefined, 2)}\n` : text);
    });
  images
    .command('import')
    .description('takes the images of an archive in; ends with status 1 if one of them was not taken')
    .argument('<file>', 'what slipway images export wrote, or skopeo, podman or docker as an OCI archive')
    .option('--as <image>', 'the whole name of the one image in it, such as registry.example.com/pos/app:1.4')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (file: string, options: ImportOptions) => {
      const view = await sendFile(file, options, io);
      io.write(options.json ? `${JSON.stringify(view, undefined, 2)}\n` : formatImport(view));
      if (view.refused.length > 0) setStatus(EXIT.finding);
    });
}

/** The file gets its name when all of it is on the disk: a stick may be pulled out at any time. */
async function writeWhole(file: string, fill: (into: Writable) => Promise<number>): Promise<number> {
  const part = `${file}.part`;
  try {
    const target = await open(part, 'w');
    const sizeBytes = await fill(target.createWriteStream({ flush: true }));
    await rename(part, file);
    await syncFolder(dirname(file));
    return sizeBytes;
  } catch (cause) {
    await rm(part, { force: true });
    throw ofFile(file, cause);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function sendFile(file: string, { socket, as }: ImportOptions, io: CliIo): Promise<ImportView> {
  const path = `/api/v1/images/import${as === undefined ? '' : `?${new URLSearchParams({ as })}`}`;
  try {
    const { size: sizeBytes } = await stat(file);
    const from = createReadStream(file, { highWaterMark: 1024 * 1024 });
    return await sendToSite<ImportView>(socket, path, { from, sizeBytes, type: ARCHIVE_TYPE }, progress(io));
  } catch (cause) {
    throw ofFile(file, cause);
  }
}

function ofFile(file: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new AppError('not-found', `there is no ${file}`, { cause });
  if (code === 'EACCES') return new AppError('permission-denied', message, { cause });
  return new AppError(code === 'ENOSPC' ? 'disk-full' : 'disk-failed', message, { cause });
}

/** A line on standard error for each tenth of what takes its time. */
function progress(io: CliIo): OnBytes {
  let shown = 0;
  return (doneBytes, sizeBytes) => {
    const tenths = Math.floor((doneBytes / sizeBytes) * 10);
    if (tenths <= shown || tenths > 9) return;
    shown = tenths;
    io.writeError(`${tenths * 10} %, ${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}\n`);
  };
}

function formatImport({ images, refused }: ImportView): string {
  const lines = [
    ...images.map(({ image }) => `${image} is here\n`),
    ...refused.map(({ name, because }) => `${name} was not taken: ${because}\n`),
  ];
  return lines.join('');
}
