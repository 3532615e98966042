import { parseBytes, parseRate } from '../kernel/quantity.ts';
import type { WanRules, WanWindow } from '../model/wan.ts';
import type { Context } from './context.ts';
import type { Path } from './places.ts';
import type { DiskDocument, WanDocument } from './schema-images.ts';
import type { Scope } from './text.ts';

const WEEK = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** How the line to the outside is shared; undefined where the template says nothing of it. */
export function compileWan(document: WanDocument | undefined, scope: Scope, context: Context): WanRules | undefined {
  if (!document) return undefined;
  const path = ['spec', 'wan'];
  const bytesPerSecond = compileRate([...path, 'rate'], document.rate, scope, context);
  const monthlyBytes = compileBytes([...path, 'monthly'], document.monthly, scope, context);
  const windows = Object.entries(document.windows).flatMap(
    ([name, one]) => compileWindow([...path, 'windows', name], one, scope, context) ?? [],
  );
  return {
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    windows,
    timeZone: compileZone([...path, 'timeZone'], document.timeZone, scope, context) ?? 'UTC',
    spreadSeconds: context.seconds([...path, 'spread'], document.spread, scope, { min: '0s', max: '7d' }) ?? 0,
    ...(monthlyBytes !== undefined && { monthlyBytes }),
  };
}

/** How much of the disk files and images may take. */
export function compileDisk(document: DiskDocument | undefined, scope: Scope, context: Context): number | undefined {
  return compileBytes(['spec', 'disk', 'maxBytes'], document?.maxBytes, scope, context);
}

function compileWindow(
  path: Path,
  document: WanDocument['windows'][string],
  scope: Scope,
  context: Context,
): WanWindow | undefined {
  const fromMinute = compileTime([...path, 'from'], document.from, scope, context);
  const toMinute = compileTime([...path, 'to'], document.to, scope, context);
  const bytesPerSecond = compileRate([...path, 'rate'], document.rate, scope, context);
  if (fromMinute === undefined || toMinute === undefined) return undefined;
  return {
    days: (document.days ?? WEEK).map((day) => WEEK.indexOf(day)),
    ...{ fromMinute, toMinute, prefetch: document.prefetch },
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  };
}

function compileTime(path: Path, value: string, scope: Scope, context: Context): number | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === undefined
    ? context.wrong(path, 'a time of day such as 22:00', text)
    : Number(hours) * 60 + Number(minutes);
}

function compileRate(path: Path, value: string | undefined, scope: Scope, context: Context): number | undefined {
  const text = value === undefined ? undefined : context.text(path, value, scope);
  if (text === undefined) return undefined;
  const rate = parseRate(text);
  // Below this a kernel takes an hour, and nobody means it.
  return rate !== undefined && rate >= 8_000 ? rate : context.wrong(path, 'a speed from 64kbit, such as 20Mbit', text);
}

function compileBytes(path: Path, value: string | undefined, scope: Scope, context: Context): number | undefined {
  const text = value === undefined ? undefined : context.text(path, value, scope);
  if (text === undefined) return undefined;
  const bytes = parseBytes(text);
  return bytes !== undefined && bytes > 0 ? bytes : context.wrong(path, 'an amount such as 200GB', text);
}

function compileZone(path: Path, value: string, scope: Scope, context: Context): string | undefined {
  const text = context.text(path, value, scope);
  if (text === undefined) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return text;
  } catch {
    return context.wrong(path, 'a time zone such as Europe/Berlin', text);
  }
}
