import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdminWorld } from '../../test/support/admin-world.ts';
import { runProgram } from './program.ts';

const SITES = ['store-1', 'store-2', 'store-3', 'store-4'];
let api: Awaited<ReturnType<typeof createAdminWorld>>;
let folder: string;
let socket: string;

/** Runs `slipway hub …` against head office; exit status and all that was written. */
async function hub(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const io = {
    write: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      error += text;
    },
  };
  const status = await runProgram(['node', 'slipway', 'hub', ...args, '--socket', socket], io);
  return { status, out: out.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, 'TIME'), error };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-hub-cli-'));
  socket = join(folder, 'control.sock');
  api = await createAdminWorld();
  await api.http.listen({ socketPath: socket });
  await api.world.addSites(SITES);
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

describe('before anything was pushed', () => {
  it('each list says what comes first', async () => {
    const said = [];
    for (const args of [['publish', 'show'], ['revisions'], ['revisions', 'store-1'], ['enrolments'], ['tokens']])
      said.push((await hub(...args)).out);
    expect(said).toEqual([
      'nothing was published yet: slipway hub publish\n',
      'nothing was pushed yet: slipway template push\n',
      'this site has no revision yet: slipway template push\n',
      '0 enrolments\n',
      'there is no token: slipway hub tokens new NAME --role ROLE\n',
    ]);
    expect(await hub('publish')).toMatchObject({
      status: 2,
      error: expect.stringContaining('nothing was pushed yet: `slipway template push` comes first (command-refused)'),
    });
  });
});

describe('a publication', () => {
  it('begins with some, and is shown with what may be done with it', async () => {
    await api.world.push(SITES);
    const { status, out } = await hub('publish', '--canary', 'tier=first', '--soak', '10m', '--halt-after', '2');
    expect(status).toBe(0);
    expect(out).toBe(
      [
        'publication  r1 of push p1, by terminal',
        'state        canary since TIME',
        '             waits: the sites that come first, 0 of 2 confirmed',
        'rules        tier=first first, then 10 min of soaking; halts after 2 or at 10 %',
        'sites        0 of 4 confirmed, 2 under way, 2 waiting',
        'you may      slipway hub publish pause r1',
        '             slipway hub publish abort r1',
        '             slipway hub publish rollback r1',
        '',
        'SITE     REVISION  STATE            SINCE  ',
        'store-1  1         offered (first)  TIME   is offered; the site fetches it with its next poll',
        'store-2  1         waiting          TIME   waits: the sites that come first, 0 of 2 confirmed',
        'store-3  1         waiting          TIME   waits: the sites that come first, 0 of 2 confirmed',
        'store-4  1         offered (first)  TIME   is offered; the site fetches it with its next poll',
        '',
      ]
        .join('\n')
        .replaceAll(/SINCE +\n/g, 'SINCE\n')
        .replaceAll('TIME   ', 'TIME  '),
    );
  });

  it('is followed until it halts, which is a finding', async () => {
    const following = hub('publish', 'show', 'r1', '--follow');
    await expect.poll(() => api.feed.listeners).toBe(1);
    for (const site of ['store-1', 'store-4'])
      await api.world.say(site, 1, 'reverted', { because: 'no lease was given' });
    const flushing = setInterval(() => api.feed.flush(), 20);
    const { status, out } = await following.finally(() => clearInterval(flushing));
    expect(status).toBe(1);
    expect(out).toContain(
      'r1 halted: 0 of 4 confirmed, 2 FAILED, 2 waiting; 2 sites reverted or refused it: store-1 (no lease was given)',
    );
    expect(out).toContain('slipway hub publish rollback r1');
  });

  it('is rolled back with a reason, and not paused when it is over', async () => {
    expect((await hub('publish', 'rollback', 'r1', '--because', 'tills are dark')).out).toMatch(
      /^Publication r1 is taken back/,
    );
    const refused = await hub('publish', 'pause', 'r1');
    expect([refused.status, refused.error]).toEqual([
      2,
      expect.stringContaining('publication r1 is rolled-back, so pause is not possible'),
    ]);
    const { entries } = JSON.parse((await api.ask(await api.token('x', 'read'), 'audit?limit=3')).body);
    expect(entries).toContainEqual(
      expect.objectContaining({ who: 'terminal', action: 'publish.rollback', detail: { because: 'tills are dark' } }),
    );
  });
});

describe('sites', () => {
  it('are a table, and JSON for programs', async () => {
    const { out } = await hub('sites', '--search', 'store-1');
    expect(out.split('\n')[1]).toMatch(
      /^store-1 {2}online +none → 1 \(p1\) reverted +0\/0 +- +TIME +was tried and taken back by the site itself: no lease/,
    );
    const { rows } = JSON.parse((await hub('sites', '--json')).out);
    expect(rows.map((row: { site: string }) => row.site)).toEqual(SITES);
    expect((await hub('sites', '--labels', 'tier=')).error).toContain('(usage-invalid)');
  });

  it('are shown one by one, with why', async () => {
    const { out } = await hub('site', 'store-1');
    expect(out).toMatch(
      /^site {9}store-1, online since TIME\nlabels {7}tier=first\nrevision {5}none → 1 \(p1\) reverted\n/,
    );
    expect((await hub('site', 'store-9')).error).toContain('head office has no site "store-9" (not-found)');
    expect((await hub('site', 'store-1', '--slot', 'pos-1')).out).toBe(
      'nothing happened there that head office knows of\n',
    );
    expect((await hub('revisions', 'store-1')).out).toMatch(/2 +p1 +the way back .*\n1 +p1 +new /);
  });
});

describe('tokens', () => {
  it('are printed once, listed and withdrawn', async () => {
    expect((await hub('tokens', 'new', 'ci', '--role', 'operate', '--expires', '90d')).out).toMatch(
      /^ {2}slipway_[0-9a-f]{12}_\S{43}$/m,
    );
    expect((await hub('tokens')).out).toMatch(/^ci +operate +valid until TIME +TIME +[0-9a-f]{12}$/m);
    expect((await hub('tokens', 'withdraw', 'ci')).out).toBe('The token ci is withdrawn.\n');
    expect((await hub('tokens', 'new', 'ci')).status).toBe(2);
  });
});
