import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, NOW, sampleCertificate, sampleSession } from '../../../../test/support/fleet-views.ts';
import {
  boxMarks,
  boxName,
  certificateDetail,
  certificateWords,
  isPresent,
  linkLines,
  sessionWords,
} from './identity.ts';

describe('the boxes of a site', () => {
  it('are shown side by side while they speak', () => {
    expect(isPresent(sampleSession())).toBe(true);
    expect(isPresent(sampleSession({ standing: 'quarantined' }))).toBe(true);
    expect(isPresent(sampleSession({ standing: 'past' }))).toBe(false);
    expect(sessionWords(sampleSession({ standing: 'quarantined' }))).toEqual({ word: 'Stands aside', tone: 'bad' });
  });

  it('are told apart by what is written on them, and by where they are', () => {
    expect(boxName(sampleSession())).toBe('Lenovo M70q');
    expect(boxMarks(sampleSession(), NOW)).toEqual([
      'Serial PC1',
      'Machine id a1',
      'From 192.0.2.7',
      'Came yesterday, 12:00; last heard today, 12:00',
    ]);
    const bare = sampleSession({ hardware: { machineId: '', manufacturer: '', product: '', serial: '' } });
    expect([boxName(bare), boxMarks(bare, NOW)[0]]).toEqual(['A box that does not say its make', 'No serial number']);
  });
});

describe('the certificate of a site', () => {
  it('is good for a while, was not renewed, is over, or was revoked', () => {
    expect(certificateDetail(sampleCertificate(), NOW)).toBe('Good for 88 days more.');
    expect(certificateDetail(sampleCertificate({ state: 'expiring', notAfter: NOW + 5 * DAY }), NOW)).toContain(
      'should have renewed it',
    );
    expect(certificateDetail(sampleCertificate({ state: 'expired', notAfter: NOW - HOUR }), NOW)).toContain(
      'Expired today, 11:00.',
    );
    const revoked = { at: NOW - MINUTE, by: 'anna', because: 'the box was stolen' };
    expect(certificateDetail(sampleCertificate({ state: 'revoked', revoked }), NOW)).toBe(
      'Revoked by anna today, 11:59: the box was stolen',
    );
    expect(certificateWords(sampleCertificate({ state: 'revoked' })).tone).toBe('bad');
  });
});

describe('the link of a site', () => {
  it('says how far its events are, and what a person should know', () => {
    expect(linkLines({})).toEqual(['No events of it are here yet.']);
    expect(
      linkLines({ remote: '192.0.2.7', clockOffsetMs: 2 * HOUR, events: { epoch: 'e', through: 41, deadLetters: 2 } }),
    ).toEqual([
      'Calls from 192.0.2.7.',
      'Its events up to number 41 are here.',
      '2 of its events could not be read, and were put aside.',
      "Its own clock is 2 h behind; it goes by head office's time.",
    ]);
    expect(linkLines({ clockOffsetMs: -DAY })[1]).toContain('1 day ahead');
  });
});
