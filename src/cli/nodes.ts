import type { Command } from 'commander';
import { askSite } from '../adapters/http/control-client.ts';
import { parseMac } from '../kernel/mac.ts';
import type { MachineView, NodeDetail, NodeView, SiteNodes } from '../wire/api/views.ts';
import type { CliIo } from './io.ts';
import { commandFor, formatDetail, makeOf } from './node-view.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';
import { formatTable } from './table.ts';

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
    .description('the whole life of one slot or machine: what fills it, installs, boots')
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
    `${node.sentence}${nextInstall(node)}${contention(node)}`,
  ]);
  const others = machines.map((machine) => [
    machine.id,
    machine.code ?? '-',
    machine.macs[0] ?? '-',
    machine.address ?? '-',
    makeOf(machine),
    `${machine.sentence}${proposal(machine)}`,
  ]);
  return [
    formatTable(['SLOT', 'STATE', 'ADDRESS', 'MAC', ''], slots),
    ...(others.length > 0 ? [formatTable(['MACHINE', 'CODE', 'MAC', 'ADDRESS', 'MAKE', ''], others)] : []),
  ].join('\n');
}

/** What it did last says nothing of what was ordered since. */
function nextInstall({ state, install }: NodeView): string {
  const waits =
    state !== 'booting' && state !== 'stalled' && state !== 'empty' && install && install.because === undefined;
  return waits ? '; its install is ordered: switch it off and on' : '';
}

function proposal(machine: MachineView): string {
  const { proposals: [first, ...more] = [] } = machine;
  if (!first) return '';
  return `; perhaps ${commandFor(machine, first)}${more.length > 0 ? `, or another: slipway node ${machine.id}` : ''}`;
}

function contention({ slot, contenders = [] }: NodeView): string {
  const names = contenders.map(({ machine, macs }) => `${machine} (${macs[0] ?? 'no MAC'})`).join(', ');
  return names === '' ? '' : `; ${names} would fill it too: slipway node ${slot}`;
}
