import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import {
  createHubClient,
  defaultHubSocket,
  type HubClient,
  type HubPlace,
  readTokenFile,
} from '../adapters/http/hub-client.ts';
import { AppError } from '../kernel/errors.ts';

/** How a command finds head office: by its control socket on the same machine, or by its admin port with a token. */
export type HubOptions = {
  readonly socket: string;
  readonly hub?: string;
  readonly token?: string;
  readonly ca?: string;
};

/** Adds the options by which a command finds head office. */
export function withHub(command: Command): Command {
  return command
    .addOption(
      new Option('--hub <url>', 'admin port of head office, such as https://hub.example.com:8440').env('SLIPWAY_HUB'),
    )
    .addOption(new Option('--token <file>', 'file with a token for it').env('SLIPWAY_TOKEN_FILE'))
    .addOption(
      new Option('--ca <file>', 'file with the certificate of who signed that of the admin port, if no public one did'),
    )
    .addOption(
      new Option('--socket <path>', 'control socket of head office, where no URL is given')
        .default(defaultHubSocket({}))
        .env('SLIPWAY_HUB_SOCKET'),
    );
}

/** @throws AppError `usage-invalid` if a URL comes without a token, or a file cannot be read */
export function hubClientOf(options: HubOptions): HubClient {
  return createHubClient(placeOf(options));
}

function placeOf({ socket, hub, token, ca }: HubOptions): HubPlace {
  if (hub === undefined) return { socket };
  if (token === undefined)
    throw new AppError('usage-invalid', '--hub needs --token FILE; `slipway hub tokens new` makes one');
  return { url: hub, token: readTokenFile(token), ...(ca !== undefined && { ca: readCa(ca) }) };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('usage-invalid', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}
