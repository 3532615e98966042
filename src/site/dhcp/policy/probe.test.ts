import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/packets/bench.ts';
import { ip, NETWORK, SITE } from '../../../../test/packets/world.ts';
import { decodeMessage, encodeMessage } from '../codec/message.ts';
import { option } from '../codec/options.ts';
import { classify, traitsOf } from './classify.ts';
import { buildProbe, offerIn, PROBE_SHAPES, probeMac, proberOf } from './probe.ts';

const RIVAL = ip('10.7.0.2');
const about = { from: RIVAL, xid: 7, site: SITE.address };
const offer = (options = [option('serverId', RIVAL)], parts = {}) =>
  message('offer', options, { op: 2, yiaddr: ip('10.7.0.180'), ...parts });

describe('a probe', () => {
  it.each(PROBE_SHAPES)('%s is a DISCOVER whose answer comes by broadcast, from nobody but this site', (shape) => {
    const bytes = encodeMessage(buildProbe(shape, 7, SITE.address));
    const read = bytes.ok ? decodeMessage(bytes.value) : bytes;
    if (!read.ok) throw new Error('it cannot be read');
    expect(read.value).toMatchObject({ op: 1, xid: 7, flags: 0x8000, hops: 0, giaddr: '0.0.0.0' });
    expect(proberOf(read.value, NETWORK.subnet)).toBe(SITE.address);
    expect(proberOf(read.value, { network: ip('10.8.0.0'), prefix: 24 })).toBeUndefined();
  });

  it('speaks as firmware for servers that answer nobody else, and as a system for those that leave firmware out', () => {
    const kinds = PROBE_SHAPES.map((shape) => classify(traitsOf(buildProbe(shape, 7, SITE.address)))?.client);
    expect(kinds).toEqual(['firmware', 'os', 'firmware']);
    expect(probeMac(SITE.address)).toBe('0e:53:0a:07:00:01');
  });

  it('of nobody is what a machine sends', () => {
    expect(proberOf(message('discover'), NETWORK.subnet)).toBeUndefined();
    expect(proberOf(message('discover', [], { mac: '0e:53:0a:08:00:01' }), NETWORK.subnet)).toBeUndefined();
  });
});

describe('an answer', () => {
  it('names its server, and whether it leases', () => {
    expect(offerIn(offer(), about)).toEqual({ server: RIVAL, sender: RIVAL, how: 'offer' });
    expect(offerIn(offer(undefined, { yiaddr: ip('0.0.0.0') }), about)?.how).toBe('proxy-offer');
    expect(offerIn(offer([]), about)?.server).toBe(RIVAL);
    expect(offerIn(offer(), { ...about, from: ip('10.7.0.3') })).toMatchObject({ server: RIVAL, sender: '10.7.0.3' });
  });

  it.each([
    ['another one asked', offer(undefined, { xid: 8 })],
    ['it is a request', offer(undefined, { op: 1 })],
    ['it is an ACK', message('ack', [option('serverId', RIVAL)], { op: 2 })],
    ['it is our own', offer([option('serverId', SITE.address)])],
    ['it names nobody', offer([option('serverId', ip('0.0.0.0'))])],
  ])('is none if %s', (_, heard) => {
    expect(offerIn(heard, about)).toBeUndefined();
  });
});
