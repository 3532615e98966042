import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/lab/command.ts';
import { testKey } from '../support/sample-bundle.ts';
import { revisionOf } from '../support/sample-template.ts';
import { SiteLab } from './support/site-lab.ts';
import { arrive } from './support/steering.ts';
import { writeTemplate } from './support/template.ts';

const lab = new SiteLab('br-move', '10.84.0');
const [THERE, TAKEN] = ['10.85.0', '10.86.0'];
const ada = testKey('Ada');
const other = createServer();

/** Nobody answers there: the site is alone with what came. */
const start = (trial: '1s' | '10s') =>
  lab.start({
    config: `site: wire
interfaces: { nodes: ${lab.bridge} }
hub: { url: "https://127.0.0.1:9", trial: ${trial} }`,
    mayWait: true,
  });
const health = async (net: string) => (await fetch(`http://${net}.1/healthz`)).status;

/** A revision that puts the site at another address of the same device, as head office would have sent it. */
function arrives(number: number, net: string): void {
  const text = readFileSync(writeTemplate(lab), 'utf8').replaceAll(`${lab.net}.`, `${net}.`);
  const revision = revisionOf(text, { site: { name: 'wire', vars: {} } });
  arrive(lab.dataDir, { number, site: 'wire', revision, key: ada });
}

beforeAll(async () => {
  await lab.open();
  for (const net of [THERE, TAKEN]) await run(['ip', 'address', 'add', `${net}.1/24`, 'dev', lab.bridge]);
  await new Promise<void>((listening) => other.listen(80, `${TAKEN}.1`, listening));
});
afterAll(async () => {
  await new Promise((closed) => other.close(closed));
  await lab.end();
});

it('a revision that moves the site is tried and confirmed where it puts it, by the same process, which begins anew', async () => {
  arrives(1, lab.net);
  await start('1s');
  await lab.untilApplied('confirmed', 1);
  expect(await health(lab.net)).toBe(200);
  await lab.site?.stop();

  arrives(2, THERE);
  await start('1s');
  await lab.untilApplied('confirmed', 2);
  expect(await health(THERE)).toBe(200);
  await expect(health(lab.net)).rejects.toThrow();
});

it('is taken back by the site itself where its sockets cannot be opened, however often it is started', async () => {
  await lab.site?.stop();
  arrives(3, TAKEN);
  const failed: string[] = [];
  // As a service manager does it: again and again.
  const fail = (thrown: unknown): void => void failed.push(String(thrown));
  let came: unknown;
  for (let tries = 0; came !== 'reverted' && tries < 8; tries++) {
    const site = await start('10s').catch(fail);
    const saysSo = lab.untilApplied('reverted', 3).then(
      () => 'reverted',
      () => undefined,
    );
    came = site && (await Promise.race([site.exited, saysSo]));
  }
  expect(failed.length).toBeGreaterThanOrEqual(2);
  expect(failed.join()).toContain('EADDRINUSE');
  const { inForce, steered } = await lab.revision();
  expect(inForce?.number).toBe(2);
  expect(steered?.wanted?.sentence).toContain('the site ended 4 times during its trial');
  expect(await health(THERE)).toBe(200);
});
