import { describe, expect, it } from 'vitest';
import { INITRD, KERNEL, POS_MAC, SITE } from '../../../../test/support/sample-site.ts';
import { runScript, type ShellWorld } from '../../../lab/clients/ipxe-shell.ts';
import type { OrderId } from '../../../model/order.ts';
import type { BootDecision } from './decision.ts';
import { renderEntryScript } from './entry-script.ts';
import { renderScript } from './scripts.ts';

const claim = { mac: POS_MAC, manufacturer: 'QEMU', product: 'Standard PC', serial: 'X1' };
const frame = { siteName: 'store-0417', site: SITE, claim };

const live: Extract<BootDecision, { kind: 'live' }> = {
  kind: 'live',
  slot: 'pos-1',
  profile: 'demo',
  kernel: { digest: KERNEL, name: 'vmlinuz', sizeBytes: 8_000_000 },
  initrds: [{ digest: INITRD, name: 'initrd.img', sizeBytes: 22_000_000 }],
  cmdline: ['console=ttyS0', 'quiet'],
  localBoot: 'sanboot',
};
const install: Extract<BootDecision, { kind: 'install' }> = {
  ...live,
  kind: 'install',
  attempt: 2,
  disk: 'nvme0n1',
  wipe: false,
  order: {
    id: 'o4' as OrderId,
    slot: 'pos-1',
    binding: 1,
    profile: KERNEL,
    by: { kind: 'person', name: 'page' },
    createdAt: 0,
    expiresAt: 1,
    attempts: 1,
    maxAttempts: 3,
    wipe: false,
    state: { kind: 'open' },
  },
};
const hold: BootDecision = { kind: 'hold', code: '7F3K', holdSeconds: 300, leftSeconds: 290, localBoot: 'sanboot' };
const wait: BootDecision = {
  kind: 'wait',
  slot: 'pos-1',
  because: 'demo is not ready: kernel 40 %',
  holdSeconds: 60,
  leftSeconds: 60,
  localBoot: 'exit',
};
const local: BootDecision = {
  kind: 'local',
  because: 'the site leaves machines with this address alone',
  localBoot: 'exit',
};
const refuse: BootDecision = {
  kind: 'refuse',
  because: 'pos-1 is taken: the machine with serial X9 fills it',
  code: 'K7PW',
  localBoot: 'sanboot',
};

const dead: ShellWorld['fetch'] = () => ({ errno: '0x4c0a6092' });

function world(changes: Partial<ShellWorld> & { readonly set?: Readonly<Record<string, string>> } = {}): ShellWorld {
  const settings = new Map(
    Object.entries({ 'netX/mac': POS_MAC, platform: 'pcbios', buildarch: 'i386', serial: 'X1', ...changes.set }),
  );
  return { settings, fetch: dead, ...changes };
}

describe('the scripts as a person and a machine read them', () => {
  it('entry', () =>
    expect(renderEntryScript('store-0417', SITE)).toMatchInlineSnapshot(`
      "#!ipxe
      # The same for every machine: asks the site which script is meant for this one.
      echo Slipway, site store-0417
      set nic \${netX/mac} ||
      isset \${nic} || set nic \${net0/mac}
      echo This machine: \${manufacturer} \${product} serial \${serial} MAC \${nic}
      set longmode unknown ||
      iseq \${buildarch} i386 || goto start
      cpuid --ext 29 && set longmode yes || set longmode no
      :start
      set tries:int32 0
      set pause1 2
      set pause2 4
      set pause3 8
      set pause4 15
      set pause5 15
      set pause6 15
      set pause7 15
      set pause8 15
      set pause9 15
      :ask
      echo Asking the site what to do...
      chain --replace --autofree --timeout 30000 http://10.0.0.1/boot/script?mac=\${nic}&platform=\${platform}&buildarch=\${buildarch}&longmode=\${longmode}&waited=\${waited}&giveup=\${giveup}&step=\${step}&errno=\${error}&uuid=\${uuid}&serial=\${serial:uristring}&manufacturer=\${manufacturer:uristring}&product=\${product:uristring} && goto ask-done || set error \${errno}
      inc tries
      iseq \${tries} 10 && goto local ||
      echo The site does not answer. Look at the network cable (try \${tries} of 10), again in \${pause\${tries}} seconds. Code: \${error}
      sleep \${pause\${tries}} ||
      goto ask
      :ask-done
      :local
      echo The site does not answer. Going on with the local disk.
      iseq \${platform} pcbios && sanboot --no-describe --drive 0x80 ||
      exit 1
      "
    `));
  it('live', () =>
    expect(renderScript(live, frame)).toMatchInlineSnapshot(`
      "#!ipxe
      clear error ||
      clear step ||
      clear giveup ||
      echo
      echo Slipway, site store-0417, slot pos-1
      echo This machine: QEMU Standard PC, serial X1, MAC 52:54:00:00:00:01
      echo Next: 2 files (28.6 MiB) come from the site, then demo starts in memory.
      echo Slipway changes nothing on the disks of this machine.
      imgfree ||
      set step kernel
      set tries:int32 0
      set pause1 2
      set pause2 4
      set pause3 8
      set pause4 15
      set pause5 15
      :kernel
      kernel --timeout 60000 --name kernel http://10.0.0.1/assets/sha256/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/vmlinuz console=ttyS0 quiet initrd=initrd0.img && goto kernel-done || set error \${errno}
      inc tries
      iseq \${tries} 6 && goto failed ||
      echo The kernel did not arrive (try \${tries} of 6), again in \${pause\${tries}} seconds. Code: \${error}
      sleep \${pause\${tries}} ||
      goto kernel
      :kernel-done
      set step initramfs0
      set tries:int32 0
      set pause1 2
      set pause2 4
      set pause3 8
      set pause4 15
      set pause5 15
      :initramfs0
      initrd --timeout 60000 --name initrd0.img http://10.0.0.1/assets/sha256/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/initrd.img && goto initramfs0-done || set error \${errno}
      inc tries
      iseq \${tries} 6 && goto failed ||
      echo The initramfs0 did not arrive (try \${tries} of 6), again in \${pause\${tries}} seconds. Code: \${error}
      sleep \${pause\${tries}} ||
      goto initramfs0
      :initramfs0-done
      echo Everything is here. Starting demo...
      set step start
      boot || set error \${errno}
      :failed
      echo This did not work: step \${step} failed with code \${error}
      echo What to do: look at the network cable. If it stays, tell whoever looks after this site what stands here.
      isset \${rounds} || set rounds:int32 0
      inc rounds
      iseq \${rounds} 3 && set giveup 1 ||
      imgfree ||
      sleep 10 ||
      chain --replace --autofree --timeout 30000 http://10.0.0.1/boot/script?mac=52:54:00:00:00:01&platform=\${platform}&buildarch=\${buildarch}&longmode=\${longmode}&waited=\${waited}&giveup=\${giveup}&step=\${step}&errno=\${error}&uuid=\${uuid}&serial=\${serial:uristring}&manufacturer=\${manufacturer:uristring}&product=\${product:uristring} ||
      echo The site does not answer. Going on with the local disk.
      sanboot --no-describe --drive 0x80 ||
      exit 1
      "
    `));
  it('hold', () =>
    expect(renderScript(hold, frame)).toMatchInlineSnapshot(`
      "#!ipxe
      clear error ||
      clear step ||
      clear giveup ||
      echo
      echo Slipway, site store-0417
      echo This machine: QEMU Standard PC, serial X1, MAC 52:54:00:00:00:01
      echo This site does not know the machine yet. Its code is:
      echo
      echo *** 7F3K ***
      echo
      echo What to do: tell the code to whoever looks after this site, and leave the machine on.
      echo Without a place it goes on with its own disk after 4 min 50 s.
      isset \${waited} || set waited:int32 0
      :wait
      sleep 5 ||
      inc waited
      iseq \${waited} 60 && goto over ||
      chain --replace --autofree --timeout 5000 http://10.0.0.1/boot/script?mac=52:54:00:00:00:01&platform=\${platform}&buildarch=\${buildarch}&longmode=\${longmode}&waited=\${waited}&giveup=\${giveup}&step=\${step}&errno=\${error}&uuid=\${uuid}&serial=\${serial:uristring}&manufacturer=\${manufacturer:uristring}&product=\${product:uristring} || set error \${errno}
      echo The site does not answer now, code \${error} (waiting on)
      inc waited
      iseq \${waited} 60 && goto over ||
      goto wait
      :over
      echo The time is over. Going on with the local disk.
      chain --replace --autofree --timeout 5000 http://10.0.0.1/boot/script?mac=52:54:00:00:00:01&platform=\${platform}&buildarch=\${buildarch}&longmode=\${longmode}&waited=\${waited}&giveup=\${giveup}&step=\${step}&errno=\${error}&uuid=\${uuid}&serial=\${serial:uristring}&manufacturer=\${manufacturer:uristring}&product=\${product:uristring} ||
      sanboot --no-describe --drive 0x80 ||
      exit 1
      "
    `));
  it('wait', () =>
    expect(renderScript(wait, frame)).toMatchInlineSnapshot(`
      "#!ipxe
      clear error ||
      clear step ||
      clear giveup ||
      echo
      echo Slipway, site store-0417, slot pos-1
      echo This machine: QEMU Standard PC, serial X1, MAC 52:54:00:00:00:01
      echo Not yet: demo is not ready: kernel 40 %.
      echo What to do: leave the machine on, it asks again by itself.
      echo Otherwise it goes on with its own disk after 60 seconds.
      isset \${waited} || set waited:int32 0
      :wait
      sleep 5 ||
      inc waited
      iseq \${waited} 12 && goto over ||
      chain --replace --autofree --timeout 5000 http://10.0.0.1/boot/script?mac=52:54:00:00:00:01&platform=\${platform}&buildarch=\${buildarch}&longmode=\${longmode}&waited=\${waited}&giveup=\${giveup}&step=\${step}&errno=\${error}&uuid=\${uuid}&serial=\${serial:uristring}&manufacturer=\${manufacturer:uristring}&product=\${product:uristring} || set error \${errno}
      echo The site does not answer now, code \${error} (waiting on)
      inc waited
      iseq \${waited} 12 && goto over ||
      goto wait
      :over
      echo The time is over. Going on with the local disk.
      chain --replace --autofree --timeout 5000 http://10.0.0.1/boot/script?mac=52:54:00:00:00:01&platform=\${platform}&buildarch=\${buildarch}&longmode=\${longmode}&waited=\${waited}&giveup=\${giveup}&step=\${step}&errno=\${error}&uuid=\${uuid}&serial=\${serial:uristring}&manufacturer=\${manufacturer:uristring}&product=\${product:uristring} ||
      exit 1
      "
    `));
  it('local', () =>
    expect(renderScript(local, frame)).toMatchInlineSnapshot(`
    "#!ipxe
    clear error ||
    clear step ||
    clear giveup ||
    echo
    echo Slipway, site store-0417
    echo This machine: QEMU Standard PC, serial X1, MAC 52:54:00:00:00:01
    echo Going on with the local disk: the site leaves machines with this address alone.
    exit 1
    "
  `));
  it('refuse', () =>
    expect(renderScript(refuse, { ...frame, claim: undefined })).toMatchInlineSnapshot(`
    "#!ipxe
    clear error ||
    clear step ||
    clear giveup ||
    echo
    echo Slipway, site store-0417
    echo This machine: of unknown make, serial unknown, MAC \${netX/mac}
    echo The site starts nothing on this machine:
    echo pos-1 is taken: the machine with serial X9 fills it.
    echo What to do: tell whoever looks after this site what stands here, and the code K7PW.
    echo It goes on with its own disk in 20 seconds.
    sleep 20 ||
    sanboot --no-describe --drive 0x80 ||
    exit 1
    "
  `));
});

describe('entry script', () => {
  it('asks with all that the machine says of itself, and goes on with the answer', () => {
    const asked: string[] = [];
    const run = runScript(
      renderEntryScript('store-0417', SITE),
      world({
        set: { serial: 'A & B', uuid: 'u' },
        fetch: (url) => {
          asked.push(url);
          return { script: '#!ipxe\nexit 1\n' };
        },
      }),
    );
    expect(asked).toEqual([
      'http://10.0.0.1/boot/script?mac=52:54:00:00:00:01&platform=pcbios&buildarch=i386&longmode=yes&waited=&giveup=&step=&errno=&uuid=u&serial=A%20%26%20B&manufacturer=&product=',
    ]);
    expect(run.end).toBe('exit 1');
  });

  it('tells its last failure with the next question', () => {
    const asked: string[] = [];
    const fetch: ShellWorld['fetch'] = (url) => {
      asked.push(url);
      return asked.length < 3 ? { errno: '0x4c0a6092' } : { script: '#!ipxe\nexit 1\n' };
    };
    const run = runScript(renderEntryScript('store-0417', SITE), world({ fetch }));
    expect(asked.map((url) => /errno=([^&]*)/.exec(url)?.[1])).toEqual(['', '0x4c0a6092', '0x4c0a6092']);
    expect(run.screen).toContain(
      'The site does not answer. Look at the network cable (try 2 of 10), again in 4 seconds. Code: 0x4c0a6092',
    );
    expect(run.sleptSeconds).toBe(6);
  });

  it('boots the local disk when no site answers: BIOS by the first disk, UEFI by a failing exit', () => {
    const script = renderEntryScript('store-0417', SITE);
    expect(runScript(script, world())).toMatchObject({ end: 'sanboot', sleptSeconds: 104 });
    expect(runScript(script, world({ set: { platform: 'efi', buildarch: 'x86_64' } })).end).toBe('exit 1');
  });

  it('falls back to the first interface where netX is not known', () => {
    const settings = new Map([['net0/mac', POS_MAC]]);
    expect(runScript(renderEntryScript('s', SITE), { settings, fetch: dead }).screen.join('\n')).toContain(
      `MAC ${POS_MAC}`,
    );
  });
});

describe('live script', () => {
  it('fetches the kernel with its command line, then the initramfs, and starts', () => {
    const asked: string[] = [];
    const run = runScript(
      renderScript(live, frame),
      world({
        fetch: (url) => {
          asked.push(url);
          return {};
        },
      }),
    );
    expect(asked).toEqual([
      `http://10.0.0.1/assets/sha256/${KERNEL}/vmlinuz`,
      `http://10.0.0.1/assets/sha256/${INITRD}/initrd.img`,
    ]);
    expect(run.commands).toContain(
      `kernel --timeout 60000 --name kernel http://10.0.0.1/assets/sha256/${KERNEL}/vmlinuz console=ttyS0 quiet initrd=initrd0.img`,
    );
    expect(run).toMatchObject({ end: 'booted', sleptSeconds: 0 });
  });

  it('tries each file again, and after all tries asks the site with what failed', () => {
    const asked: string[] = [];
    const fetch: ShellWorld['fetch'] = (url) => {
      if (url.includes('/boot/script')) asked.push(url);
      return url.includes(KERNEL) ? { script: '' } : { errno: '0x1d0c6539' };
    };
    const run = runScript(renderScript(live, frame), world({ fetch }));
    expect(asked[0]).toContain('step=initramfs0&errno=0x1d0c6539');
    expect(run.commands.filter((command) => command.startsWith('initrd'))).toHaveLength(6);
    expect(run.end).toBe('sanboot');
  });

  it('gives up in the third round, so that the site can send it to its disk', () => {
    const asked: string[] = [];
    const fetch: ShellWorld['fetch'] = (url) => {
      if (!url.includes('/boot/script')) return { errno: '0x1d0c6539' };
      asked.push(url);
      return { script: renderScript(url.includes('giveup=1') ? local : live, frame) };
    };
    const run = runScript(renderScript(live, frame), world({ fetch }));
    expect(asked.map((url) => url.includes('giveup=1'))).toEqual([false, false, true]);
    expect(run.end).toBe('exit 1');
  });

  it('survives a kernel that cannot be started', () => {
    const run = runScript(
      renderScript(live, frame),
      world({
        fetch: (url, timeoutMs) => (url.includes('/assets/') ? { script: '' } : dead(url, timeoutMs)),
        boot: () => ({ errno: '0x2e008081' }),
      }),
    );
    expect(run.screen).toContain('This did not work: step start failed with code 0x2e008081');
    expect(run.end).toBe('sanboot');
  });
});

describe('install script', () => {
  const fetched: ShellWorld['fetch'] = () => ({});

  it('warns before it fetches anything, then does as a live one does', () => {
    const run = runScript(renderScript(install, frame), world({ fetch: fetched }));
    expect(run.screen).toContain(
      'demo INSTALLS on the disk nvme0n1 of this machine, ordered by page (attempt 2 of 3).',
    );
    expect(run.screen).toContain(
      'What is on that disk is lost. If that is wrong, switch the machine off in 5 seconds.',
    );
    expect(run.screen.join(' ')).not.toContain('changes nothing');
    expect(run).toMatchObject({ end: 'booted', sleptSeconds: 5 });
    const order = run.commands.map((command) => command.split(' ')[0]).filter((name) => name !== 'set');
    expect(order.indexOf('sleep')).toBeLessThan(order.indexOf('kernel'));
  });

  it('says whose wish it is where no person ordered it', () => {
    const { disk: _, ...anyDisk } = install;
    const first: BootDecision = { ...anyDisk, order: { ...install.order, by: { kind: 'revision', name: 'retail' } } };
    expect(runScript(renderScript(first, frame), world({ fetch: fetched })).screen).toContain(
      'demo INSTALLS on the disk of this machine, ordered by the template, retail (attempt 2 of 3).',
    );
  });

  it('says that the disk is erased first, and only where it is', () => {
    const says = 'This install erases the disk first.';
    expect(runScript(renderScript(install, frame), world({ fetch: fetched })).screen).not.toContain(says);
    const run = runScript(renderScript({ ...install, wipe: true }, frame), world({ fetch: fetched }));
    expect(run.screen.indexOf(says)).toBeLessThan(run.screen.findIndex((line) => line.startsWith('Next:')));
    expect(run.screen).toContain(says);
  });

  it('ends at the local disk where its files do not come', () => {
    expect(runScript(renderScript(install, frame), world()).end).toBe('sanboot');
  });
});

describe('hold script', () => {
  it('ends in local boot after its time, also when the site is gone', () => {
    const run = runScript(renderScript(hold, frame), world());
    expect(run.end).toBe('sanboot');
    // Half of the time is spent in questions that nobody answers within their five seconds.
    expect(run.sleptSeconds).toBe(150);
    expect(
      run.commands
        .filter((command) => command.startsWith('chain'))
        .every((command) => command.includes('--timeout 5000')),
    ).toBe(true);
  });

  it('counts on from script to script, and tells the site', () => {
    const waited: number[] = [];
    const fetch: ShellWorld['fetch'] = (url) => {
      waited.push(Number(/waited=(\d+)/.exec(url)?.[1]));
      return { script: renderScript((waited.at(-1) ?? 0) >= 60 ? local : hold, frame) };
    };
    const run = runScript(renderScript(hold, frame), world({ fetch }));
    expect(waited).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(run).toMatchObject({ end: 'exit 1', sleptSeconds: 300 });
  });

  it.each([0, 1, 13, 30, 59])('ends after its time where the site is gone after %i answers', (answers) => {
    let asked = 0;
    const fetch: ShellWorld['fetch'] = () => {
      asked += 1;
      return asked <= answers ? { script: renderScript(hold, frame) } : { errno: '0x4c0a6092' };
    };
    const run = runScript(renderScript(hold, frame), world({ fetch }));
    expect(run.end).toBe('sanboot');
    // Each question without an answer, but for the last one, takes as long as a sleep.
    const unanswered = asked - answers - 1;
    expect(run.sleptSeconds + 5 * unanswered).toBeLessThanOrEqual(300);
    expect(run.sleptSeconds + 5 * unanswered).toBeGreaterThan(280);
    expect(runScript(renderScript({ ...hold, localBoot: 'exit' }, frame), world({ fetch })).end).toBe('exit 1');
  });

  it('shows its code by itself on a line', () => {
    expect(runScript(renderScript(hold, frame), world()).screen).toContain('*** 7F3K ***');
  });
});

describe('the queue', () => {
  const queue: BootDecision = { kind: 'queue', slot: 'pos-1', place: 14, holdSeconds: 300, localBoot: 'exit' };

  it('shows the place and asks again, whatever the machine has waited for before', () => {
    let asked = 0;
    const fetch: ShellWorld['fetch'] = () => ({ script: renderScript(++asked < 200 ? queue : local, frame) });
    const { screen, sleptSeconds } = runScript(renderScript(queue, frame), world({ set: { waited: '59' }, fetch }));
    expect(screen).toContain('Many machines start at once here: this one has place 14 in the queue.');
    expect(screen).toContain('Only if the site stops answering, it goes on with its own disk after 5 minutes.');
    expect([asked, sleptSeconds]).toEqual([200, 1_000]);
  });

  it('ends at the local disk only when the site answers no more, after its own five minutes', () => {
    const { sleptSeconds, end } = runScript(renderScript(queue, frame), world({ set: { waited: '5900' } }));
    expect(end).toBe('exit 1');
    expect(sleptSeconds).toBeGreaterThan(140);
    expect(sleptSeconds).toBeLessThanOrEqual(300);
  });
});

describe('wait, refuse and local', () => {
  it.each([
    ['wait', wait, 'exit 1'],
    ['refuse', refuse, 'sanboot'],
    ['local', local, 'exit 1'],
  ] as const)('%s ends at the local disk', (_name, decision, end) => {
    expect(runScript(renderScript(decision, frame), world()).end).toBe(end);
  });

  it('a disk that does not start gives the machine back to its firmware', () => {
    const run = runScript(
      renderScript({ ...local, localBoot: 'sanboot' }, frame),
      world({ sanboot: () => ({ errno: '0x2d000000' }) }),
    );
    expect(run.end).toBe('exit 1');
  });

  it('a disk that is booted for a reason says what to do about it', () => {
    const decision: BootDecision = { ...local, because: 'no order', toDo: 'slipway reinstall pos-1' };
    const { screen, end } = runScript(renderScript(decision, frame), world());
    expect(screen.slice(-2)).toEqual([
      'Going on with the local disk: no order.',
      'What to do: slipway reinstall pos-1.',
    ]);
    expect(end).toBe('exit 1');
  });

  it('a failure that came back with the question is shown in words', () => {
    const trouble = '2d0c618e: the site has no such file (HTTP 404), at kernel';
    expect(runScript(renderScript(live, { ...frame, trouble }), world()).screen).toContain(
      `What failed before: ${trouble}.`,
    );
  });

  it('what was told once is not told again', () => {
    const w = world({ set: { error: '0x4c0a6092', step: 'kernel' } });
    runScript(renderScript(local, frame), w);
    expect([w.settings.has('error'), w.settings.has('step')]).toEqual([false, false]);
  });
});
