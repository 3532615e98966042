import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { followSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import { parseMac } from '../kernel/mac.ts';
import type { Event } from '../model/event.ts';
import { demoImageLayer, startDemoRegistry } from './demo-image.ts';
import { demoVars, type GuestSystem } from './demo-site.ts';
import { cutAndHeal, joinAndPublish, type Show, seenAtHeadOffice } from './demo-steps.ts';
import type { FirmwareName } from './firmware.ts';
import { type HeadOffice, startHeadOffice } from './head-office.ts';
import { createBridge, createTap } from './network.ts';
import { startMachine } from './qemu.ts';
import type { SiteProcess } from './site-process.ts';

export type BootRequest = {
  readonly firmware: FirmwareName;
  readonly system: GuestSystem;
  /** Everything of the run is kept here: the site's data and log, the machine's console. */
  readonly workDir: string;
  readonly timeoutMs: number;
};

/** What a person sees while it runs: one call per thing that happened, `atMs` after the machine was switched on. */
export type BootProgress = Show & { event(event: Event, atMs: number): void };

export type BootReport = {
  readonly enrolled: true;
  readonly totalMs: number;
  /** When each stage was reached, in ms after switching on, in the order in which they came. */
  readonly stages: readonly { readonly stage: string; readonly atMs: number }[];
  /** The images that it took from the mirror beside it, as its timeline has them. */
  readonly pulled: readonly string[];
  readonly consolePath: string;
  readonly siteLogPath: string;
  readonly hubLogPath: string;
  readonly headOffice: {
    /** How long after the machine was enrolled head office counted it, in ms. */
    readonly countedMs: number;
    /** How long after the WAN was back head office knew what had happened meanwhile, in ms. */
    readonly caughtUpMs: number;
  };
};

const identity = {
  mac: parseMac('52:54:00:5b:00:01') ?? unreachable(),
  uuid: '5b5b5b5b-0001-4000-8000-525400000001',
  serial: 'SLIPWAY-0001',
  manufacturer: 'Slipway Lab',
  product: 'Virtual Node',
};

const SLOT = 'node-1';

/**
 * The whole way on a network of its own: head office, a site that joins it and gets its template from there, a machine with
 * an empty disk that boots to enrolled, and a WAN that is cut and healed. Must run inside a namespace (see `enterNamespace`).
 * @throws AppError `lab-failed` when a step does not happen in time, with the last lines of the console; `interrupted`
 */
export async function bootOnce(request: BootRequest, progress: BootProgress, signal: AbortSignal): Promise<BootReport> {
  await mkdir(request.workDir, { recursive: true });
  await createBridge('br0', '10.77.0.1/24');
  await createTap('tap0', 'br0');
  const office = await startHeadOffice(request.workDir);
  const registry = await startDemoRegistry();
  try {
    progress.note('head office on a host of its own, and a store at the other end of a WAN');
    const values = await demoVars(request.system, identity);
    const more = demoImageLayer(registry.origin);
    const site = await joinAndPublish(office, { workDir: request.workDir, values, more }, progress, signal);
    try {
      return await bootAndReport(request, { office, site }, progress, signal);
    } finally {
      await site.stop();
    }
  } finally {
    await registry.close();
    await office.close();
    // Sparse, but gigabytes to every program that copies the folder.
    await rm(join(request.workDir, 'disk.raw'), { force: true });
  }
}

async function bootAndReport(
  request: BootRequest,
  { office, site }: { readonly office: HeadOffice; readonly site: SiteProcess },
  progress: BootProgress,
  signal: AbortSignal,
): Promise<BootReport> {
  const report = await bootMachine(request, site, progress, signal);
  progress.command('slipway hub enrolments');
  const countedMs = await seenAtHeadOffice(office, SLOT, signal);
  progress.note(`head office counts one enrolment: ${SLOT} of the site`);
  const caughtUpMs = await cutAndHeal(office, site, SLOT, progress, signal);
  progress.note('head office knows what happened meanwhile: nothing was lost, nothing is counted twice');
  await seenAtHeadOffice(office, SLOT, signal);
  return { ...report, hubLogPath: office.hub.logPath, headOffice: { countedMs, caughtUpMs } };
}

async function bootMachine(
  request: BootRequest,
  site: { readonly socket: string; readonly logPath: string; readonly exited: Promise<unknown> },
  progress: BootProgress,
  signal: AbortSignal,
): Promise<Omit<BootReport, 'hubLogPath' | 'headOffice'>> {
  const stages: { stage: string; atMs: number }[] = [];
  const pulled: string[] = [];
  const enrolled = Promise.withResolvers<number>();
  let switchedOnAt = Date.now();
  const following = followSite(site.socket, '/api/v1/events', (value) => {
    const event = value as Event;
    const atMs = Math.max(0, event.at - switchedOnAt);
    progress.event(event, atMs);
    if (event.type === 'boot-stage') stages.push({ stage: String(event.data?.['stage']), atMs });
    if (event.type === 'image-pulled') pulled.push(String(event.data?.['image']));
    if (event.type === 'node-enrolled') enrolled.resolve(atMs);
  });
  const machine = await startMachine({
    ...identity,
    firmware: request.firmware,
    memoryMb: request.system.memoryMb,
    tap: 'tap0',
    workDir: request.workDir,
  });
  switchedOnAt = Date.now();
  progress.note(
    `a machine with ${request.firmware === 'bios' ? 'SeaBIOS' : 'UEFI (OVMF)'} firmware and an empty disk is switched on`,
  );
  try {
    const totalMs = await within(request.timeoutMs, signal, enrolled.promise, [
      site.exited.then(() => 'the site ended'),
      following.then(() => 'the site ended its stream of events'),
      // A guest that has phoned home switches itself off: give its last event the time to arrive.
      machine.exited.then(({ because }) => delay(3_000, `the machine switched itself off. ${because}`)),
    ]);
    const { consolePath } = machine;
    return { enrolled: true, totalMs, stages, pulled, consolePath, siteLogPath: site.logPath };
  } catch (cause) {
    if (signal.aborted) throw new AppError('interrupted', 'interrupted', { cause });
    const lastWords = await lastLines(machine.console.lines(), () => machine.stop());
    throw new AppError(
      'lab-failed',
      `${(cause as Error).message}\nLast lines of the console (${machine.consolePath}):\n${lastWords}\nLog of the site: ${site.logPath}`,
      { cause },
    );
  } finally {
    await machine.stop();
  }
}

async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  wanted: Promise<T>,
  spoilers: readonly Promise<string>[],
): Promise<T> {
  const cancel = new AbortController();
  const spoiled = Promise.race([
    ...spoilers,
    (signal.aborted ? Promise.resolve() : once(signal, 'abort', { signal: cancel.signal })).then(() => 'interrupted'),
    delay(timeoutMs, `not enrolled within ${Math.round(timeoutMs / 1000)} s`),
  ]).then((because) => {
    throw new AppError('lab-failed', because);
  });
  try {
    return await Promise.race([wanted, spoiled]);
  } finally {
    spoiled.catch(() => undefined);
    cancel.abort();
  }
}

function delay<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(value), ms).unref();
  });
}

async function lastLines(lines: AsyncIterable<string>, end: () => Promise<void>): Promise<string> {
  await end();
  const kept: string[] = [];
  for await (const line of lines) if (line.trim() !== '') kept.push(line);
  return kept.slice(-15).join('\n');
}

function unreachable(): never {
  throw new AppError('internal', 'a constant is not what it says');
}
