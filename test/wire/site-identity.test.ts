import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import type { NodeDetail, SiteNodes } from '../../src/wire/api/views.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { codeOn } from './support/screen.ts';
import { type Ended, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1f:00:01';
const SECOND = '52:54:00:1f:00:02';
const UUID = '4c4c4544-0042-3010-8052-b4c04f4d4e32';
const CLONE_UUID = '4c4c4544-0042-3010-8052-b4c04f4d4e33';
const PIN = '471147';
const lab = new SiteLab('br-ident', '10.47.0');
let till: SimMachine;
let second: SimMachine;
let clone: SimMachine;

const ask = (...args: string[]): Promise<Ended> => slipway([...args, '--socket', lab.site?.socket ?? '']);
const nodes = (): Promise<SiteNodes> => lab.ask('/api/v1/nodes');
const eventsOf = async (type: string): Promise<readonly Event[]> =>
  (await lab.ask<{ events: readonly Event[] }>(`/api/v1/events?type=${type}`)).events;
const script = (machine: SimMachine, uuid: string): Promise<string> =>
  machine.get(`/boot/script?mac=${machine.mac}&uuid=${uuid}&manufacturer=Dell&product=OptiPlex`);
const macsIn = async (name: string): Promise<readonly string[]> => {
  const { node, machine }: NodeDetail = await lab.node(name);
  return node?.machine?.macs ?? machine?.macs ?? [];
};

async function startSite(): Promise<void> {
  const pinFile = lab.write('pin', `${PIN}\n`, 0o600);
  await lab.start({ config: lab.config(`pinFile: ${pinFile}\n`) });
}

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: [
      { name: 'box-1', mac: MAC, host: 11 },
      { name: 'box-2', mac: '52:54:00:1f:00:09', host: 12 },
    ],
  });
  await startSite();
  await lab.untilAssetsAreHere();
  till = await SimMachine.plugIn(lab, 'till', MAC);
  second = await SimMachine.plugIn(lab, 'second', SECOND);
  clone = await SimMachine.plugIn(lab, 'clone', MAC);
  await till.dhcp();
  expect(await script(till, UUID)).toContain('/assets/');
  await second.dhcp();
});

afterAll(() => lab.end());

describe('two machines that claim one slot', () => {
  it('are both visible; the incumbent stays, and the screen of the other one says so with its code', async () => {
    const screen = await script(second, UUID);
    expect(screen).toContain('box-1 is taken');
    const code = codeOn(screen);
    expect(await script(second, UUID)).toContain(code);
    await vi.waitFor(async () => expect((await nodes()).nodes[0]?.contenders).toHaveLength(1), WITHIN);
    expect(await macsIn('box-1')).toEqual([MAC]);
    expect((await ask('nodes')).out).toContain(`m2 (${SECOND}) would fill it too: slipway node box-1`);
    const { out } = await ask('node', 'box-1');
    expect(out).toContain(`contends m2 (code ${code}, ${SECOND})`);
    expect(out).toContain('slipway merge box-1 m2');
    expect((await ask('node', SECOND)).out).toContain('contends would fill box-1, which is taken');
    expect((await ask('replace', 'box-1', code)).err).toContain('Switch it off');
  });

  it('are one when a person says so: the other one boots what the slot boots', async () => {
    expect(await ask('merge', 'box-1', 'm2')).toMatchObject({
      status: 0,
      out: 'm2 is a part of m1 now. slipway split m1 m2 undoes that.\n',
    });
    expect(await macsIn('box-1')).toEqual([MAC, SECOND]);
    expect((await nodes()).nodes[0]).not.toHaveProperty('contenders');
    expect(await script(second, UUID)).toContain('/assets/');
    expect((await ask('node', 'm2')).out).toMatch(
      /^merged {3}m2 \(52:54:00:1f:00:02\), by cli, .*slipway split m1 m2/m,
    );
  });
});

describe('a merge', () => {
  it('is undone over the network with the PIN alone, also after the site was killed', async () => {
    await lab.site?.stop('SIGKILL');
    await startSite();
    const post = (...headers: string[]): Promise<Ended> => {
      const more = headers.flatMap((header) => ['-H', header]);
      const json = ['-H', 'content-type: application/json', '--data', '{"part":"m2"}'];
      return till.curl('-w', '\n%{http_code}', ...json, ...more, till.url('/api/v1/machines/m1/split'));
    };
    expect((await post()).out).toMatch(/\n403$/);
    expect(await macsIn('box-1')).toEqual([MAC, SECOND]);
    expect((await post(`slipway-pin: ${PIN}`)).out).toMatch(/m2 is a machine of its own now.*\n200$/s);
    expect([await macsIn('box-1'), await macsIn('m2')]).toEqual([[MAC], [SECOND]]);
    expect(await eventsOf('machine-split')).toMatchObject([{ machine: 'm2', data: { by: 'page' } }]);
  });

  it('is not done again by the UUID: what was split shows its code, and can be given a slot', async () => {
    const code = codeOn(await script(second, UUID));
    await vi.waitFor(async () => expect((await lab.node('m2')).machine?.held).toBe(true), WITHIN);
    expect(await macsIn('box-1')).toEqual([MAC]);
    expect((await ask('node', 'box-1')).out).toContain(`apart    not this machine, says a person: ${SECOND}`);
    expect((await ask('claim', code, 'box-2')).status).toBe(0);
    expect((await ask('merge', 'box-1', 'box-2', '--json')).err).toContain('slipway release box-2');
  });

  it('of what is not there is a sentence', async () => {
    expect(await ask('merge', 'box-1', 'm9')).toMatchObject({ status: 2, err: expect.stringContaining('"m9"') });
    expect((await ask('split', 'box-1', 'm9')).err).toContain(`m9 is no part of m1. Its parts are: ${MAC}`);
    expect((await ask('split', '--help')).out).toContain('undoes a merge');
  });
});

describe('a second live holder of a MAC', () => {
  it('is an alarm, once, with what to do', async () => {
    expect(await eventsOf('mac-contested')).toEqual([]);
    for (const [machine, uuid] of [
      [clone, CLONE_UUID],
      [till, UUID],
      [clone, CLONE_UUID],
      [till, UUID],
    ] as const) {
      await machine.dhcp();
      await script(machine, uuid);
    }
    await vi.waitFor(async () => expect(await eventsOf('mac-contested')).toHaveLength(1), WITHIN);
    const [alarm] = await eventsOf('mac-contested');
    expect(alarm).toMatchObject({ slot: 'box-1', data: { mac: MAC } });
    expect(alarm?.sentence).toContain(`Two machines use the MAC address ${MAC} of box-1`);
  });
});
