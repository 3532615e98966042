import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changed, compileText, filesOf, problemsOf, revisionOf, SAMPLE } from '../../test/support/sample-template.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const userDataText = 'user-data: |\n          #cloud-config\n          hostname: {{ slot.name }}';

describe('compileTemplate', () => {
  test('addresses, leases and pools become absolute', () => {
    expect(revisionOf(SAMPLE).networks['nodes']).toEqual({
      name: 'nodes',
      mode: 'authoritative',
      subnet: { network: '10.0.0.0', prefix: 24 },
      router: '10.0.0.1',
      dns: [],
      ntp: [],
      pool: { first: '10.0.0.100', last: '10.0.0.199' },
      lease: { firmwareSeconds: 300, osSeconds: 1800 },
      options: [],
    });
  });

  test('who else is in a network: another server that leases, known ones, a relay to it', () => {
    const more =
      '    far: { mode: proxy, subnet: 10.1.0.0/24, via: nodes, relays: [+1, 10.0.0.9], otherServers: [10.1.0.2, 52-54-00-AA-00-01] }\n';
    const slot = changed(
      'interfaces: { lan0: { network: nodes, address: +11 } }',
      'interfaces: { lan0: { network: far } }',
    );
    const { networks, slots, unknownMachines } = revisionOf(changed('  hardware:', `${more}  hardware:`, slot));
    expect(networks['far']).toMatchObject({
      mode: 'proxy',
      via: 'nodes',
      relays: ['10.1.0.1', '10.0.0.9'],
      otherServers: ['10.1.0.2', '52:54:00:aa:00:01'],
    });
    expect(networks['far']).not.toHaveProperty('pool');
    expect(slots['edge-1']?.interfaces).toEqual({ lan0: { boot: true, network: 'far' } });
    expect(unknownMachines).toMatchObject({ action: 'hold', heldBesideOthers: true });
    expect(revisionOf(changed('action: hold, ', '')).unknownMachines).not.toHaveProperty('heldBesideOthers');
  });

  test('the files of a Raspberry Pi are assets, by the names under which TFTP looks them up', () => {
    const file = (letter: string) => `{ source: "https://example.test/${letter}", sha256: "${letter.repeat(64)}" }`;
    const more = `  raspberryPi: { start4.elf: ${file('c')}, overlays/VC4.dtbo: ${file('d')} }\n`;
    const { raspberryPi, assets } = revisionOf(changed('  hardware:', `${more}  hardware:`));
    expect(Object.entries(raspberryPi ?? {}).map(([name, { digest }]) => [name, digest[0]])).toEqual([
      ['start4.elf', 'c'],
      ['overlays/vc4.dtbo', 'd'],
    ]);
    expect(assets.map(({ digest }) => digest[0])).toEqual(expect.arrayContaining(['c', 'd']));
    expect(revisionOf(SAMPLE)).not.toHaveProperty('raspberryPi');
  });

  test('a slot gets its profile rendered, with what it inherits', () => {
    expect(revisionOf(SAMPLE).slots['pos-2']).toEqual({
      name: 'pos-2',
      hardware: 'nuc',
      match: [],
      interfaces: {},
      profile: {
        name: 'till',
        kind: 'live',
        digest: expect.any(String),
        arch: 'amd64',
        kernel: { digest: 'a'.repeat(64), name: 'vmlinuz' },
        initrds: [{ digest: 'b'.repeat(64), name: 'initrd.img' }],
        cmdline: [
          { key: 'console', value: 'ttyS0' },
          { key: 'ds', value: 'nocloud-net;s=@{boot.url.nocloud}' },
        ],
        documents: {
          'user-data': { kind: 'text', text: '#cloud-config\nhostname: pos-2\n', fill: true, secret: false },
        },
      },
    });
  });

  test('how many start at once is in a revision only if the template says it', () => {
    const text = changed('unknownMachines:', 'admission: { starts: 4 }\n  unknownMachines:');
    expect([revisionOf(text).admission, revisionOf(SAMPLE).admission]).toEqual([{ starts: 4 }, undefined]);
  });

  test('evidence is normalised, lists become rows', () => {
    const text = changed('{ serial: CZC123 }', '{ serial: [" A1 ", B2], uuid: 4C4C4544-0042-3010-8052-B4C04F4D4E32 }');
    expect(revisionOf(text).slots['edge-1']?.match).toEqual([
      { mac: '52:54:00:aa:bb:cc' },
      { uuid: '4c4c4544-0042-3010-8052-b4c04f4d4e32', serial: 'A1' },
      { uuid: '4c4c4544-0042-3010-8052-b4c04f4d4e32', serial: 'B2' },
    ]);
  });

  test('a single interface boots; of several the marked one does', () => {
    expect(revisionOf(SAMPLE).slots['edge-1']?.interfaces).toEqual({
      lan0: { boot: true, network: 'nodes', address: '10.0.0.11' },
    });
    const two = '{ a: { network: nodes, boot: true }, b: { network: nodes, mac: 52-54-00-00-00-02 } }';
    const text = changed('{ lan0: { network: nodes, address: +11 } }', two);
    expect(revisionOf(text).slots['edge-1']?.interfaces).toEqual({
      a: { boot: true, network: 'nodes' },
      b: { boot: false, network: 'nodes', mac: '52:54:00:00:00:02' },
    });
  });

  test('assets keep their sources in order; one digest is one asset; unused ones are left out', () => {
    const more = `  assets:
    unused: { amd64: { kernel: { source: file:///k, sha256: ${'c'.repeat(64)} } } }
    mirror: { amd64: { kernel: { sources: [file:///srv/k, "http://10.0.0.1/k?v=1"], sha256: ${'a'.repeat(64)} } } }
`;
    const text = changed('  assets:\n', more, changed('profile: till', 'profile: other')).replace(
      '    till:\n',
      '    other: { boots: mirror }\n    till:\n',
    );
    expect(revisionOf(text).assets).toEqual([
      {
        digest: 'a'.repeat(64),
        name: 'k',
        sources: [
          { kind: 'file', path: '/srv/k' },
          { kind: 'url', url: 'http://10.0.0.1/k?v=1' },
          { kind: 'url', url: 'https://images.example.com/vmlinuz' },
        ],
      },
      {
        digest: 'b'.repeat(64),
        name: 'initrd.img',
        sources: [{ kind: 'debian', package: 'live-image', path: 'boot/initrd.img' }],
      },
    ]);
  });

  test('a count of zero makes no slot, and what is only there for it is still checked', () => {
    expect(Object.keys(revisionOf(changed('default: 2', 'default: 0')).slots)).toEqual(['edge-1']);
    expect(problemsOf(changed('{{ slot.name }}', '{{ slot.nam }}', changed('default: 2', 'default: 0')))).toHaveLength(
      1,
    );
  });

  test('{n}, slot.n and slot.index count the slots of a name', () => {
    const text = changed(
      'vars: { till: "{n}" }',
      'vars: { till: "{n}", text: "{{ slot.n | plus: 10 }} {{ slot.index }} {n}" }\n      interfaces: { lan0: { network: nodes, address: "+2{n}" } }',
      changed('hostname: {{ slot.name }}', 't: "{{ slot.vars.text }}"'),
    );
    const slot = revisionOf(text).slots['pos-2'];
    expect(slot?.profile.documents['user-data']).toMatchObject({ text: '#cloud-config\nt: "12 1 2"\n' });
    expect(slot?.interfaces['lan0']?.address).toBe('10.0.0.22');
  });

  test('words of a command line: bare, several of one key, numbers, and taken away', () => {
    const base = changed(
      'cmdline: { console: ttyS0,',
      'cmdline: { quiet: true, console: [tty0, "ttyS0,115200"], loglevel: 7,',
    );
    const text = changed('extends: [base]', 'extends: [base]\n      cmdline: { quiet: null, console: tty1 }', base);
    const { slots } = revisionOf(text);
    expect(slots['edge-1']?.profile.cmdline.slice(0, 4)).toEqual([
      { key: 'quiet', value: true },
      { key: 'console', value: 'tty0' },
      { key: 'console', value: 'ttyS0,115200' },
      { key: 'loglevel', value: '7' },
    ]);
    expect(slots['pos-1']?.profile.cmdline.map((word) => `${word.key}=${word.value}`).slice(0, 2)).toEqual([
      'console=tty1',
      'loglevel=7',
    ]);
  });

  test('parents are laid over each other from left to right', () => {
    const text = changed('extends: [base]', 'extends: [base, serial, quiet]').replace(
      '    till:\n',
      '    serial: { cmdline: { console: ttyS1, quiet: true } }\n    quiet: { cmdline: { quiet: 1 } }\n    till:\n',
    );
    const { cmdline } = revisionOf(text).slots['pos-1']?.profile ?? { cmdline: [] };
    expect(cmdline.map((word) => `${word.key}=${word.value}`)).toEqual([
      'console=ttyS1',
      'ds=nocloud-net;s=@{boot.url.nocloud}',
      'quiet=1',
    ]);
  });

  test('documents lie beside the template that names them, and their problems in them', () => {
    const files = [{ name: 'sites/t.yaml', text: changed(userDataText, 'user-data: { file: documents/a.yaml }') }];
    const good = filesOf({ 'sites/documents/a.yaml': '#cloud-config\nhostname: {{ slot.name }}\n' });
    const documents = revisionOf('', { files, readFile: good }).slots['pos-1']?.profile.documents;
    expect(documents?.['user-data']).toMatchObject({ text: '#cloud-config\nhostname: pos-1\n' });
    const bad = filesOf({ 'sites/documents/a.yaml': '#cloud-config\nhostname: {{ slot.nam }}\nmac: @{boot.mca}\n' });
    expect(problemsOf('', { files, readFile: bad })).toEqual([
      'sites/documents/a.yaml:2:14 spec.profiles.till.documents.user-data.file: {{ slot.nam }} is not defined here; did you mean "name"?',
      'sites/documents/a.yaml:3:6 spec.profiles.till.documents.user-data.file: there is no place @{boot.mca}; did you mean "boot.mac"? (write @@{ for a plain @{)',
    ]);
  });

  test('render: false hands a document on untouched', () => {
    const text = '## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }} @{no.place}\n';
    const changedText = changed(userDataText, 'user-data: { file: a.yaml, render: false }');
    const revision = revisionOf(changedText, { readFile: filesOf({ 'a.yaml': text }) });
    expect(revision.slots['pos-1']?.profile.documents['user-data']).toEqual({
      kind: 'text',
      text,
      fill: false,
      secret: false,
    });
  });

  test('a file is read once, however many slots are given it', () => {
    let reads = 0;
    const readFile = () => {
      reads += 1;
      return { ok: true, value: '#cloud-config\n' } as const;
    };
    revisionOf(changed(userDataText, 'user-data: { file: a.yaml }'), { readFile });
    expect(reads).toBe(1);
  });

  test('the digest is of the content: not of the number, and not of how it is written', () => {
    const { digest } = revisionOf(SAMPLE);
    expect(revisionOf(SAMPLE, { number: 8 })).toMatchObject({ digest, number: 8 });
    expect(revisionOf(`# a comment\n${SAMPLE.replace('+11', '10.0.0.11')}`).digest).toBe(digest);
    expect(revisionOf(changed('+11', '+12')).digest).not.toBe(digest);
  });

  test('values of the site take the place of defaults, and are checked where they are written', () => {
    const site = (vars: Record<string, unknown>) => ({
      site: { name: 'store-0417', vars, at: () => ({ file: 'site.yaml', line: 9, column: 3 }) },
    });
    expect(Object.keys(revisionOf(SAMPLE, site({ tills: 1 })).slots)).toEqual(['pos-1', 'edge-1']);
    expect(problemsOf(SAMPLE, site({ tills: 'two' }))).toEqual([
      'site.yaml:9:3 vars.tills: expected a whole number, found "two"',
    ]);
    expect(problemsOf(SAMPLE, site({ till: 1 }))).toEqual([
      'site.yaml:9:3 vars.till: the template has no variable "till"; did you mean "tills"?',
    ]);
  });

  test('holes that come out of a variable are looked at too', () => {
    const text = changed('hostname: {{ slot.name }}', 'a: "{{ vars.release }}"');
    expect(problemsOf(changed('default: stable', 'default: "@{boot.no}"', text))).toEqual([
      't.yaml:27:20 spec.profiles.till.documents.user-data: nothing is known to fill @{boot.no} with (for slot pos-1)',
    ]);
  });

  test('no file at all, and a file with nothing in it', () => {
    expect(compileText('', { files: [] }).ok).toBe(false);
    expect(problemsOf('')).toEqual(['t.yaml:1:1 expected a map, found nothing']);
  });

  test('a store as large as allowed compiles', () => {
    const { slots } = revisionOf(changed('default: 2', 'default: 499'));
    expect(Object.keys(slots)).toHaveLength(500);
    expect(problemsOf(changed('default: 2', 'default: 500'))).toEqual([
      't.yaml:30:3 spec.slots: there are 501 slots, at most 500 are allowed',
    ]);
  });
});

describe('whatever a file says, compiling answers', () => {
  const answers = (text: string): void => {
    const outcome = compileText(text);
    if (!outcome.ok) expect(outcome.error.length).toBeGreaterThan(0);
    else expect(outcome.value.digest).toMatch(/^[0-9a-f]{64}$/);
  };

  test('for the sample with parts of it replaced by anything', () => {
    const junk = fc.oneof(
      fc.constantFrom(
        '{{',
        '}}',
        '{%',
        '@{',
        '{',
        '[',
        ']',
        '&a',
        '*a',
        '|',
        '>',
        '"',
        "'",
        '\t',
        '\n',
        ': ',
        '- ',
        '#',
        '!',
        '%',
        'null',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.json({ maxDepth: 2 }),
    );
    const edit = fc.record({ at: fc.nat(SAMPLE.length), cut: fc.nat(12), junk });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = SAMPLE;
        for (const { at, cut, junk: put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        answers(text);
      }),
      { seed, numRuns: 200 },
    );
  });

  test('for well-formed documents of the wrong shape', () => {
    const keys = fc.constantFrom(
      'vars',
      'networks',
      'slots',
      'profiles',
      'assets',
      'nodes',
      'constructor',
      'subnet',
      'extends',
      'documents',
      'match',
      '{n}',
      'toString',
    );
    const values = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, -1, 1.5, '', '+1', '10.0.0.0/24', '{{ vars.x }}', '{n}', 'base'),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(keys, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(fc.dictionary(keys, values, { maxKeys: 5 }), (spec) => {
        answers(JSON.stringify({ apiVersion: 'slipway/v1', kind: 'SiteTemplate', metadata: { name: 'x' }, spec }));
      }),
      { seed, numRuns: 200 },
    );
  });
});

describe('install profiles', () => {
  const secretText = changed(
    'user-data: |\n          #cloud-config\n          hostname: {{ slot.name }}',
    'user-data: { text: "#cloud-config\\ntoken: @{secret.joinToken}\\n", secret: true }',
    changed('  networks:\n', '  secrets: { joinToken: {} }\n  networks:\n'),
  );
  const installText = (plan: string): string =>
    changed(
      '      extends: [base]\n',
      `      extends: [base]\n      kind: install\n      install: ${plan}\n`,
      secretText,
    );
  const profileOf = (text: string) => {
    const profile = revisionOf(text).slots['pos-1']?.profile;
    if (!profile) throw new Error('there is no pos-1');
    return profile;
  };

  test('have their plan, with defaults', () => {
    expect(profileOf(installText('{ completes: phone-home }'))).toMatchObject({
      kind: 'install',
      install: { completes: 'phone-home', attempts: 3, withinSeconds: 2_700 },
      documents: { 'user-data': { secret: true, text: '#cloud-config\ntoken: @{secret.joinToken}\n' } },
    });
    const disk = '{ completes: api, attempts: "{{ vars.tills }}", within: 2h, disk: "{{ hardware.vars.disk }}" }';
    expect(profileOf(installText(disk)).install).toEqual({
      completes: 'api',
      attempts: 2,
      withinSeconds: 7_200,
      disk: 'nvme0n1',
    });
  });

  const WIPE = '{ cmdline: { talos.experimental.wipe: system, note: "{{ slot.name }}-@{boot.mac}", again: [1, two] } }';

  test('have the words that erase a disk, in order and rendered, with their holes open', () => {
    expect(profileOf(installText(`{ completes: api, wipe: ${WIPE} }`)).install?.wipe).toEqual([
      { key: 'talos.experimental.wipe', value: 'system' },
      { key: 'note', value: 'pos-1-@{boot.mac}' },
      { key: 'again', value: '1' },
      { key: 'again', value: 'two' },
    ]);
    for (const none of ['{ cmdline: {} }', '{}', '{ cmdline: null }', 'null', '{ cmdline: { x: null } }'])
      expect(profileOf(installText(`{ completes: api, wipe: ${none} }`)).install).not.toHaveProperty('wipe');
  });

  test.each([
    ['{ wipe: { cmdline: { note: other, again: null } } }', ['talos.experimental.wipe=system', 'note=other']],
    ['{ wipe: { cmdline: null } }', undefined],
    ['{ wipe: null }', undefined],
    ['{ attempts: 1 }', ['talos.experimental.wipe=system', 'note=pos-1-@{boot.mac}', 'again=1', 'again=two']],
  ])('inherit those words as they inherit a command line: %s', (own, words) => {
    const child = `    again:\n      extends: [till]\n      install: ${own}\n  slots:\n`;
    const parent = installText(`{ completes: api, wipe: ${WIPE} }`);
    const { install } = profileOf(changed('profile: till', 'profile: again', changed('  slots:\n', child, parent)));
    expect(install?.completes).toBe('api');
    expect(install?.wipe?.map(({ key, value }) => `${key}=${value}`)).toEqual(words);
  });

  test('are other ones when anything of them changes', () => {
    const texts = [
      secretText,
      changed(', secret: true', ', secret: false', changed('@{secret.joinToken}', 'x', secretText)),
      installText('{ completes: phone-home }'),
      installText('{ completes: phone-home, attempts: 2 }'),
      installText('{ completes: api }'),
      installText('{ completes: api, wipe: { cmdline: { erase: 1 } } }'),
    ];
    expect(new Set(texts.map((text) => profileOf(text).digest)).size).toBe(texts.length);
    expect(profileOf(secretText).digest).toBe(profileOf(changed('name: sample', 'name: other', secretText)).digest);
  });

  test('inherit their plan key by key', () => {
    const child = `    again:\n      extends: [till]\n      install: { attempts: 1 }\n  slots:\n`;
    const text = changed(
      'profile: till',
      'profile: again',
      changed('  slots:\n', child, installText('{ completes: api }')),
    );
    expect(profileOf(text).install).toMatchObject({ completes: 'api', attempts: 1 });
  });
});
