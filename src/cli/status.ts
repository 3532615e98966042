import type { Command } from 'commander';
import { askSite } from '../adapters/http/control-client.ts';
import type { LinkView, OutboxView } from '../wire/api/link.ts';
import type { AlarmView, OtherServerView, SiteStatus } from '../wire/api/views.ts';
import { NODE_STATES } from '../wire/api/views.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { formatImages } from './images.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatFreeze } from './revision.ts';
import { formatTable, formatTime } from './table.ts';

/** `slipway status`: the site on one screen; exit 1 if it does not serve nodes. */
export function addStatusCommand(program: Command, io: CliIo, setStatus: (status: ExitStatus) => void): void {
  program
    .command('status')
    .description('how the running site does')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (options: AskOptions) => {
      const status = await askSite<SiteStatus>(options.socket, '/api/v1/status');
      io.write(options.json ? `${JSON.stringify(status, undefined, 2)}\n` : formatStatus(status));
      if (!status.ready) setStatus(EXIT.finding);
    });
}

/** The screen, as a person reads it. */
export function formatStatus(status: SiteStatus): string {
  const { revision } = status;
  const slots = NODE_STATES.filter((state) => status.slots[state] > 0).map(
    (state) => `${status.slots[state]} ${state}`,
  );
  const head = [
    `site      ${status.site}, ${status.ready ? 'ready' : `NOT READY: ${status.notReady.join('; ')}`}`,
    `revision  ${revision ? `${revision.number} of template ${revision.template} (${revision.digest.slice(0, 12)})` : 'none'}`,
    ...(status.headOffice ? [`link      ${formatLink(status.headOffice)}`] : []),
    ...(status.headOffice?.events ? [`events    ${formatOutbox(status.headOffice.events)}`] : []),
    ...(status.steered ? [`wanted    ${status.steered.sentence}`] : []),
    ...(status.steered?.freeze ? [formatFreeze(status.steered.freeze)] : []),
    ...(status.templateRefused === undefined ? [] : [`REFUSED   the template on disk: ${status.templateRefused}`]),
    ...(status.noInstalls ? [`installs  none: ${status.noInstalls.because} (${status.noInstalls.toDo})`] : []),
    ...(status.missingSecrets.length === 0
      ? []
      : [`secrets   not set: ${status.missingSecrets.join(', ')} (slipway secret set NAME)`]),
    `slots     ${slots.join(', ') || 'none'}${heldText(status.held)}${queuedText(status.queued)}`,
    ...status.networks.flatMap(({ name, because }) =>
      because === undefined ? [] : [`dhcp      network ${name}: ${because}`],
    ),
    ...status.alarms.map(formatAlarm),
    '',
  ].join('\n');
  return [head, ...tablesOf(status)].join('\n');
}

function tablesOf(status: SiteStatus): readonly string[] {
  const networks = status.networks.map((n) => {
    const role = n.role === undefined ? '' : ROLES[n.role];
    return [n.name, n.subnet, n.serverAddress ?? 'not served', role, `${n.leases}`];
  });
  const servers = status.networks.flatMap((network) =>
    network.otherServers.map((server) => otherServerRow(network.name, server)),
  );
  const assets = status.assets.map((asset) => [asset.name, asset.digest.slice(0, 12), asset.sentence]);
  return [
    formatTable(['NETWORK', 'SUBNET', 'SITE AT', 'DHCP', 'LEASES'], networks),
    ...(servers.length > 0 ? [formatTable(['OTHER SERVER', 'MAC', 'IN', '', 'SEEN'], servers)] : []),
    ...(assets.length > 0 ? [formatTable(['ASSET', 'SHA256', ''], assets)] : []),
    ...(status.images ? [formatImages(status.images)] : []),
  ];
}

const ROLES = { authoritative: 'leases', proxy: 'beside another server', looking: 'looks' } as const;
const DOES = { offer: 'leases', 'proxy-offer': 'only adds a boot', request: 'leases' } as const;

function otherServerRow(network: string, { address, mac, maker, how, allowed, lastAt }: OtherServerView): string[] {
  const named = [mac ?? 'not known', ...(maker === undefined ? [] : [maker])].join(', ');
  const does = `${DOES[how]}${allowed ? ', as the template says' : ''}`;
  return [address, named, network, does, formatTime(lastAt)];
}

function formatAlarm({ lastAt, count, sentence, toDo }: AlarmView): string {
  const times = count === 1 ? '' : `, ${count} times since yesterday`;
  return `ALARM     ${formatTime(lastAt)}${times}: ${sentence}\n          What to do: ${toDo}.`;
}

function formatLink({ state, since, sentence }: LinkView): string {
  return state === 'connecting' ? sentence : `since ${formatTime(since)}: ${sentence}`;
}

function formatOutbox({ waiting, oldestAt }: OutboxView): string {
  if (waiting === 0) return 'head office has all';
  return `${waiting} wait for head office${oldestAt === undefined ? '' : `, the oldest since ${formatTime(oldestAt)}`}`;
}

function queuedText(count = 0): string {
  return count === 0 ? '' : `; ${count} machine${count === 1 ? ' waits' : 's wait'} in the queue`;
}

function heldText(count: number): string {
  if (count === 0) return '';
  return `; ${count} unknown machine${count === 1 ? '' : 's'} held`;
}
