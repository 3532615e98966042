import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import type { Event } from '../../src/model/event.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1d:00:01';
const PROGRAM = new URL('support/talos-node.ts', import.meta.url).pathname;
const PORTS = { kernelLog: '3001', eventSink: '3002' };
const TOKEN = 'AbCdEf0123456789AbCdEf';

const lab = new SiteLab('br-sig', '10.61.0');
let machine: SimMachine;
let stranger: Host;

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots: [{ name: 'till-1', mac: MAC, host: 11 }] });
  const signals = `signals: { kernelLog: ${PORTS.kernelLog}, eventSink: ${PORTS.eventSink} }`;
  await lab.start({ config: lab.config(signals) });
  lab.listen();
  machine = await SimMachine.plugIn(lab, 'sig', MAC);
  stranger = await lab.host('sig-else', { address: `${lab.net}.77/24` });
  await machine.dhcp({ vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007'] });
});

afterAll(() => lab.end());

function say(host: Host, mode: string, port: string, ...things: readonly string[]): Promise<string> {
  return host.exec([process.execPath, PROGRAM, mode, lab.address, port, ...things]);
}

function line(msg: string, priority: string): string {
  return JSON.stringify({ msg, priority, facility: 'kern', seq: 1, clock: 1, 'talos-level': 'warn', 'talos-time': '' });
}

async function count(kind: string): Promise<number> {
  const found = new RegExp(`^slipway_signals_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(await lab.metrics());
  return Number(found?.[1] ?? 0);
}

const logged = (): readonly Event[] => lab.events.filter(({ type }) => type === 'system-log');

describe('the kernel log', () => {
  it('comes over TCP in lines, of which only the bad ones are told, without their secrets', async () => {
    await say(
      machine.host,
      'tcp',
      PORTS.kernelLog,
      line('Command line: console=ttyS0', 'info'),
      line(`EXT4-fs error: see http://10.61.0.1/t/${TOKEN}/talos`, 'err'),
      line('[talos] phase install (4/7): 1 tasks(s)', 'warning'),
      'no JSON',
      line('x'.repeat(9_000), 'err'),
      line('thermal: too hot', 'crit'),
    );
    const told = await lab.untilEvent('system-log', ({ sentence }) => sentence.includes('too hot'));
    expect(told).toMatchObject({ slot: 'till-1', boot: 'b1', data: { line: 'thermal: too hot', level: 2 } });
    expect(logged().map(({ data }) => data?.['line'])).toEqual([
      'EXT4-fs error: see http://10.61.0.1/t/…/talos',
      'thermal: too hot',
    ]);
    await lab.untilEvent('node-reported', ({ data }) => data?.['what'] === 'phase' && data['stage'] === 'install');
    expect(await count('malformed')).toBe(2);
  });

  it('comes over UDP, one message in each datagram', async () => {
    await say(machine.host, 'udp', PORTS.kernelLog, line('nvme0: I/O timeout', 'warning'), line('fine', 'notice'));
    await lab.untilEvent('system-log', ({ sentence }) => sentence.includes('I/O timeout'));
  });

  it('is heard of nobody without a lease', async () => {
    const before = await count('unknown');
    await say(stranger, 'udp', PORTS.kernelLog, line('not mine', 'emerg'));
    await say(stranger, 'tcp', PORTS.kernelLog, line('not mine', 'emerg'));
    await vi.waitFor(async () => expect(await count('unknown')).toBe(before + 2), WITHIN);
    expect(JSON.stringify(lab.events)).not.toContain('not mine');
  });

  it('is twenty lines of a boot at most, and each of them once', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => line(`fault ${'ab'.repeat(i % 30)}`, 'err'));
    await say(machine.host, 'tcp', PORTS.kernelLog, ...lines);
    await vi.waitFor(() => expect(logged()).toHaveLength(20), WITHIN);
  });

  it('is heard over four connections of a machine at most', async () => {
    expect(Number(await say(machine.host, 'hold', PORTS.kernelLog, '20'))).toBe(4);
    expect(Number(await say(stranger, 'hold', PORTS.kernelLog, '3'))).toBe(0);
  });
});

describe('the event sink', () => {
  it('hears how far the machine is, each event once, and takes what it cannot read', async () => {
    const events = [
      ['e1', 'SequenceEvent', { sequence: 'boot', action: 1 }],
      ['e2', 'PhaseEvent', { phase: 'etc', action: 0 }],
      ['e2', 'PhaseEvent', { phase: 'etc', action: 0 }],
      ['e3', 'TaskEvent', { task: 'x', action: 0 }],
      ['e4', 'ConfigLoadErrorEvent', { error: `GET http://10.61.0.1/t/${TOKEN}/talos: 503` }],
      ['e5', 'NoSuchEvent', 'broken'],
      ['e6', 'MachineStatusEvent', { stage: 4, status: { ready: true } }],
    ];
    const said = await say(machine.host, 'events', PORTS.eventSink, ...events.map((event) => JSON.stringify(event)));
    expect(said.trim().split('\n')).toEqual(events.map(() => 'ok'));
    await lab.untilEvent('node-reported', ({ data }) => data?.['what'] === 'running');
    const reported = lab.events.filter(({ type, data }) => type === 'node-reported' && data?.['stage'] !== 'install');
    expect(reported.map(({ data }) => [data?.['what'], data?.['stage'], data?.['failed']])).toEqual([
      ['sequence', 'boot', false],
      ['phase', 'etc', false],
      ['config-error', 'GET http://10.61.0.1/t/…/talos: 503', true],
      ['running', 'running', false],
    ]);
  });

  it('is closed to who has no lease', async () => {
    const event = JSON.stringify(['s1', 'MachineStatusEvent', { stage: 4 }]);
    expect((await say(stranger, 'events', PORTS.eventSink, event)).trim()).toMatch(/^(4|14)$/);
  });

  it('puts no token into log or events', () => {
    expect(JSON.stringify([lab.events, lab.log()])).not.toContain(TOKEN);
  });
});
