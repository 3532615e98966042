import { describe, expect, it } from 'vitest';
import { MINUTE, NOW, sampleBoot, sampleMachine, sampleNode, sampleStatus } from '../../../test/support/page-views.ts';
import type { LinkView } from '../../wire/api/link.ts';
import { machineMark, machineName, proposalWords, waitingWords } from './machine.ts';
import { alarmWords, armingWords, networkWords, siteNotes, summary } from './site.ts';

describe('the whole site', () => {
  it('in a line', () => {
    const nodes = [
      sampleNode(),
      sampleNode({ state: 'lost' }),
      sampleNode({ state: 'booting', boot: sampleBoot('os') }),
      sampleNode({ state: 'empty' }),
    ];
    expect(summary(nodes, NOW)).toBe('1 of 4 working, 1 starting, 1 needs you');
    expect(summary([], NOW)).toBe('This site has no slots.');
  });

  it('says why it does not serve, and that a change was refused', () => {
    expect(siteNotes(sampleStatus())).toEqual([]);
    expect(siteNotes(sampleStatus({ notReady: ['eth0 has no address'], templateRefused: 'line 7' }))).toEqual([
      'This site does not serve machines now: eth0 has no address.',
      expect.stringContaining('could not be used'),
    ]);
  });

  it('says what becomes of a change of head office, and that a freeze holds it back', () => {
    const wanted = { number: 8, bundle: 'b', publication: 'r8', since: NOW, sentence: 'revision 8 …' };
    const of = (state: string) =>
      siteNotes(sampleStatus({ steered: { sentence: '', highest: 8, bad: [], wanted: { ...wanted, state } } }));
    expect(of('confirmed')).toEqual([]);
    expect(of('reverted')).toEqual([expect.stringContaining('did not work here')]);
    expect(of('trial')).toEqual([expect.stringContaining('is tried now')]);
    const freeze = { until: sampleStatus().at + 5 * MINUTE, by: 'cli', because: 'trading' };
    expect(siteNotes(sampleStatus({ steered: { sentence: '', highest: 8, bad: [], freeze } }))).toEqual([
      'Nothing of head office changes here for 5 min (trading). Machines are served.',
    ]);
  });

  it('says that head office is not reached, if that lasts, and what a new box needs', () => {
    const { at } = sampleStatus();
    const of = (state: LinkView['state'], since = at) =>
      siteNotes(sampleStatus({ headOffice: { state, since, sentence: 'for those at a terminal' } }));
    expect([of('online'), of('connecting'), of('unreachable', at - 4 * MINUTE)]).toEqual([[], [], []]);
    expect(of('unreachable', at - 7 * MINUTE)).toEqual([
      'Head office is not reached for 7 min. All goes on without it, and it is told later.',
    ]);
    expect(of('needs-code')).toEqual([expect.stringContaining('needs the code')]);
    expect(of('damaged')).toEqual([expect.stringContaining('call head office')]);
  });

  it('says why a network is not served in full, and that machines wait for their turn', () => {
    const nodes = { name: 'nodes', subnet: '10.0.0.0/24', otherServers: [], leases: 0 };
    const because = 'it serves nobody before it has looked for other DHCP servers, which takes a minute';
    expect(siteNotes(sampleStatus({ networks: [nodes, { ...nodes, name: 'tills', because }], queued: 14 }))).toEqual([
      'Network tills: It serves nobody before it has looked for other DHCP servers, which takes a minute.',
      '14 machines wait in the queue: not all fetch their systems at once. Leave them on, they go on by themselves.',
    ]);
    expect(siteNotes(sampleStatus({ queued: 1 }))).toEqual([expect.stringMatching(/^A machine waits in the queue/)]);
  });

  it('says what it is in a network, and who else is there', () => {
    const seen = { firstAt: NOW, lastAt: NOW, allowed: false, how: 'offer' } as const;
    const router = { ...seen, address: '10.0.0.5', mac: '52:54:00:00:00:05', maker: 'AVM', allowed: true };
    const boots = { ...seen, address: '10.0.0.6', how: 'proxy-offer' } as const;
    const nodes = { name: 'nodes', subnet: '10.0.0.0/24', otherServers: [router, boots], leases: 0 };
    expect(networkWords({ ...nodes, role: 'proxy' })).toEqual({
      title: 'nodes, 10.0.0.0/24',
      detail: 'Another server gives out the addresses, and this site adds the boot.',
      servers: [
        '10.0.0.5 (AVM, network card 52:54:00:00:00:05) gives out addresses, as it should',
        '10.0.0.6 only adds a boot',
      ],
    });
    expect(networkWords({ ...nodes, role: 'authoritative' }).detail).toBe('This site gives out the addresses.');
    expect(networkWords(nodes).detail).toBe('This site serves nobody there.');
  });

  it('warns of what arming does, and of what it does not where the site is in doubt', () => {
    expect(armingWords(sampleStatus({ armed: false })).will).toContain('what is on its disk is erased');
    const doubt = armingWords(sampleStatus({ armed: false, doubt: 'its database was restored' }));
    expect(doubt.why).toBe('Installing was stopped: Its database was restored.');
    expect(doubt.will).toContain('Nothing is installed by itself');
  });
});

describe('what somebody should look into', () => {
  it('is said with how often, and what to do', () => {
    const times = { firstAt: NOW - MINUTE, lastAt: NOW };
    const alarm = {
      type: 'x',
      about: 'y',
      ...times,
      count: 3,
      sentence: 'A secret was refused.',
      toDo: 'look at `slipway events`',
    };
    expect(alarmWords(alarm)).toEqual({
      what: 'A secret was refused (3 times).',
      toDo: 'Look at the timeline of its slot.',
    });
  });

  it('stands above all where an armed site installs nothing', () => {
    const noInstalls = { because: 'its clock was never set', toDo: 'set the clock' };
    expect(siteNotes(sampleStatus({ noInstalls }))).toEqual([
      'Nothing is installed here now: Its clock was never set. Set the clock.',
    ]);
  });
});

describe('a machine', () => {
  it('is called by what is written on it', () => {
    expect(machineName(sampleMachine())).toBe('Dell OptiPlex 3080');
    expect(machineMark(sampleMachine())).toBe('Serial CZC123');
    const { manufacturer: _maker, product: _product, serial: _serial, ...bare } = sampleMachine();
    expect([machineName(bare), machineMark(bare)]).toEqual([
      'A machine that does not say its make',
      'Network card 52:54:00:00:00:01',
    ]);
  });

  it('waits, or may not come back, and its code is not told: that is on its own screen', () => {
    expect(waitingWords(sampleMachine({ held: true }), NOW)).toBe('Its screen shows a code. Here since 11:55 (5 min).');
    expect(waitingWords(sampleMachine({ lastSeen: NOW - MINUTE }), NOW)).toBe('Last seen 1 min ago.');
    expect(waitingWords(sampleMachine({ fenced: 'released from pos-1' }), NOW)).toContain('Released from pos-1.');
  });

  it('is proposed for a slot', () => {
    expect(proposalWords({ command: 'replace', slot: 'pos-1', because: 'its machine is silent' })).toEqual({
      label: 'Replace pos-1 with it',
      why: 'Its machine is silent',
    });
    expect(proposalWords({ command: 'claim', slot: 'pos-1', because: 'empty' }).label).toBe('Use it as pos-1');
  });
});
