import { describe, expect, it } from 'vitest';
import { INITRD, KERNEL, POS_MAC, SITE } from '../../../../test/support/sample-site.ts';
import type { BootDecision } from './decision.ts';
import { parseAskName } from './grub-ask.ts';
import { limitWord, renderGrubEntry } from './grub-entry.ts';
import { renderGrubAnswer } from './grub-script.ts';

const claim = { mac: POS_MAC, manufacturer: 'QEMU', product: 'Standard PC', serial: "X1'; reboot; '" };
const frame = { siteName: 'store-0417', site: SITE, claim };
const live: Extract<BootDecision, { kind: 'live' }> = {
  kind: 'live',
  slot: 'pos-1',
  profile: 'demo',
  kernel: { digest: KERNEL, name: 'vmlinuz', sizeBytes: 8_000_000 },
  initrds: [{ digest: INITRD, name: 'initrd.img', sizeBytes: 22_000_000 }],
  cmdline: ['console=ttyS0', 'ds=nocloud-net;s=http://10.0.0.1/x/'],
  localBoot: 'exit',
};

describe('the answer that GRUB carries out', () => {
  it('starts a system from files by TFTP, and asks again when that does not work', () => {
    expect(renderGrubAnswer(live, frame)).toBe(`function slipway_answer {
  echo ''
  echo 'Slipway, site store-0417, slot pos-1'
  echo 'This machine: QEMU Standard PC, serial X1'\\''; reboot; '\\'', MAC' '${POS_MAC}'
  echo 'Next: 2 files (28.6 MiB) come from the site, then demo starts in memory.'
  echo 'Slipway changes nothing on the disks of this machine.'
  set step='kernel'
  set here='0'
  for pause in '2' '8' '15'; do
    if linux '(tftp,10.0.0.1)/assets/sha256/${KERNEL}/vmlinuz' 'console=ttyS0' 'ds=nocloud-net;s=http://10.0.0.1/x/'; then
      set here='1'
      break
    fi
    echo 'The kernel could not be loaded, as the line above says; waiting, in seconds:' "\${pause}"
    sleep "\${pause}"
  done
  if [ "\${here}" = '1' ]; then
    set step='initramfs'
    set here='0'
    for pause in '2' '8' '15'; do
      if initrd '(tftp,10.0.0.1)/assets/sha256/${INITRD}/initrd.img'; then
        set here='1'
        break
      fi
      echo 'The initramfs could not be loaded, as the line above says; waiting, in seconds:' "\${pause}"
      sleep "\${pause}"
    done
    if [ "\${here}" = '1' ]; then
      set step='start'
      echo 'Everything is here. Starting demo...'
      boot
    fi
  fi
  echo 'This did not work: step' "\${step}"
  echo 'What to do: look at the network cable; if it says "bad shim signature", Secure Boot does not allow this system. Tell whoever looks after this site what stands here.'
  set rounds="\${rounds}"'x'
  if [ "\${rounds}" = 'xxx' ]; then
    set giveup='1'
  fi
  sleep 10
  set next='again'
}
set answered='1'
`);
  });

  it.each([
    [{ kind: 'hold', code: '7F3K', holdSeconds: 300, leftSeconds: 290, localBoot: 'exit' }, 'wait', '100060'],
    [{ kind: 'wait', because: 'kernel 40 %', holdSeconds: 60, leftSeconds: 60, localBoot: 'exit' }, 'wait', '100012'],
    [{ kind: 'local', because: 'it is installed', localBoot: 'exit' }, 'local', undefined],
    [{ kind: 'refuse', because: 'pos-1 is taken', code: 'K7PW', localBoot: 'exit' }, 'local', undefined],
  ] as const)('to %j is the next thing to do, and for how long', (decision, next, limit) => {
    const text = renderGrubAnswer(decision, frame);
    expect(text).toContain(`  set next='${next}'\n}\nset answered='1'\n`);
    expect(/set limit='(\d+)'/.exec(text)?.[1]).toBe(limit);
    expect(text).toContain('code' in decision ? decision.code : decision.because);
  });

  it('waits in the queue by a count of its own, whatever it has waited for before', () => {
    const queue = { kind: 'queue', slot: 'pos-1', place: 14, holdSeconds: 300, localBoot: 'exit' } as const;
    const text = renderGrubAnswer(queue, frame);
    expect(text).toContain('place 14 in the queue');
    expect(text).toMatch(/w1=.?0.*w5=.?0.*waited=.*limit=.?100060.?.*next=.?wait/s);
  });

  it('warns before an install, long enough to switch the machine off', () => {
    const by = { kind: 'person', name: 'page' } as const;
    const order = { by, maxAttempts: 3 } as Extract<BootDecision, { kind: 'install' }>['order'];
    const text = renderGrubAnswer({ ...live, kind: 'install', order, attempt: 2, wipe: true }, frame);
    expect(text).toMatch(
      /INSTALLS on the disk of this machine, ordered by page \(attempt 2 of 3\)\.'\n.*erases.*\n.*switch the machine off.*\n {2}sleep 5\n/,
    );
  });
});

describe('the first script of GRUB', () => {
  it('names the site, counts, and always ends at the local disk', () => {
    const text = renderGrubEntry("it's", SITE);
    expect(text).toContain("echo 'Slipway, site it'\\''s'");
    expect(text).toContain("source '(tftp,10.0.0.1)/grub/ask/'");
    expect(text).toMatch(/done\nlocal_boot\nexit\n$/);
  });

  it('tells what it starts from a disk where its files are, and a person why nothing started', () => {
    const [, lines] = /function local_boot \{\n(.*?)\n\}\n/s.exec(renderGrubEntry('store-0417', SITE)) ?? [];
    expect(lines).toContain(`
    if [ -f "\${system}" ]; then
      set found='1'
      echo 'Starting' "\${system}"
      regexp --set=1:root '^[(]([^)]*)[)]' "\${system}"
      if chainloader "\${system}"; then
        boot
      fi
    fi
  done
  if [ "\${found}" = '1' ]; then
    echo 'The system on the disk did not start. The lines above say why.'`);
    expect(lines).toMatch(
      /else\n.*There is no system on the disks.*\n.*\n {2}fi\n.*firmware in 20 seconds\.'\n {2}sleep 20$/,
    );
  });

  it('counts up to six days in five digits', () => {
    expect([limitWord(0), limitWord(12), limitWord(10 ** 9)]).toEqual(["'100001'", "'100003'", "'199999'"]);
  });
});

describe('a name that GRUB asks for', () => {
  it('says which machine it is, with capitals and without escapes', () => {
    const values = parseAskName('/grub/ask/mac=52:54:00:00:00:01&step=&serial=CZC 50%&product=A&mac=other');
    expect(['mac', 'step', 'serial', 'product', 'uuid'].map((name) => values?.(name))).toEqual([
      '52:54:00:00:00:01',
      '',
      'CZC 50%',
      'A',
      undefined,
    ]);
  });

  it.each(['grub/grub.cfg', 'grub/asked', 'boot.ipxe'])('%s is another file', (name) => {
    expect(parseAskName(name)).toBeUndefined();
  });
});
