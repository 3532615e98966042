import { type Browser, chromium, type Page } from 'playwright-core';
import type { Host } from '../../../src/lab/network.ts';
import type { PageDocument } from './page-document.ts';
import type { SiteLab } from './site-lab.ts';

declare const document: PageDocument;

/** It shall talk to the site and to nobody else. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's Chromium, on a host of the lab, with an empty profile. `names` are the hosts that it knows: name to address. */
export function openBrowser(lab: SiteLab, host: Host, names: Readonly<Record<string, string>> = {}): Promise<Browser> {
  const command = host.argv('/usr/bin/chromium').join(' ');
  const executablePath = lab.write('chromium.sh', `#!/bin/sh\nexec ${command} "$@"\n`, 0o755);
  const rules = Object.entries(names).map(([name, address]) => `MAP ${name} ${address}`);
  // New browsers do not let a page of the internet talk to a private address; old ones do, and they are what is proved here.
  const old = `--ip-address-space-overrides=${lab.address}:80=public`;
  const args = [...QUIET, old, ...(rules.length > 0 ? [`--host-resolver-rules=${rules.join(', ')}`] : [])];
  return chromium.launch({ executablePath, args, headless: true, chromiumSandbox: false });
}

/** Debian's Chromium where the test itself is, with an empty profile: what it shows is on loopback. */
export function openHere(): Promise<Browser> {
  const executablePath = '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: [...QUIET], headless: true, chromiumSandbox: false });
}

/** A phone's page, and what its console complains of. */
export async function openPhone(browser: Browser, scheme: 'light' | 'dark' = 'light') {
  const context = await browser.newContext({
    ...{ viewport: { width: 360, height: 740 }, colorScheme: scheme, reducedMotion: 'reduce', locale: 'en-GB' },
    hasTouch: true,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

/** What of a page does not fit a small phone: how far it is too wide, and what is too small for a thumb. */
export function misfits(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} wide`);
    for (const target of document.querySelectorAll('main a, header a, button, input, summary')) {
      const { width: w, height: h } = (target.closest('label.choice') ?? target).getBoundingClientRect();
      if (h < 44 || w < 44) found.push(`${target.textContent || target.name} is ${w} by ${h}`);
    }
    return found;
  });
}
