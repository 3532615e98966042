import { join } from 'node:path';
import { askSite } from '../adapters/http/control-client.ts';
import { AppError } from '../kernel/errors.ts';
import { writeDemoFleet } from './demo-fleet.ts';
import { type HeadOffice, slipway } from './head-office.ts';
import { type SiteProcess, startSite } from './site-process.ts';
import { configText } from './slipway-process.ts';

/** The site of the demo, at head office and by its own file. */
export const DEMO_SITE = 'demo';

/** Tells a person what is done, as the commands that somebody would type. */
export type Show = { note(text: string): void; command(text: string): void };

type Event = { readonly id: number; readonly type: string; readonly slot?: string };

/** A site with nothing but a code from head office joins, and gets its first revision. Resolves when it serves machines. */
export async function joinAndPublish(
  office: HeadOffice,
  demo: {
    readonly workDir: string;
    readonly values: Readonly<Record<string, string>>;
    /** What the site's own layer says besides them. */
    readonly more: object;
  },
  show: Show,
  signal: AbortSignal,
): Promise<SiteProcess> {
  show.command(`slipway hub invite ${DEMO_SITE}`);
  const { code } = JSON.parse(await office.ask('hub', 'invite', DEMO_SITE, '--json')) as { code: string };
  const config = configText({ site: DEMO_SITE, interfaces: { nodes: 'br0' }, hub: { url: office.url, code } });
  const site = await startSite({ workDir: demo.workDir, config, mayWait: true });
  try {
    await until('the site has joined head office', 30_000, signal, async () => {
      const { state } = JSON.parse(await office.ask('hub', 'site', DEMO_SITE, '--json')) as { state: string };
      return state === 'online';
    });
    show.note('the site has made a key, proved the code, and is known to head office');
    const dir = join(demo.workDir, 'fleet');
    await writeDemoFleet(dir, DEMO_SITE, demo.values, demo.more);
    show.command('slipway template push --dir fleet --key release.key');
    const pushed = JSON.parse(
      await office.ask('template', 'push', '--dir', dir, '--key', office.keyFile, '--json'),
    ) as { push: string };
    show.command(`slipway hub publish ${pushed.push}`);
    await office.ask('hub', 'publish', pushed.push, '--json');
    await until('the site serves its first revision', 60_000, signal, async () => {
      const { notReady } = await askSite<{ notReady: readonly string[] }>(site.socket, '/api/v1/status');
      return notReady.length === 0;
    });
    show.note('the revision was signed here, checked there, and is in force: the site serves machines');
    return site;
  } catch (error) {
    await site.stop();
    throw error;
  }
}

/** Waits until head office counts the enrolment of a slot, once and no more; answers how long that took, in ms. */
export async function seenAtHeadOffice(office: HeadOffice, slot: string, signal: AbortSignal): Promise<number> {
  return until(`head office knows that ${slot} is enrolled`, 30_000, signal, async () => {
    const { rows: enrolments } = JSON.parse(await office.ask('hub', 'enrolments', '--json')) as {
      readonly rows: readonly { readonly site: string; readonly slot: string }[];
    };
    const found = enrolments.filter((one) => one.site === DEMO_SITE && one.slot === slot);
    if (found.length > 1) throw new AppError('lab-failed', `head office counts ${found.length} enrolments of ${slot}`);
    return found.length === 1;
  });
}

/**
 * The WAN goes away, the store works on, the WAN comes back: what happened meanwhile arrives. Answers how long that took from
 * when it was back, in ms.
 */
export async function cutAndHeal(
  office: HeadOffice,
  site: SiteProcess,
  slot: string,
  show: Show,
  signal: AbortSignal,
): Promise<number> {
  await office.wan('cut');
  show.note('the WAN is cut: no packet passes, and nobody is told');
  show.command(`slipway hold ${slot}`);
  await slipway('hold', slot, '--socket', site.socket);
  const isThere = async (): Promise<boolean> => {
    const { events } = JSON.parse(await office.ask('hub', 'site', DEMO_SITE, '--slot', slot, '--json')) as {
      events: readonly Event[];
    };
    return events.some((event) => event.type === 'slot-held' && event.slot === slot);
  };
  if (await isThere()) throw new AppError('lab-failed', 'the WAN was cut, and an event came through');
  await office.wan('healed');
  show.note('the WAN is back');
  return until('head office knows what happened while the WAN was cut', 120_000, signal, isThere);
}

/** Asks again and again; answers how long it took, in ms. @throws AppError `lab-failed` after `withinMs`, or `interrupted` */
async function until(
  what: string,
  withinMs: number,
  signal: AbortSignal,
  isSo: () => Promise<boolean>,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (signal.aborted) throw new AppError('interrupted', 'interrupted');
    if (performance.now() - startedAt > withinMs)
      throw new AppError('lab-failed', `${what}: not within ${withinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return Math.round(performance.now() - startedAt);
}
