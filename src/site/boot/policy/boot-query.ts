import type { MacAddress } from '../../../kernel/mac.ts';
import { isIdentifyingMac, parseMac } from '../../../kernel/mac.ts';
import type { Claim } from '../../../model/machine.ts';
import { TICK_SECONDS } from './ask.ts';
import type { BootRequest, LoaderFamily } from './decision.ts';
import { explainErrno, parseErrno } from './errno.ts';
import type { MachineEnv } from './machine-env.ts';

/** The query of `/boot/script` as the loader meant it. Only the MAC is needed; all else may be missing or nonsense. */
export type BootQuery = {
  readonly request: BootRequest;
  /** What failed before, in words; undefined if nothing did. */
  readonly trouble?: string;
};

/** Values of a query by name; of several with one name, the first. */
export type QueryValues = (name: string) => string | undefined;

/**
 * Reads the query of a URL as iPXE writes it: a `+` is a plus, for iPXE escapes a blank as `%20` and of a maker's
 * "i440FX + PIIX" only the blanks. What is not UTF-8 is kept as it came.
 */
export function parseQuery(url: string): QueryValues {
  const start = url.indexOf('?');
  const pairs = start < 0 ? [] : url.slice(start + 1).split('&');
  return (name) => {
    const pair = pairs.find((candidate) => candidate.startsWith(`${name}=`));
    return pair === undefined ? undefined : decode(pair.slice(name.length + 1));
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Latin-1 in an SMBIOS table, or a stray percent sign: shown with it, never refused.
    return text;
  }
}

const MAX_VALUE_LENGTH = 128;
const MAX_TICKS = 100_000;

/** undefined: it does not say which machine it is. */
export function parseBootQuery(values: QueryValues, loader: LoaderFamily = 'ipxe'): BootQuery | undefined {
  const mac = parseMac(values('mac') ?? '');
  if (!mac || !isIdentifyingMac(mac)) return undefined;
  const trouble = loader === 'grub' ? grubTroubleOf(values) : troubleOf(values);
  const waited = values('waited') ?? '';
  const request: BootRequest = {
    claim: claimOf(mac, values),
    env: parseEnv(values),
    waitedSeconds: /^\d+$/.test(waited) ? Math.min(Number(waited), MAX_TICKS) * TICK_SECONDS : 0,
    givenUp: values('giveup') === '1',
    isRetry: stepOf(values) !== undefined,
    ...(loader === 'ipxe' ? {} : { loader }),
  };
  return { request, ...(trouble === undefined ? {} : { trouble }) };
}

/** As iPXE and GRUB say it. */
const platforms: Readonly<Record<string, MachineEnv['platform']>> = { pcbios: 'pcbios', pc: 'pcbios', efi: 'efi' };

/** What the loader says of its firmware; also useful where the rest of a query is nonsense. */
export function parseEnv(values: QueryValues): MachineEnv {
  const platform = values('platform');
  const longMode = values('longmode');
  return {
    platform: platforms[platform ?? ''] ?? 'unknown',
    buildarch: /^[a-z0-9_]{1,16}$/.exec(values('buildarch') ?? '')?.[0] ?? '',
    longMode: longMode === 'yes' || longMode === 'no' ? longMode : 'unknown',
  };
}

function claimOf(mac: MacAddress, values: QueryValues): Claim {
  const said = (['uuid', 'serial', 'manufacturer', 'product'] as const).flatMap((name) => {
    const text = (values(name) ?? '').trim().slice(0, MAX_VALUE_LENGTH);
    return text === '' ? [] : [[name, text] as const];
  });
  return { mac, ...Object.fromEntries(said) };
}

/** The step is asked for too: it names what failed, and is empty at the first question, when `errno` is of no meaning. */
function troubleOf(values: QueryValues): string | undefined {
  const errno = parseErrno(values('errno') ?? '');
  if (errno === undefined) return undefined;
  const step = stepOf(values);
  return `${explainErrno(errno)}${step === undefined ? '' : `, at ${step}`}`;
}

/** GRUB tells its reasons to the screen alone. */
function grubTroubleOf(values: QueryValues): string | undefined {
  const step = stepOf(values);
  return step === undefined ? undefined : `GRUB could not do it, at ${step}; its screen said why`;
}

/** Where the last script stood when it failed; every script clears it first. */
function stepOf(values: QueryValues): string | undefined {
  return /^[a-z]{1,16}\d{0,3}$/.exec(values('step') ?? '')?.[0];
}
