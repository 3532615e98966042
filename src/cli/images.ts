import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { askSite, tellSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import { formatBytes } from '../kernel/quantity.ts';
import type { CommandReply } from '../wire/api/commands.ts';
import {
  type ImageBody,
  type ImageCommand,
  type ImageView,
  type SiteImages,
  VERIFY_COMMAND,
  type VerifyView,
} from '../wire/api/images.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { imagesCommand } from './image-files.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatTable } from './table.ts';

type WaitOptions = AskOptions & { readonly background?: boolean };
type SetStatus = (status: ExitStatus) => void;

const LOOK_MS = 500;
const NAME = 'its name in the template, or its whole name, such as registry.example.com/pos/app:1.4';

/** `slipway images list`, `pull`, `pin`, `unpin` and `verify`: the images that the site has before anybody asks for them. */
export function addImageCommands(program: Command, io: CliIo, setStatus: SetStatus): void {
  const images = imagesCommand(program);
  const add = (name: string, description: string): Command =>
    images.command(name).description(description).addOption(jsonOption()).addOption(socketOption());
  const print = (options: AskOptions, value: object, text: string): void =>
    io.write(options.json ? `${JSON.stringify(value, undefined, 2)}\n` : text);

  add('list', 'which images are wanted here, and how far they are; ends with status 1 if one failed').action(
    async (options: AskOptions) => {
      const list = await askSite<SiteImages>(options.socket, '/api/v1/images');
      print(options, list, formatImages(list.images));
      if (list.images.some(({ state }) => state === 'failed')) setStatus(EXIT.finding);
    },
  );
  add('pull', 'fetches an image of the list now, and shows how far it is until it is here')
    .argument('<image>', NAME)
    .option('--background', 'do not wait for it')
    .action(async (image: string, options: WaitOptions) => {
      const reply = await tell(options.socket, 'pull', image);
      if (options.background) return print(options, reply, `${reply.sentence}\n`);
      const view = await follow(options.socket, image, io);
      print(options, view, `${view.name}: ${sayImage(view)}\n`);
      if (view.state !== 'complete') setStatus(EXIT.finding);
    });
  add('pin', 'keeps an image that no template wants: it is fetched now, and stays')
    .argument('<image>', 'its whole name, such as registry.example.com/pos/app:1.4')
    .action(async (image: string, options: AskOptions) => {
      const reply = await tell(options.socket, 'pin', image);
      print(options, reply, `${reply.sentence}\n`);
    });
  add('unpin', 'keeps an image no more: it goes when its room is needed, if no template wants it')
    .argument('<image>', 'its whole name, as slipway images list shows it')
    .action(async (image: string, options: AskOptions) => {
      const reply = await tell(options.socket, 'unpin', image);
      print(options, reply, `${reply.sentence}\n`);
    });
  add('verify', 'reads all that is stored again, and has fetched anew what is damaged; with 70 GB it takes an hour')
    .option('--background', 'do not wait for its end')
    .action(async (options: WaitOptions) => {
      const reply = await tellSite<CommandReply>(options.socket, `/api/v1/images/${VERIFY_COMMAND}`, {});
      if (options.background) return print(options, reply, `${reply.sentence}\n`);
      const report = await untilVerified(options.socket);
      print(options, report, `${sayReport(report)}\n`);
      if (report.damaged !== 0) setStatus(EXIT.finding);
    });
}

async function untilVerified(socket: string): Promise<VerifyView> {
  for (;;) {
    const { verify } = await askSite<SiteImages>(socket, '/api/v1/images');
    if (!verify) throw new AppError('site-unreachable', 'the site was started anew meanwhile; ask it once more');
    if (verify.endedAt !== undefined) return verify;
    await sleep(LOOK_MS);
  }
}

function sayReport({ files = 0, damaged = 0, because }: VerifyView): string {
  if (because !== undefined) return `stored files could not be checked: ${because}`;
  const read = `${files} stored files were read`;
  if (damaged === 0) return `${read}, and all are what they were`;
  return `${read}, ${damaged} damaged: out of the way, and fetched again where needed (slipway events --type file-damaged file-healed)`;
}

function tell(socket: string, command: ImageCommand, image: string): Promise<CommandReply> {
  return tellSite<CommandReply>(socket, `/api/v1/images/${command}`, { image } satisfies ImageBody);
}

/** Shows each step on standard error until nobody fetches the image any more. */
async function follow(socket: string, image: string, io: CliIo): Promise<ImageView> {
  for (let shown = ''; ; await sleep(LOOK_MS)) {
    const { images } = await askSite<SiteImages>(socket, '/api/v1/images');
    const view = images.find((one) => one.name === image || one.image === image);
    if (!view) throw new AppError('not-found', `${image} is not wanted here any more`);
    if (!view.fetching) return view;
    const step = `${view.name}: ${sayImage(view)}\n`;
    if (step !== shown) io.writeError(step);
    shown = step;
  }
}

/** The list as a person reads it. */
export function formatImages(images: readonly ImageView[]): string {
  if (images.length === 0)
    return 'no image is wanted here: images.wanted of the template names some, slipway images pin keeps one\n';
  const rows = images.map((one) => [
    one.name,
    one.image,
    one.platforms.join(', ') || 'all',
    WANTED_BY[one.by],
    stateOf(one),
  ]);
  return formatTable(['IMAGE', 'REFERENCE', 'PLATFORMS', 'WANTED BY', 'STATE'], rows);
}

const WANTED_BY = { revision: 'template', person: 'slipway images pin' } as const;

function stateOf(view: ImageView): string {
  const waits = view.state !== 'complete' && view.requiredBy.length > 0;
  return `${sayImage(view)}${waits ? `; not ready without it: ${view.requiredBy.join(', ')}` : ''}`;
}

/** `complete, 12 MB`, `40 %, 4.8 MB of 12 MB` */
function sayImage({ sentence, state, doneBytes, sizeBytes }: ImageView): string {
  if (sizeBytes === undefined || doneBytes === undefined) return sentence;
  const whole = formatBytes(sizeBytes);
  return `${sentence}, ${state === 'complete' ? whole : `${formatBytes(doneBytes)} of ${whole}`}`;
}
