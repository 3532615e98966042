import { type Command, Option } from 'commander';
import { parseDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import type { Role } from '../model/fleet/hub-rows.ts';
import type { NewTokenBody, NewTokenReply, TokenList, TokenView } from '../wire/api/tokens.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';
import { formatTable, formatTime } from './table.ts';

type Options = HubOptions & { readonly json?: boolean };
type NewOptions = Options & { readonly role: Role; readonly expires?: string };
const ROLES: readonly Role[] = ['read', 'operate', 'admin'];

/** `slipway hub tokens`, `tokens new` and `tokens withdraw`: who may ask head office over the network. */
export function addHubTokenCommands(hub: Command, io: CliIo): void {
  const add = (parent: Command, name: string, description: string): Command =>
    withHub(parent.command(name).description(description).addOption(jsonOption()));

  const tokens = add(hub, 'tokens', 'who may ask head office over the network, and for what').action(
    async (options: Options) => {
      const list = await hubClientOf(options).get<TokenList>('tokens');
      io.write(options.json ? toJson(list) : formatTokens(list.tokens));
    },
  );
  add(tokens, 'new', 'makes a token and prints it, this once')
    .argument('<name>', 'whose it is; what is done with it stands in the audit under this name')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--expires <time>', 'how long it is good for, such as 90d; without it until it is withdrawn')
    .action(async (name: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<NewOptions>();
      const expires = options.expires === undefined ? {} : { expiresInMs: readTime(options.expires) };
      const body: NewTokenBody = { name, role: options.role, ...expires };
      const made = await hubClientOf(options).post<NewTokenReply>('tokens', body);
      io.write(options.json ? toJson(made) : formatNew(name, made));
    });
  add(tokens, 'withdraw', 'refuses a token from now on')
    .argument('<name>', 'its name or its id')
    .action(async (name: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const reply = await hubClientOf(options).post<{ sentence: string }>(
        `tokens/${encodeURIComponent(name)}/withdraw`,
        {},
      );
      io.write(options.json ? toJson(reply) : `${reply.sentence}\n`);
    });
}

function formatTokens(tokens: readonly TokenView[]): string {
  if (tokens.length === 0) return 'there is no token: slipway hub tokens new NAME --role ROLE\n';
  const rows = tokens.map((one) => [one.name, one.role, stateOf(one), formatTime(one.createdAt), one.id]);
  return formatTable(['TOKEN', 'ROLE', 'STATE', 'MADE', 'ID'], rows);
}

function stateOf({ state, expiresAt, withdrawnAt }: TokenView): string {
  if (state === 'withdrawn' && withdrawnAt !== undefined) return `withdrawn ${formatTime(withdrawnAt)}`;
  if (expiresAt === undefined) return 'valid';
  return `${state === 'valid' ? 'valid until' : 'over since'} ${formatTime(expiresAt)}`;
}

/** The new token, and what to do with it. */
function formatNew(name: string, { token, expiresAt }: NewTokenReply): string {
  const until = expiresAt === undefined ? 'until it is withdrawn' : `until ${formatTime(expiresAt)}`;
  return [
    `Token of ${name}, good ${until}. It is shown this once:`,
    '',
    `  ${token}`,
    '',
    'Write it to a file that nobody else reads, and name that with --token or SLIPWAY_TOKEN_FILE.',
    '',
  ].join('\n');
}

function readTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 60_000)
    throw new AppError(
      'usage-invalid',
      `--expires takes a time of at least a minute, such as 90d, not ${JSON.stringify(text)}`,
    );
  return ms;
}

function toJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
