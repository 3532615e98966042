import { formatDuration } from '../kernel/duration.ts';
import type {
  BindingView,
  BootView,
  ContenderView,
  InstallView,
  MachineView,
  NodeDetail,
  NodeView,
  OrderView,
  ProposalView,
  StageView,
} from '../wire/api/views.ts';
import { formatTime } from './table.ts';

type Row = readonly [label: string, value: string];

/** The whole life of a slot or a machine: how it is now, then what it went through, the newest first. */
export function formatDetail({ node, machine, bindings = [], boots }: NodeDetail): string {
  const shown = node?.machine ?? machine;
  const text = [
    ...(node ? [formatHead(node)] : []),
    ...(node?.install ? [formatInstall(node.install)] : []),
    ...(node?.contenders ?? []).map(formatContender),
    ...(shown ? [formatMachine(shown, node !== undefined, boots[0])] : []),
    ...(bindings.length > 0 ? [formatRows(bindings.map(bindingRow))] : []),
    ...boots.map(formatBoot),
    ...(node ? [`Each step, and what else happened: slipway events --slot ${node.slot}\n`] : []),
  ].join('\n');
  // What stands in a general advice is known here.
  return node ? text.replace(/\bSLOT\b/g, node.slot) : text;
}

/** Maker and model, as the machine says them. */
export function makeOf(machine: MachineView): string {
  return [machine.manufacturer, machine.product].filter((part) => part !== undefined).join(' ') || '-';
}

/** What a person types to follow a proposal. */
export function commandFor({ code = 'CODE' }: MachineView, { command, slot }: ProposalView): string {
  return command === 'claim' ? `slipway claim ${code} ${slot}` : `slipway replace ${slot} ${code}`;
}

function formatHead({ slot, state, sentence, boot, since, profile, hardware, unwatched }: NodeView): string {
  const stall = state === 'stalled' ? boot?.stall : undefined;
  const rows: Row[] = [
    ...(stall
      ? ([
          ['why', stall.cause],
          ['to do', stall.nextStep],
        ] as const)
      : []),
    ...(since === undefined ? [] : [['since', formatTime(since)] as const]),
    ...(unwatched === undefined ? [] : [['lost', unwatched] as const]),
    ['profile', `${profile}${hardware ? `, hardware ${hardware}` : ''}`],
  ];
  return `${slot}: ${boot && stall ? briefly(boot) : sentence}\n${formatRows(rows)}`;
}

function formatInstall({ orders, installedAt, differs, because, toDo }: InstallView): string {
  const disk = installedAt === undefined ? 'not installed by this site' : `installed ${formatTime(installedAt)}`;
  return formatRows([
    ['disk', differs ? `${disk}; differs from what the template wants now` : disk],
    ['install', because === undefined ? 'begins when its machine boots from the network' : `not now: ${because}`],
    ...(toDo === undefined ? [] : [['to do', toDo] as const]),
    ...orders.map(orderRow),
  ]);
}

function orderRow({ id, by, binding, createdAt, sentence, wipe, wiped }: OrderView): Row {
  const erased = wiped === undefined ? 'erases the disk first' : `disk erased first, in boot ${wiped}`;
  const given = `${id} by ${by} for binding ${binding}, ${formatTime(createdAt)}`;
  return ['order', `${given}: ${sentence}${wipe ? ` (${erased})` : ''}`];
}

function codeOf({ code }: MachineView): string {
  return code === undefined ? '' : ` (code ${code})`;
}

function formatContender({ machine, code, macs, since, because, toDo }: ContenderView): string {
  return formatRows([
    [
      'contends',
      `${machine} (${code === undefined ? '' : `code ${code}, `}${macs.join(' ')}) since ${formatTime(since)}: ${because}`,
    ],
    ...toDo.map((row) => ['to do', `if ${row.when}: ${row.do}`] as const),
  ]);
}

function formatMachine(machine: MachineView, isInSlot: boolean, newest: BootView | undefined): string {
  const does = newest?.stall ? briefly(newest) : machine.sentence;
  return formatRows([
    // What it does stands at the head of its slot already.
    ['machine', `${machine.id}${codeOf(machine)}${isInSlot ? '' : `, ${does}`}`],
    ['make', makeOf(machine)],
    ['serial', machine.serial ?? '-'],
    ['uuid', machine.uuid ?? '-'],
    ['macs', machine.macs.join(' ')],
    ['address', machine.address ?? '-'],
    ['seen', `${formatTime(machine.firstSeen)} to ${formatTime(machine.lastSeen)}`],
    ...originRows(machine),
    ...(machine.proposals ?? []).map((one) => ['perhaps', `${commandFor(machine, one)}  (${one.because})`] as const),
  ]);
}

/** What became of it, and what it was made of. */
function originRows({ id, fenced, contends, merged = [], apart }: MachineView): readonly Row[] {
  return [
    ...(fenced === undefined ? [] : [['fenced', fenced] as const]),
    ...(contends === undefined
      ? []
      : [['contends', `would fill ${contends}, which is taken: slipway node ${contends}`] as const]),
    ...merged.map(({ machine, macs, at, by }): Row => {
      const how = by === 'uuid' ? 'recognised by its UUID' : `by ${by}`;
      const what = `${machine} (${macs.join(' ')}), ${how}, ${formatTime(at)}`;
      return ['merged', `${what}; slipway split ${id} ${machine} undoes it`];
    }),
    ...(apart === undefined ? [] : [['apart', `not this machine, says a person: ${apart.join(' ')}`] as const]),
  ];
}

function bindingRow({ number, machine, name, by, since, until, released }: BindingView): Row {
  const end = until === undefined ? '' : ` to ${formatTime(until)}, ${released ? 'taken out' : 'replaced'}`;
  const when = until === undefined ? `since ${formatTime(since)}` : `${formatTime(since)}${end}`;
  return ['binding', `${number}: ${machine}, ${name}, by ${by ?? 'the template'}, ${when}`];
}

function formatBoot(boot: BootView): string {
  const { stall } = boot;
  const advice: Row[] = stall
    ? [['why', stall.cause], ...(boot.outcome ? [] : [['to do', stall.nextStep] as const])]
    : [];
  const head = `boot ${boot.id} of ${boot.machine}, ${formatTime(boot.openedAt)}: ${briefly(boot)}`;
  return `${head}\n${boot.stages.map(formatStage).join('')}${indent(formatRows(advice))}`;
}

function formatStage({ stage, sentence, at, tookMs, stoodStill, answer }: StageView): string {
  const took = tookMs === undefined ? '' : formatDuration(tookMs);
  const line = `  ${formatTime(at)}  ${stage.padEnd(11)} ${sentence.padEnd(31)}  ${took}`.trimEnd();
  const more = [
    ...(answer === undefined ? [] : [`answered with ${answer}`]),
    ...(stoodStill === undefined ? [] : [`stood still: ${stoodStill}`]),
  ];
  return [line, ...more.map((text) => `${' '.repeat(23)}${text}`)].map((text) => `${text}\n`).join('');
}

/** Without cause and advice, which have lines of their own. */
function briefly({ stall, stages, outcome, sentence }: BootView): string {
  if (!stall) return sentence;
  const doing = stages.find(({ stage }) => stage === stall.stage)?.sentence ?? stall.stage;
  return `${outcome ? 'ended stalled' : 'stalled'}: ${doing}`;
}

function formatRows(rows: readonly Row[]): string {
  return rows.map(([label, value]) => `${label.padEnd(8)} ${value}\n`).join('');
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
