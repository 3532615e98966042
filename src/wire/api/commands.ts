/** What `/api/v1` takes: each command is a POST of JSON, and is answered with a sentence. */

/** Over TCP a command needs the PIN in this header; a page of somebody else cannot set it unasked. */
export const PIN_HEADER = 'slipway-pin';

/** The last word of the path `/api/v1/slots/<slot>/<word>`. */
export const SLOT_COMMANDS = ['claim', 'replace', 'release', 'reinstall', 'hold', 'confirm'] as const;
export type SlotCommand = (typeof SLOT_COMMANDS)[number];

/** Fills an empty slot, and needs only the code on the screen of the machine; every other command needs the PIN. */
export const NEEDS_NO_PIN: readonly SlotCommand[] = ['claim'];

/** The last word of the path `/api/v1/machines/<machine>/<word>`. */
export const MACHINE_COMMANDS = ['merge', 'split'] as const;
export type MachineCommand = (typeof MACHINE_COMMANDS)[number];

/** The last word of the path `/api/v1/networks/<network>/<word>`. */
export const NETWORK_COMMAND = 'dhcp-mode';

/** `code` for claim and replace, `wipe` for reinstall, `on` for hold, `other` for merge, `part` for split, `to` for dhcp-mode. */
export type CommandBody = {
  readonly code?: string;
  readonly wipe?: boolean;
  readonly on?: boolean;
  readonly other?: string;
  readonly part?: string;
  readonly to?: string;
};

/** Carried out and on disk. */
export type CommandReply = { readonly sentence: string };
