import { AppError } from '../../../kernel/errors.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import type { Command, NetworkCommand } from '../../../model/commands.ts';
import { DHCP_MODE_WORDS } from '../../../model/dhcp-role.ts';
import type { MachineCommand, SlotCommand } from '../../../wire/api/commands.ts';

type Word = SlotCommand | MachineCommand | 'dhcp-mode';
type Body = Readonly<Record<string, unknown>>;

/** The keys that a body may have: what a command does not know could be something that its sender relies on. */
const KEYS: Readonly<Record<Word, readonly string[]>> = {
  claim: ['code'],
  replace: ['code'],
  release: [],
  reinstall: ['wipe'],
  hold: ['on'],
  confirm: [],
  merge: ['other'],
  split: ['part'],
  'dhcp-mode': ['to'],
};

/** The command of a path and a body. Fails with `usage-invalid`. */
export function parseCommand(kind: SlotCommand, slot: string, given: unknown): Result<Command, AppError> {
  const checked = checkBody(kind, given);
  if (!checked.ok) return checked;
  const body = checked.value;
  switch (kind) {
    case 'claim':
    case 'replace': {
      const code = body['code'];
      return typeof code === 'string'
        ? ok({ kind, slot, code })
        : wrong(`${kind} needs the code on the screen: {"code": "K7PW"}`);
    }
    case 'reinstall': {
      const wipe = body['wipe'] ?? false;
      return typeof wipe === 'boolean' ? ok({ kind, slot, wipe }) : wrong('wipe is true or false');
    }
    case 'hold': {
      const on = body['on'] ?? true;
      return typeof on === 'boolean' ? ok({ kind, slot, on }) : wrong('on is true or false');
    }
    case 'release':
    case 'confirm':
      return ok({ kind, slot });
  }
}

/** As `parseCommand`, of a command about a machine: a slot that it fills, or its id, MAC or code. */
export function parseMachineCommand(kind: MachineCommand, machine: string, given: unknown): Result<Command, AppError> {
  const body = checkBody(kind, given);
  if (!body.ok) return body;
  const { other, part } = body.value;
  if (kind === 'split')
    return typeof part === 'string'
      ? ok({ kind, machine, part })
      : wrong('split needs what is to leave: {"part": "m7"}, or a MAC address');
  return typeof other === 'string'
    ? ok({ kind, keep: machine, other })
    : wrong('merge needs the other machine: {"other": "m7"}');
}

/** As `parseCommand`, of what the site is in a network. */
export function parseNetworkCommand(network: string, given: unknown): Result<NetworkCommand, AppError> {
  const body = checkBody('dhcp-mode', given);
  if (!body.ok) return body;
  const to = DHCP_MODE_WORDS.find((word) => word === body.value['to']);
  return to
    ? ok({ kind: 'dhcp-mode', network, to })
    : wrong(`dhcp-mode needs a word: {"to": "${DHCP_MODE_WORDS.join('" | "')}"}`);
}

function checkBody(kind: Word, body: unknown): Result<Body, AppError> {
  if (!isObject(body)) return wrong('the body must be a JSON object, such as {}');
  const unknown = Object.keys(body).find((key) => !KEYS[kind].includes(key));
  return unknown === undefined ? ok(body) : wrong(`${kind} knows no ${JSON.stringify(unknown)}`);
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(message: string): Result<never, AppError> {
  return err(new AppError('usage-invalid', message));
}
