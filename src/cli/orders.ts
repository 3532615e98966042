import { Argument, type Command, Option } from 'commander';
import { tellSite } from '../adapters/http/control-client.ts';
import { DHCP_MODE_WORDS } from '../model/dhcp-role.ts';
import type { CommandBody, CommandReply, MachineCommand, SlotCommand } from '../wire/api/commands.ts';
import { NETWORK_COMMAND } from '../wire/api/commands.ts';
import type { CliIo } from './io.ts';
import { type AskOptions, jsonOption, socketOption } from './options.ts';

const SLOT = 'its name in the template';

/** `slipway arm`, `claim`, `replace`, `release`, `reinstall`, `hold`, `confirm`, `dhcp-mode`, `merge` and `split`: what the technician's page does. */
export function addOrderCommands(program: Command, io: CliIo): void {
  const add = (name: string, description: string): Command =>
    program.command(name).description(description).addOption(jsonOption()).addOption(socketOption());
  const tell = async (options: AskOptions, path: string, body: CommandBody): Promise<void> => {
    const reply = await tellSite<CommandReply>(options.socket, path, body);
    io.write(options.json ? `${JSON.stringify(reply, undefined, 2)}\n` : `${reply.sentence}\n`);
  };
  const pathOf = (slot: string, word: SlotCommand): string => `/api/v1/slots/${encodeURIComponent(slot)}/${word}`;

  add('arm', 'this is a new store: from now on it may install').action((options: AskOptions) =>
    tell(options, '/api/v1/arm', {}),
  );
  add('claim', 'gives an empty slot to the machine that shows a code')
    .argument('<code>', 'the code on its screen')
    .argument('<slot>', SLOT)
    .action((code: string, slot: string, options: AskOptions) => tell(options, pathOf(slot, 'claim'), { code }));
  add('replace', 'gives the slot of a silent machine to the machine that shows a code')
    .argument('<slot>', SLOT)
    .argument('<code>', 'the code on the screen of the new machine')
    .action((slot: string, code: string, options: AskOptions) => tell(options, pathOf(slot, 'replace'), { code }));
  add('release', 'takes the machine out of a slot')
    .argument('<slot>', SLOT)
    .action((slot: string, options: AskOptions) => tell(options, pathOf(slot, 'release'), {}));
  add('reinstall', 'orders an install: the machine of the slot loses what is on its disk')
    .argument('<slot>', SLOT)
    .option('--wipe', 'erase the whole disk first')
    .action((slot: string, options: AskOptions & { readonly wipe?: boolean }) =>
      tell(options, pathOf(slot, 'reinstall'), { wipe: options.wipe ?? false }),
    );
  add('hold', 'lets nothing be installed in a slot')
    .argument('<slot>', SLOT)
    .addOption(new Option('--off', 'let it be installed again'))
    .action((slot: string, options: AskOptions & { readonly off?: boolean }) =>
      tell(options, pathOf(slot, 'hold'), { on: !options.off }),
    );
  add('confirm', 'says that the install of a slot is complete')
    .argument('<slot>', SLOT)
    .action((slot: string, options: AskOptions) => tell(options, pathOf(slot, 'confirm'), {}));
  add('dhcp-mode', 'says who leases addresses in a network of mode auto, or that the site shall look again')
    .argument('<network>', 'its name in the template')
    .addArgument(
      new Argument('<what>', 'what the site does there: lease, or only add the boot').choices(DHCP_MODE_WORDS),
    )
    .action((network: string, to: string, options: AskOptions) =>
      tell(options, `/api/v1/networks/${encodeURIComponent(network)}/${NETWORK_COMMAND}`, { to }),
    );
  const machinePath = (machine: string, word: MachineCommand): string =>
    `/api/v1/machines/${encodeURIComponent(machine)}/${word}`;
  add('merge', 'says that two machines are one, such as the two network cards of one box')
    .argument('<keep>', 'the machine that stays: a slot, or its id, MAC or code')
    .argument('<other>', 'the machine that becomes a part of it: its id, MAC or code')
    .action((keep: string, other: string, options: AskOptions) => tell(options, machinePath(keep, 'merge'), { other }));
  add('split', 'undoes a merge, takes away a network card that is not of this machine, or keeps two machines apart')
    .argument('<machine>', 'a slot, or the id, MAC or code of the machine')
    .argument('<part>', 'the id of what was merged into it or of the other machine, or a MAC')
    .action((machine: string, part: string, options: AskOptions) =>
      tell(options, machinePath(machine, 'split'), { part }),
    );
}
