import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { tellSite } from '../../src/adapters/http/control-client.ts';
import { eachLine, tied, toolEnvironment } from '../../src/lab/command.ts';
import { ALARM_TYPES } from '../../src/model/alarm.ts';
import { EVENT_TYPES, type Event } from '../../src/model/event.ts';
import { FRESH, KINDS, type Kind, type MachinePlan } from './support/healthy-machine.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const BOOTS = 50;
const SINK = 3002;
const PROGRAM = fileURLToPath(new URL('support/healthy-machine.ts', import.meta.url));
const lab = new SiteLab('br-healthy', '10.49.0');

/** What a profile of each kind has on its command line, as its secret document, and as proof; without proof it runs live. */
const PROFILES: Readonly<Record<Kind, readonly [cmdline: string, document: string, text: string, completes?: string]>> =
  {
    'cloud-live': ['ds: "nocloud-net;s=@{boot.url.nocloud}"', 'user-data', FRESH.replaceAll('\n', '\\n')],
    cloud: ['ds: "nocloud-net;s=@{boot.url.nocloud}"', 'user-data', FRESH.replaceAll('\n', '\\n'), 'phone-home'],
    preseed: ['url: "@{boot.url.preseed}"', 'preseed', 'd-i a/b string c\\n', 'disk-boot'],
    kickstart: ['inst.ks: "@{boot.url.kickstart}"', 'kickstart', 'reboot\\n', 'disk-boot'],
    ignition: [
      'ignition.config.url: "@{boot.url.ignition}"',
      'ignition',
      '{ \\"ignition\\": { \\"version\\": \\"3.3.0\\" } }',
    ],
    talos: ['talos.config: "@{boot.url.talos}"', 'talos', 'version: v1alpha1\\n', 'talos-running'],
    'talos-seed': ['talos.platform: nocloud', 'user-data', 'version: v1alpha1\\n', 'talos-running'],
  };

type Machine = { readonly kind: Kind; readonly slot: string; boot(): Promise<void>; stop(): void };
const machines: Machine[] = [];

beforeAll(async () => {
  await lab.open();
  const profiles = KINDS.map((kind) => {
    const [cmdline, document, text, completes] = PROFILES[kind];
    const how = completes === undefined ? 'live' : 'install';
    const install =
      completes === undefined ? '' : `\n      install: { completes: ${completes}, attempts: 3, within: 30m }`;
    const documents = `{ ${document}: { secret: true, text: "${text}" }, network-config: { from: interfaces } }`;
    return `    ${kind}:\n      kind: ${how}\n      boots: tiny\n      cmdline: { ${cmdline} }\n      documents: ${documents}${install}`;
  });
  const slots = KINDS.map((kind, n) => ({ name: `n-${kind}`, mac: macOf(n), host: 11 + n, profile: kind }));
  writeTemplate(lab, { slots, profiles: profiles.join('\n') });
  await lab.start({ config: lab.config(`signals: { eventSink: ${SINK} }\n`) });
  await lab.untilAssetsAreHere();
  await tellSite(lab.site?.socket ?? '', '/api/v1/arm', {});
  for (const [n, kind] of KINDS.entries()) machines.push(await plugIn(kind, macOf(n)));
});

afterAll(async () => {
  for (const machine of machines) machine.stop();
  await lab.end();
});

function macOf(n: number): string {
  return `52:54:00:0b:00:0${n + 1}`;
}

async function plugIn(kind: Kind, mac: string): Promise<Machine> {
  const host = await lab.host(kind, { mac });
  const plan: MachinePlan = { kind, mac, site: lab.address, sink: SINK };
  const [program, ...args] = tied(host.argv(process.execPath, PROGRAM, JSON.stringify(plan)));
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: toolEnvironment() });
  const said: string[] = [];
  let hear: () => void = () => undefined;
  eachLine(child.stdout, (line) => {
    said.push(line);
    hear();
  });
  return {
    ...{ kind, slot: `n-${kind}` },
    boot: async () => {
      const answered = new Promise<void>((resolve) => {
        hear = resolve;
      });
      child.stdin?.write('boot\n');
      await answered;
      expect(said.at(-1), kind).toBe('done');
    },
    stop: () => child.stdin?.end(),
  };
}

const eventsOf = async (query: string): Promise<readonly Event[]> =>
  (await lab.ask<{ events: readonly Event[] }>(`/api/v1/events?limit=1000&${query}`)).events;

async function bootOften({ kind, slot, boot }: Machine): Promise<void> {
  const isInstalled = PROFILES[kind][3] !== undefined;
  for (let n = 0; n < BOOTS; n++) {
    // The first order comes with the first filling of the slot.
    if (n > 0 && isInstalled) await tellSite(lab.site?.socket ?? '', `/api/v1/slots/${slot}/reinstall`, {});
    await boot();
    await vi.waitFor(
      async () => {
        const { node } = await lab.node(slot);
        expect([kind, n, node?.state, node?.install?.orders[0]?.state]).toEqual([
          kind,
          n,
          'enrolled',
          isInstalled ? 'confirmed' : undefined,
        ]);
      },
      { interval: 5 },
    );
  }
}

it(`${BOOTS} healthy boots of every client, all at once, end enrolled and raise no alarm`, async () => {
  await Promise.all(machines.map(bootOften));
  for (const { slot } of machines) expect((await eventsOf(`slot=${slot}&type=node-enrolled`)).length, slot).toBe(BOOTS);
  const alarming = EVENT_TYPES.filter(
    (type) => type.startsWith('mac-') || /parked|void|stalled|lost|declined|exhausted|refused/.test(type),
  );
  const types = [...ALARM_TYPES, ...alarming].map((type) => `type=${type}`).join('&');
  expect((await eventsOf(types)).map(({ sentence }) => sentence)).toEqual([]);
  expect((await lab.status()).alarms).toEqual([]);
  expect(lab.log().filter(({ level }) => Number(level) >= 40)).toEqual([]);
});
