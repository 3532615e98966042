import { Option } from 'commander';
import { defaultSocket } from '../adapters/http/control-client.ts';

/** How every command that asks the running site finds it. */
export function socketOption(): Option {
  return new Option('--socket <path>', 'control socket of the site').env('SLIPWAY_SOCKET').default(defaultSocket({}));
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON, for programs');
}

export type AskOptions = { readonly socket: string; readonly json?: boolean };
