import type { Command } from 'commander';
import { askSite } from '../adapters/http/control-client.ts';
import { formatDuration } from '../kernel/duration.ts';
import { parseMac } from '../kernel/mac.ts';
import type {
  BindingView,
  BootView,
  ContenderView,
  InstallView,
  MachineView,
  NodeDetail,
  NodeView,
  OrderView,
  SiteNodes,
} from '../wire/api/views.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatTable, formatTime } from './table.ts';

/** `slipway nodes` and `slipway node NAME`. */
export function addNodeCommands(program: Command, io: CliIo): void {
  program
    .command('nodes')
    .description('every slot of the site and what fills it, and the machines in no slot')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (options: AskOptions) => {
      const nodes = await askSite<SiteNodes>(options.socket, '/api/v1/nodes');
      io.write(options.json ? `${JSON.stringify(nodes, undefined, 2)}\n` : formatNodes(nodes));
    });
  program
    .command('node')
    .description('one slot or machine with its boots')
    .argument('<name>', 'a slot, or the code, id or MAC of a machine')
    .addOption(jsonOption())
    .addOption(socketOption())
    .action(async (name: string, options: AskOptions) => {
      // A label or a switch writes a MAC in its own way.
      const asked = parseMac(name) ?? name;
      const detail = await askSite<NodeDetail>(options.socket, `/api/v1/nodes/${encodeURIComponent(asked)}`);
      io.write(options.json ? `${JSON.stringify(detail, undefined, 2)}\n` : formatDetail(detail));
    });
}

export function formatNodes({ nodes, machines }: SiteNodes): string {
  const slots = nodes.map((node) => [
    node.slot,
    node.state,
    node.machine?.address ?? '-',
    node.machine?.macs[0] ?? '-',
    `${node.sentence}${contention(node)}`,
  ]);
  const others = machines.map((machine) => [
    machine.code ?? '-',
    machine.macs[0] ?? '-',
    machine.address ?? '-',
    makeOf(machine),
    machine.sentence,
  ]);
  return [
    formatTable(['SLOT', 'STATE', 'ADDRESS', 'MAC', ''], slots),
    ...(others.length > 0 ? [formatTable(['MACHINE', 'MAC', 'ADDRESS', 'MAKE', ''], others)] : []),
  ].join('\n');
}

export function formatDetail({ node, machine, bindings = [], boots }: NodeDetail): string {
  const shown = node?.machine ?? machine;
  return [
    ...(node ? [nodeHead(node)] : []),
    ...(node?.install ? [formatInstall(node.install)] : []),
    ...(node?.contenders ?? []).map(formatContender),
    ...(shown ? [machineLines(shown)] : []),
    // The first machine of a slot is no history.
    ...(bindings.length > 1 ? [`${bindings.map(formatBinding).join('\n')}\n`] : []),
    ...boots.map(formatBoot),
  ].join('\n');
}

function nodeHead(node: NodeView): string {
  const since = node.since === undefined ? '' : ` since ${formatTime(node.since)}`;
  return `${node.slot}: ${node.sentence}${since}\nprofile  ${node.profile}${node.hardware ? `, hardware ${node.hardware}` : ''}\n`;
}

function formatInstall({ orders, installedAt, differs, because, toDo }: InstallView): string {
  const disk = installedAt === undefined ? 'not installed by this site' : `installed ${formatTime(installedAt)}`;
  const rows = [
    ['disk', differs ? `${disk}; differs from what the template wants now` : disk],
    ['install', because === undefined ? 'begins when its machine boots from the network' : `no: ${because}`],
    ...(toDo === undefined ? [] : [['to do', toDo]]),
    ...orders.map((order) => [
      'order',
      `${order.id} by ${order.by}, ${formatTime(order.createdAt)}: ${orderText(order)}`,
    ]),
  ];
  return `${rows.map(([label = '', value]) => `${label.padEnd(8)} ${value}`).join('\n')}\n`;
}

function contention({ slot, contenders = [] }: NodeView): string {
  const names = contenders.map(({ machine, macs }) => `${machine} (${macs[0] ?? 'no MAC'})`).join(', ');
  return names === '' ? '' : `; ${names} would fill it too: slipway node ${slot}`;
}

function formatContender({ machine, code, macs, since, because, toDo }: ContenderView): string {
  const rows = [
    [
      'contends',
      `${machine} (${code === undefined ? '' : `code ${code}, `}${macs.join(' ')}) since ${formatTime(since)}: ${because}`,
    ],
    ...toDo.map((row) => ['to do', `if ${row.when}: ${row.do}`]),
  ];
  return `${rows.map(([label = '', value]) => `${label.padEnd(8)} ${value}`).join('\n')}\n`;
}

function orderText({ sentence, wipe, wiped }: OrderView): string {
  if (!wipe) return sentence;
  return `${sentence} (${wiped === undefined ? 'erases the disk first' : `disk erased first, in boot ${wiped}`})`;
}

function machineLines(machine: MachineView): string {
  const rows = [
    ['machine', `${machine.id}${machine.code === undefined ? '' : ` (code ${machine.code})`}, ${machine.sentence}`],
    ['make', makeOf(machine)],
    ['serial', machine.serial ?? '-'],
    ['uuid', machine.uuid ?? '-'],
    ['macs', machine.macs.join(' ')],
    ['address', machine.address ?? '-'],
    ['seen', `${formatTime(machine.firstSeen)} to ${formatTime(machine.lastSeen)}`],
    ...(machine.fenced === undefined ? [] : [['fenced', machine.fenced]]),
    ...(machine.contends === undefined
      ? []
      : [['contends', `would fill ${machine.contends}, which is taken: slipway node ${machine.contends}`]]),
    ...(machine.merged ?? []).map((part) => [
      'merged',
      `${part.machine} (${part.macs.join(' ')}), ${part.by === 'uuid' ? 'recognised by its UUID' : `says ${part.by}`}, ${formatTime(part.at)}; slipway split ${machine.id} ${part.machine} undoes it`,
    ]),
    ...(machine.apart === undefined ? [] : [['apart', `not this machine, says a person: ${machine.apart.join(' ')}`]]),
    ...(machine.proposals ?? []).map(({ command, slot, because }) => [
      'perhaps',
      `slipway ${command === 'claim' ? `claim ${codeOf(machine)} ${slot}` : `replace ${slot} ${codeOf(machine)}`}  (${because})`,
    ]),
  ];
  return `${rows.map(([label = '', value]) => `${label.padEnd(8)} ${value}`).join('\n')}\n`;
}

function codeOf({ code }: MachineView): string {
  return code ?? 'CODE';
}

function formatBinding({ number, name, since, until }: BindingView): string {
  const when = until === undefined ? `since ${formatTime(since)}` : `${formatTime(since)} to ${formatTime(until)}`;
  return `${'binding'.padEnd(8)} ${number}: ${name}, ${when}`;
}

function formatBoot(boot: BootView): string {
  const stages = boot.stages.map(({ stage, at, tookMs }) => {
    const took = tookMs === undefined ? '' : formatDuration(tookMs);
    return `  ${formatTime(at)}  ${stage.padEnd(11)} ${took}`.trimEnd();
  });
  return `boot ${boot.id}, ${formatTime(boot.openedAt)}: ${boot.sentence}\n${stages.join('\n')}\n`;
}

function makeOf(machine: MachineView): string {
  return [machine.manufacturer, machine.product].filter((part) => part !== undefined).join(' ') || '-';
}
