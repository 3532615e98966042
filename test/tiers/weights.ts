/** About how many seconds a test file takes, where that is more than most. Wrong figures cost time and nothing else. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/lab/life-of-a-slot.test.ts': 357,
  'test/lab/install.test.ts': 232,
  'test/lab/demo.test.ts': 106,
  'test/lab/link-kills.test.ts': 70,
  'test/lab/lab-sites.test.ts': 56,
  'test/lab/link-restores.test.ts': 48,
  'test/lab/first-day.test.ts': 37,
  'test/lab/secure-boot.test.ts': 70,
  'test/lab/arm64.test.ts': 45,
  'test/lab/kill.test.ts': 35,
  'test/lab/unknown-machine.test.ts': 34,
  'test/lab/link-fleet.test.ts': 32,
  'test/lab/link-life.test.ts': 15,
  'test/wire/site-kill-install.test.ts': 48,
  'test/wire/signals-stall.test.ts': 40,
  'test/wire/site-start-faults.test.ts': 28,
  'test/fuzz/template.test.ts': 28,
  'test/wire/cloud-init-seed.test.ts': 27,
  'test/wire/site-losses.test.ts': 26,
  'test/wire/site-kill-boot.test.ts': 22,
  'test/wire/site-cli.test.ts': 20,
  'test/wire/site-slow-disk.test.ts': 18,
  'test/wire/site-secrets.test.ts': 18,
  'test/wire/site-kill-commands.test.ts': 18,
  'test/wire/page.test.ts': 18,
  'test/wire/link-outage.test.ts': 18,
  'test/wire/healthy-boots.test.ts': 18,
  'test/wire/site-template.test.ts': 17,
  'test/wire/site-kill.test.ts': 17,
  'test/wire/wipe-once.test.ts': 16,
  'test/wire/tftp.test.ts': 16,
  'test/wire/link-down.test.ts': 14,
  'test/wire/fleet-page.test.ts': 13,
  'test/docs/console.test.ts': 12,
  'test/wire/hub-keeping.test.ts': 12,
  'test/wire/site-orders.test.ts': 11,
  'test/wire/link-move.test.ts': 11,
  'test/wire/site-identity.test.ts': 10,
  'test/wire/readme.test.ts': 10,
};

const MOST_FILES = 5;

export function secondsOf(path: string): number {
  return SECONDS[path] ?? MOST_FILES;
}
