import type { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import { formatDuration, parseDuration } from '../kernel/duration.ts';
import { AppError } from '../kernel/errors.ts';
import type { CertificateView, InviteView } from '../model/fleet/identity-desk.ts';
import {
  type ApproveBody,
  type CertificateList,
  IDENTITY_PATHS,
  type InviteList,
  type NewInviteBody,
  type NewInviteReply,
  type RetireBody,
  type RevokeBody,
} from '../wire/api/identity.ts';
import { type HubOptions, hubClientOf, withHub } from './hub-place.ts';
import type { CliIo } from './io.ts';
import { jsonOption } from './options.ts';
import { formatTable, formatTime } from './table.ts';

type Options = HubOptions & { readonly json?: boolean };
type Sentence = { readonly sentence: string };

/** `slipway hub invite`, `retire`, `invites` and `certificates`: who may speak for a site. */
export function addHubIdentityCommands(hub: Command, io: CliIo): void {
  const add = (name: string, description: string): Command =>
    withHub(hub.command(name).description(description).addOption(jsonOption()));
  const say = (options: Options, reply: object, text: string): void =>
    io.write(options.json ? `${JSON.stringify(reply, undefined, 2)}\n` : text);
  const tell = async (options: Options, path: string, body: object): Promise<void> => {
    const reply = await hubClientOf(options).post<Sentence>(path, body);
    say(options, reply, `${reply.sentence}\n`);
  };

  add('invite', 'makes a code by which one box joins as this site')
    .argument('<site>', 'name of the site, as its site file has it; head office need not know it yet')
    .option('--expires <time>', 'how long the code is good for, such as 12h or 7d', '7d')
    .option('--reopen', 'of a site that was closed: opens it again; needs the role admin')
    .action(async (site: string, options: Options & { readonly expires: string; readonly reopen?: boolean }) => {
      const { expires, reopen = false } = options;
      const body: NewInviteBody = { site, forMs: readTime(expires), ...(reopen && { reopen }) };
      const invite = await hubClientOf(options).post<NewInviteReply>(IDENTITY_PATHS.invites, body);
      say(options, invite, formatInvite(site, invite));
    });

  add('retire', 'closes a site for good: its boxes are refused, and its alarms end; what happened there is kept')
    .argument('<site>', 'name of the site')
    .requiredOption('--because <text>', 'why; it stands in the audit')
    .action((site: string, options: Options & { readonly because: string }) => {
      const body: RetireBody = { because: options.because };
      return tell(options, IDENTITY_PATHS.retire.replace(':site', encodeURIComponent(site)), body);
    });

  const invites = add('invites', 'which codes there are, and what became of them')
    .argument('[site]', 'only those of this site')
    .action(async (site: string | undefined, options: Options) => {
      const list = await hubClientOf(options).get<InviteList>(`${IDENTITY_PATHS.invites}${queryOf(site)}`);
      say(options, list, formatInvites(list.invites));
    });
  // The words below another take its options: given twice, the default of the one above would win.
  invites
    .command('withdraw')
    .description('takes a code back that nobody has used')
    .argument('<id>', 'the first four letters of the code')
    .action((id: string, _own: Options, command: Command) =>
      tell(optionsOf(command), IDENTITY_PATHS.withdrawInvite.replace(':id', encodeURIComponent(id.toUpperCase())), {}),
    );

  const certificates = add('certificates', 'until when which box may speak for a site, and who waits for a yes')
    .argument('[site]', 'only those of this site')
    .action(async (site: string | undefined, options: Options) => {
      const list = await hubClientOf(options).get<CertificateList>(`${IDENTITY_PATHS.certificates}${queryOf(site)}`);
      say(options, list, formatCertificates(list));
    });
  certificates
    .command('revoke')
    .description('refuses a box from its next call on; the store goes on working without head office')
    .argument('<site>', 'whose box')
    .argument('[serial]', 'only this certificate; without it all of the site')
    .requiredOption('--because <text>', 'why; it stands in the audit, and the box shows it')
    .action((site: string, serial: string | undefined, _own: Options, command: Command) => {
      const options = optionsOf<{ readonly because: string }>(command);
      const body: RevokeBody = { site, because: options.because, ...(serial === undefined ? {} : { serial }) };
      return tell(options, IDENTITY_PATHS.revoke, body);
    });
  certificates
    .command('approve')
    .description('lets a box come back that was away for more than ninety days after its certificate ended')
    .argument('<site>', 'whose box')
    .action((site: string, _own: Options, command: Command) =>
      tell(optionsOf(command), IDENTITY_PATHS.approve, { site } satisfies ApproveBody),
    );
}

/** An option may stand before the last word of a command, too. */
function optionsOf<More = unknown>(command: Command): Options & More {
  return command.optsWithGlobals<Options & More>();
}

/** What to do with a new code, for the person at head office. */
export function formatInvite(site: string, { code, url, expiresAt, replaces }: NewInviteReply): string {
  const lines = [
    `Code for site ${site}, good once and until ${formatTime(expiresAt)}:`,
    '',
    `  ${code}`,
    '',
    ...renderUnicodeCompact(`${url}#${code}`)
      .split('\n')
      .map((line) => `  ${line}`.trimEnd()),
    '',
    `On the box of ${site}, whose site file has hub: { url: ${url} }:`,
    `  slipway join ${code}`,
    'It joins as soon as it reaches head office; until then the code is kept there.',
    'The code is shown this once. One that was made for this site before and not used is no good any more.',
    ...(replaces
      ? [`A box speaks for ${site} already. It is refused from the moment on that another one uses this code.`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function formatInvites(invites: readonly InviteView[]): string {
  if (invites.length === 0) return 'no code was made: slipway hub invite SITE\n';
  const rows = invites.map((one) => [`${one.id}-…`, one.site, becameOf(one), one.by, formatTime(one.createdAt)]);
  return formatTable(['CODE', 'SITE', 'STATE', 'BY', 'MADE'], rows);
}

function becameOf({ state, expiresAt, used, withdrawnAt }: InviteView): string {
  if (state === 'used' && used) return `used ${formatTime(used.at)} from ${used.remote}`;
  if (state === 'withdrawn' && withdrawnAt !== undefined) return `taken back ${formatTime(withdrawnAt)}`;
  return `${state === 'open' ? 'open until' : 'over since'} ${formatTime(expiresAt)}`;
}

function formatCertificates({ certificates, waiting }: CertificateList): string {
  const asks = waiting.map(
    ({ site, askedAt, remote }) =>
      `WAITS FOR A YES: a box of ${site}, since ${formatTime(askedAt)}, from ${remote}: slipway hub certificates approve ${site}\n`,
  );
  if (certificates.length === 0) return `${asks.join('')}no certificate was issued\n`;
  const rows = certificates.map((one) => [one.site, stateOf(one), formatTime(one.notAfter), one.how, one.serial]);
  return asks.join('') + formatTable(['SITE', 'STATE', 'GOOD UNTIL', 'BY', 'SERIAL'], rows);
}

function stateOf({ state, revoked }: CertificateView): string {
  return state === 'revoked' && revoked ? `revoked by ${revoked.by}: ${revoked.because}` : state;
}

function queryOf(site: string | undefined): string {
  return site === undefined ? '' : `?site=${encodeURIComponent(site)}`;
}

function readTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 60_000 || ms > 90 * 86_400_000)
    throw new AppError(
      'usage-invalid',
      `--expires takes a time from ${formatDuration(60_000)} to 90 days, such as 12h or 7d, and not ${JSON.stringify(text)}`,
    );
  return ms;
}
