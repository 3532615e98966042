import { describe, expect, test } from 'vitest';
import { changed, problemsOf, SAMPLE } from '../../test/support/sample-template.ts';

/** SAMPLE with a slot edge-2 in front of edge-1. */
const second = (extra: string): string =>
  changed('    edge-1:\n', `    edge-2: { profile: base, ${extra} }\n    edge-1:\n`);

/** SAMPLE with another user-data. */
const userData = (text: string): string => changed(userDataText, `user-data: ${text}`);
const userDataText = 'user-data: |\n          #cloud-config\n          hostname: {{ slot.name }}';

type Row = readonly [title: string, text: string, problems: readonly string[]];

test('the sample is right', () => {
  expect(problemsOf(SAMPLE)).toEqual([]);
});

describe('networks', () => {
  test.each<Row>([
    [
      'two slots with one address',
      second('interfaces: { a: { network: nodes, address: 10.0.0.11 } }'),
      ['40:54 spec.slots.edge-1.interfaces.lan0.address: slot edge-1 has the same address 10.0.0.11 as slot edge-2'],
    ],
    [
      'a pool over a reservation',
      changed('address: +11', 'address: +150'),
      [
        '39:54 spec.slots.edge-1.interfaces.lan0.address: 10.0.0.150 lies in the pool of network "nodes" (10.0.0.100..10.0.0.199): the pool would give it to somebody else',
      ],
    ],
    [
      'a slot outside its subnet',
      changed('address: +11', 'address: 10.0.1.11'),
      ['39:54 spec.slots.edge-1.interfaces.lan0.address: 10.0.1.11 lies outside of 10.0.0.0/24'],
    ],
    [
      'a slot with the address of the router',
      changed('address: +11', 'address: +1'),
      ['39:54 spec.slots.edge-1.interfaces.lan0.address: 10.0.0.1 is the address of the router'],
    ],
    [
      'a slot with the address of the network',
      changed('address: +11', 'address: +0'),
      ['39:54 spec.slots.edge-1.interfaces.lan0.address: 10.0.0.0 is the address of the network itself'],
    ],
    [
      'a slot with the broadcast address',
      changed('address: +11', 'address: +255'),
      ['39:54 spec.slots.edge-1.interfaces.lan0.address: 10.0.0.255 is the broadcast address of 10.0.0.0/24'],
    ],
    [
      'an offset behind the subnet',
      changed('address: +11', 'address: +256'),
      ['39:54 spec.slots.edge-1.interfaces.lan0.address: expected an offset inside of 10.0.0.0/24, found "+256"'],
    ],
    [
      'a slot that can get no address',
      changed('      pool: "+100..+199"\n', '', changed(', address: +11', '')),
      [
        '38:27 spec.slots.edge-1.interfaces.lan0: it can get no address: it has none of its own, and network "nodes" has no pool',
      ],
    ],
    [
      'a router outside its subnet',
      changed('router: +1', 'router: 10.0.9.1'),
      ['11:15 spec.networks.nodes.router: 10.0.9.1 lies outside of 10.0.0.0/24'],
    ],
    [
      'a router in the pool',
      changed('router: +1', 'router: +100'),
      ['12:13 spec.networks.nodes.pool: the pool holds the router 10.0.0.100'],
    ],
    [
      'overlapping networks',
      changed('  hardware:', '    other: { subnet: 10.0.0.128/25 }\n  hardware:'),
      ['13:22 spec.networks.other.subnet: 10.0.0.128/25 overlaps with network "nodes" (10.0.0.0/24)'],
    ],
    [
      'a pool, a lease, a router and options where another server leases',
      changed(
        '      router: +1\n',
        '      mode: proxy\n      router: +1\n      lease: { os: 1h }\n      options: { root-path: x }\n',
        changed(', address: +11', ''),
      ),
      [
        '12:7 spec.networks.nodes.router: network "nodes" is in proxy mode: another server leases',
        '13:7 spec.networks.nodes.lease: network "nodes" is in proxy mode: another server leases',
        '14:7 spec.networks.nodes.options: network "nodes" is in proxy mode: another server leases',
        '15:7 spec.networks.nodes.pool: network "nodes" is in proxy mode: another server leases',
      ],
    ],
    [
      'a mode that there is not',
      changed('      router: +1\n', '      mode: proxi\n'),
      [
        '11:13 spec.networks.nodes.mode: expected "authoritative" or "proxy" or "auto", found "proxi"; did you mean "proxy"?',
      ],
    ],
    [
      'a way through a network that there is not',
      changed('  hardware:', '    far: { subnet: 10.1.0.0/24, via: node }\n  hardware:'),
      ['13:38 spec.networks.far.via: there is no network "node"; did you mean "nodes"?'],
    ],
    [
      'a way through a network behind a relay, and a look through one',
      changed(
        '  hardware:',
        '    far: { subnet: 10.1.0.0/24, via: nodes, mode: auto }\n    farther: { subnet: 10.2.0.0/24, via: far }\n  hardware:',
      ),
      [
        '13:51 spec.networks.far.mode: the site cannot look for other servers behind a relay: say authoritative or proxy',
        '14:42 spec.networks.farther.via: expected a network that the site stands in, and "far" is behind a relay itself',
      ],
    ],
    [
      'another server that is no address',
      changed('      router: +1\n', '      otherServers: [dhcp.example.com]\n'),
      [
        '11:22 spec.networks.nodes.otherServers.0: expected the IPv4 or MAC address of a DHCP server, found "dhcp.example.com"',
      ],
    ],
    [
      'a /31',
      changed('10.0.0.0/24', '10.0.0.0/31'),
      ['10:15 spec.networks.nodes.subnet: /31 is too small: UEFI firmware boots in no network smaller than /30'],
    ],
    [
      'a subnet with host bits',
      changed('10.0.0.0/24', '10.0.0.1/24'),
      [
        '10:15 spec.networks.nodes.subnet: expected a network such as 10.0.0.0/24, its host part zero, found "10.0.0.1/24"',
      ],
    ],
    [
      'a pool that ends before it begins',
      changed('+100..+199', '+199..+100'),
      ['12:13 spec.networks.nodes.pool: the pool ends before it begins: 10.0.0.199..10.0.0.100'],
    ],
    [
      'a pool outside the subnet',
      changed('+100..+199', '+100..+300'),
      ['12:13 spec.networks.nodes.pool: expected an offset inside of 10.0.0.0/24, found "+300"'],
    ],
    [
      'a pool with the broadcast address',
      changed('+100..+199', '+100..+255'),
      ['12:13 spec.networks.nodes.pool: 10.0.0.255 is the broadcast address of 10.0.0.0/24'],
    ],
    [
      'a pool that is no range',
      changed('+100..+199', 'all'),
      ['12:13 spec.networks.nodes.pool: expected a range such as "+100..+199", found "all"'],
    ],
    [
      'a shared MAC that is no pattern',
      changed('router: +1', 'sharedMacs: ["00:50:b6:*", dock]'),
      [
        '11:34 spec.networks.nodes.sharedMacs.1: expected a MAC address or the beginning of one, such as 00:11:22:*, found "dock"',
      ],
    ],
    [
      'an MTU below 576',
      changed('router: +1', 'mtu: 100'),
      ['11:12 spec.networks.nodes.mtu: expected a whole number from 576 to 9216, found "100"'],
    ],
    [
      'a lease without a unit',
      changed('router: +1', 'lease: { firmware: 5 }'),
      ['11:26 spec.networks.nodes.lease.firmware: expected text, found 5'],
    ],
    [
      'a lease too short',
      changed('router: +1', 'lease: { firmware: 5s }'),
      ['11:26 spec.networks.nodes.lease.firmware: expected a time from 1m to 30d, such as 90s, 5m or 2h, found "5s"'],
    ],
    [
      'an option that Slipway decides',
      changed('router: +1', 'options: { 67: { text: x } }'),
      ['11:18 spec.networks.nodes.options.67: Slipway decides option 67 itself'],
    ],
    [
      'an option that has a key of its own',
      changed('router: +1', 'options: { mtu: 9000 }'),
      ['11:18 spec.networks.nodes.options.mtu: Slipway decides "mtu" itself: use `mtu` of the network'],
    ],
    [
      'an option of an unknown name',
      changed('router: +1', 'options: { root-pth: x }'),
      ['11:18 spec.networks.nodes.options.root-pth: there is no option of this name; did you mean "root-path"?'],
    ],
    [
      'an option with wrong hex',
      changed('router: +1', 'options: { 17: { hex: zz } }'),
      [
        '11:29 spec.networks.nodes.options.17.hex: expected pairs of hex digits such as 0a0b0c, at most 255 bytes, found "zz"',
      ],
    ],
    [
      'an option by number without a type',
      changed('router: +1', 'options: { 17: plain }'),
      [
        '11:18 spec.networks.nodes.options.17: an option by number needs exactly one of hex, text, ips, uint8, uint16, uint32',
      ],
    ],
    [
      'an option given twice',
      changed('router: +1', 'options: { 17: { text: a }, root-path: b }'),
      ['11:35 spec.networks.nodes.options.root-path: option 17 is given twice'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('slots', () => {
  test.each<Row>([
    [
      'two slots with one MAC, in two spellings',
      second('match: [{ mac: "525400aabbcc" }]'),
      ['39:15 spec.slots.edge-1.match.0: slot edge-1 has the same MAC address 52:54:00:aa:bb:cc as slot edge-2'],
    ],
    [
      'two slots with one serial number',
      second('match: [{ serial: CZC123 }]'),
      ['39:43 spec.slots.edge-1.match.1: slot edge-1 has the same serial number CZC123 as slot edge-2'],
    ],
    [
      'two slots with one UUID, one of them in a list',
      changed(
        '{ serial: CZC123 }',
        '{ uuid: [11111111-2222-3333-4444-555555555555, 11111111-2222-3333-4444-555555555556] }',
        second('match: [{ uuid: 11111111-2222-3333-4444-555555555556 }]'),
      ),
      [
        '39:43 spec.slots.edge-1.match.1: slot edge-1 has the same UUID 11111111-2222-3333-4444-555555555556 as slot edge-2',
      ],
    ],
    [
      'more than 500 slots',
      changed('default: 2', 'default: 501'),
      ['32:14 spec.slots.pos-{n}.count: expected a whole number from 0 to 500, found "501"'],
    ],
    [
      'a count that is no number',
      changed('"{{ vars.tills }}"', 'two'),
      ['32:14 spec.slots.pos-{n}.count: expected a whole number from 0 to 500, found "two"'],
    ],
    [
      'a count without {n}',
      changed('pos-{n}', 'pos'),
      ['32:7 spec.slots.pos.count: a count needs {n} in the name of the slot, such as pos-{n}'],
    ],
    [
      '{n} without a count',
      changed('      count: "{{ vars.tills }}"\n', ''),
      ['31:5 spec.slots.pos-{n}: a slot with {n} in its name needs a count'],
    ],
    ['two slots of one name', changed('edge-1', 'pos-2'), ['36:5 spec.slots.pos-2: two slots are called "pos-2"']],
    [
      'a slot name that is no host name',
      changed('edge-1', 'Edge_1'),
      ['36:5 spec.slots.Edge_1: expected a name such as pos-1, or pos-{n} with a count'],
    ],
    [
      'half a MAC',
      changed('52-54-00-AA-BB-CC', '52-54-00'),
      [
        '38:22 spec.slots.edge-1.match.0.mac: expected the MAC address of one machine, such as 52:54:00:12:34:56, found "52-54-00"',
      ],
    ],
    [
      'a MAC that names nobody',
      changed('52-54-00-AA-BB-CC', '"00:00:00:00:00:00"'),
      [
        '38:22 spec.slots.edge-1.match.0.mac: expected the MAC address of one machine, such as 52:54:00:12:34:56, found "00:00:00:00:00:00"',
      ],
    ],
    [
      'a serial number that is in every machine',
      changed('serial: CZC123', 'serial: To be filled by O.E.M.'),
      [
        '38:53 spec.slots.edge-1.match.1.serial: expected the serial number of one machine, found "To be filled by O.E.M."',
      ],
    ],
    [
      'a serial number that would lose its zero',
      changed('serial: CZC123', 'serial: 0123'),
      ['38:53 spec.slots.edge-1.match.1.serial: 0123 would be read as 123: write it in quotes, or as 123'],
    ],
    [
      'a serial number without quotes',
      changed('serial: CZC123', 'serial: 123'),
      ['38:53 spec.slots.edge-1.match.1.serial: expected text or a list, found 123'],
    ],
    [
      'a match row with nothing in it',
      changed('{ serial: CZC123 }', '{}'),
      ['38:43 spec.slots.edge-1.match.1: expected a mac, a uuid or a serial'],
    ],
    [
      'two interfaces, none booting',
      changed('{ lan0: { network: nodes, address: +11 } }', '{ a: { network: nodes }, b: { network: nodes } }'),
      ['39:19 spec.slots.edge-1.interfaces: exactly one interface must have boot: true, found 0'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('profiles and what they boot', () => {
  test.each<Row>([
    [
      'an unknown profile',
      changed('profile: till', 'profile: tull'),
      ['33:16 spec.slots.pos-{n}.profile: there is no profile "tull"; did you mean "till"?'],
    ],
    [
      'an unknown asset',
      changed('boots: debian', 'boots: debain'),
      ['22:14 spec.profiles.base.boots: there is no asset "debain"; did you mean "debian"?'],
    ],
    [
      'an unknown hardware class',
      changed('hardware: nuc\n', 'hardware: nuk\n'),
      ['34:17 spec.slots.pos-{n}.hardware: there is no hardware class "nuk"; did you mean "nuc"?'],
    ],
    [
      'an unknown network',
      changed('network: nodes', 'network: nods'),
      ['39:38 spec.slots.edge-1.interfaces.lan0.network: there is no network "nods"; did you mean "nodes"?'],
    ],
    [
      'an unknown parent',
      changed('extends: [base]', 'extends: [bsae]'),
      ['25:17 spec.profiles.till.extends.0: there is no profile "bsae"; did you mean "base"?'],
    ],
    [
      'a cycle in extends',
      changed('boots: debian', 'extends: till'),
      ['25:17 spec.profiles.till.extends.0: profiles extend each other in a circle: base → till → base'],
    ],
    [
      'a profile that extends itself',
      changed('extends: [base]', 'extends: [till]'),
      ['25:17 spec.profiles.till.extends.0: profiles extend each other in a circle: till → till'],
    ],
    [
      'no kernel for the architecture',
      changed('arch: amd64', 'arch: arm64'),
      ['22:14 spec.profiles.base.boots: "debian" has no kernel for arm64 (for slot pos-1, pos-2)'],
    ],
    [
      'two architectures that differ',
      changed('boots: debian', 'boots: debian\n      arch: arm64'),
      [
        '22:14 spec.profiles.base.boots: "debian" has no kernel for arm64 (for slot edge-1)',
        '23:13 spec.profiles.base.arch: the profile is for arm64, but the hardware is amd64 (for slot pos-1, pos-2)',
      ],
    ],
    [
      'a profile that boots nothing',
      changed('boots: debian', 'kind: live'),
      [
        '21:5 spec.profiles.base: a slot boots this profile, but neither it nor what it extends says `boots` (for slot edge-1)',
        '24:5 spec.profiles.till: a slot boots this profile, but neither it nor what it extends says `boots` (for slot pos-1, pos-2)',
      ],
    ],
    [
      'a wrong sha256',
      changed('a'.repeat(64), 'abc'),
      ['18:71 spec.assets.debian.amd64.kernel.sha256: expected 64 hex digits, found "abc"'],
    ],
    [
      'a source of no known kind',
      changed('https://images.example.com/vmlinuz', 'ftp://x/y'),
      [
        '18:27 spec.assets.debian.amd64.kernel.source: expected https://…, http://…, file:///… or debian:PACKAGE/path, found "ftp://x/y"',
      ],
    ],
    [
      'a file without a source',
      changed('source: https://images.example.com/vmlinuz, ', ''),
      ['18:17 spec.assets.debian.amd64.kernel: expected exactly one of source and sources'],
    ],
    [
      'two files of one name',
      changed('debian:live-image/boot/initrd.img', 'file:///x/vmlinuz'),
      ['19:19 spec.assets.debian.amd64.initrds.0: two files are called "vmlinuz": give one of them another `name`'],
    ],
    [
      'a file name that needs escaping',
      changed('https://images.example.com/vmlinuz', '"https://images.example.com/vm%20linuz"'),
      [
        '18:17 spec.assets.debian.amd64.kernel: expected a plain file name (give the file a `name`), found "vm%20linuz"',
      ],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('texts', () => {
  test.each<Row>([
    [
      'an undefined variable in a branch not taken',
      changed('hostname: {{ slot.name }}', '{% if false %}{{ vars.relaese }}{% endif %}'),
      ['29:28 spec.profiles.till.documents.user-data: {{ vars.relaese }} is not defined here; did you mean "release"?'],
    ],
    [
      'a slot variable that no slot has',
      changed('hostname: {{ slot.name }}', 'n: {{ slot.vars.tilll }}'),
      ['29:17 spec.profiles.till.documents.user-data: {{ slot.vars.tilll }} is not defined here; did you mean "till"?'],
    ],
    [
      'a slot in the text of a network',
      changed('10.0.0.0/24', '"{{ slot.name }}"'),
      ['10:19 spec.networks.nodes.subnet: {{ slot }} is not defined here'],
    ],
    [
      'hardware in the profile of a slot that names none',
      changed('console: ttyS0', 'console: "{{ hardware.vars.disk }}"'),
      ['23:31 spec.profiles.base.cmdline.console: {{ hardware }} is not defined here (for slot edge-1)'],
    ],
    [
      'an undefined variable in a profile that nobody uses',
      changed('    till:\n', '    unused: { cmdline: { a: "{{ vars.no }}" } }\n    till:\n'),
      ['24:33 spec.profiles.unused.cmdline.a: {{ vars.no }} is not defined here'],
    ],
    [
      'an unknown filter',
      changed('{{ slot.name }}', '{{ slot.name | upcas }}'),
      ['29:21 spec.profiles.till.documents.user-data: it cannot be rendered: undefined filter: upcas'],
    ],
    [
      'an unclosed output',
      changed('{{ slot.name }}', '{{ slot.name '),
      ['29:21 spec.profiles.till.documents.user-data: it cannot be rendered: output "{{ slot.name \\n" not closed'],
    ],
    [
      'an unknown hole',
      changed('@{boot.url.nocloud}', '@{boot.url.nocluod}'),
      [
        '23:53 spec.profiles.base.cmdline.ds: there is no place @{boot.url.nocluod}; did you mean "boot.url.nocloud"? (write @@{ for a plain @{)',
      ],
    ],
    [
      'an unknown hole in a document',
      changed('{{ slot.name }}', 'a @{secret.x} b'),
      ['29:23 spec.profiles.till.documents.user-data: there is no secret "x": declare it below `secrets`'],
    ],
    [
      'a hole without its end',
      changed('{{ slot.name }}', 'a @{boot.mac'),
      ['29:23 spec.profiles.till.documents.user-data: this @{ has no } on its line (write @@{ for a plain @{)'],
    ],
    [
      'a blank in the command line',
      changed('console: ttyS0', 'console: a b'),
      [
        '23:27 spec.profiles.base.cmdline.console: a blank ends the word: the rest would be read as another one (for slot pos-1, pos-2, edge-1)',
      ],
    ],
    [
      'a newline in the command line',
      changed('console: ttyS0', 'console: "a\\nb"'),
      [
        '23:27 spec.profiles.base.cmdline.console: "\\n" cannot stand in a command line (for slot pos-1, pos-2, edge-1)',
      ],
    ],
    [
      'a key with a blank',
      changed('console: ttyS0', '"a b": x'),
      ['23:18 spec.profiles.base.cmdline.a b: "a b" cannot be a word of a command line'],
    ],
    [
      'an iPXE setting in the command line',
      changed('console: ttyS0', 'a: "$\u007bnet0/mac}"'),
      [
        '23:21 spec.profiles.base.cmdline.a: iPXE would put a setting of its own in place of $\u007b…} (for slot pos-1, pos-2, edge-1)',
      ],
    ],
    [
      'a command line that is too long',
      changed('console: ttyS0', `a: ${'x'.repeat(4096)}`),
      [
        '21:5 spec.profiles.base: the command line has 4160 bytes, at most 4096 are read (for slot edge-1)',
        '24:5 spec.profiles.till: the command line has 4160 bytes, at most 4096 are read (for slot pos-1, pos-2)',
      ],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('documents', () => {
  test.each<Row>([
    [
      'an empty network-config',
      changed(userDataText, 'network-config: ""'),
      ['27:25 spec.profiles.till.documents.network-config: a network-config must be a YAML map (for slot pos-1)'],
    ],
    [
      'a #cloud-config that is a list',
      changed('hostname: {{ slot.name }}', '- a'),
      ['27:20 spec.profiles.till.documents.user-data: a #cloud-config must be a YAML map (for slot pos-1)'],
    ],
    [
      'a #cloud-config that is no YAML',
      changed('hostname: {{ slot.name }}', 'a: ['),
      [
        '30:11 spec.profiles.till.documents.user-data: a #cloud-config must be valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ] (for slot pos-1)',
      ],
    ],
    [
      'a document outside the folder',
      userData('{ file: ../a.yaml }'),
      [
        '27:28 spec.profiles.till.documents.user-data.file: expected a file beside the template or in a folder below it, found "../a.yaml"',
      ],
    ],
    [
      'a document that is not there',
      userData('{ file: a.yaml }'),
      ['27:28 spec.profiles.till.documents.user-data.file: a.yaml cannot be read: ENOENT'],
    ],
    [
      'a document from two places',
      userData('{ file: a.yaml, text: x }'),
      ['27:20 spec.profiles.till.documents.user-data: expected exactly one of file, text and from'],
    ],
    [
      'user-data from interfaces',
      userData('{ from: interfaces }'),
      ['27:28 spec.profiles.till.documents.user-data.from: only network-config can be written from interfaces'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('everything else', () => {
  test.each<Row>([
    [
      'an unknown key',
      changed('slots:\n', 'slot:\n'),
      ['30:3 spec.slot: there is no key "slot" here; did you mean "slots"?'],
    ],
    [
      'another apiVersion',
      changed('slipway/v1', 'slipway/v9'),
      ['1:13 apiVersion: expected "slipway/v1", found "slipway/v9"; did you mean "slipway/v1"?'],
    ],
    [
      'a key written twice',
      changed('router: +1', 'subnet: 10.0.0.0/24'),
      ['11:7 spec.networks.nodes: the key "subnet" is written twice in one map'],
    ],
    [
      'a hardware class that matches everything',
      changed('{ product: "NUC*" }', '{}'),
      ['14:19 spec.hardware.nuc.match: expected a manufacturer, a product, a mac, or several of them'],
    ],
    [
      'a MAC pattern that is none',
      changed('"00:11:22:*"', '"00:11*"'),
      [
        '40:54 spec.unknownMachines.ignore.0: expected a MAC address or the beginning of one, such as 00:11:22:*, found "00:11*"',
      ],
    ],
    [
      'a queue that lets nobody in',
      changed('unknownMachines:', 'admission: { starts: 0 }\n  unknownMachines:'),
      ['40:24 spec.admission.starts: expected a whole number from 1 to 1000, found "0"'],
    ],
    [
      'a time in words',
      changed('for: 5m', 'for: 5 minutes'),
      ['40:41 spec.unknownMachines.for: expected a time from 10s to 1d, such as 90s, 5m or 2h, found "5 minutes"'],
    ],
    [
      'an unknown end of holding',
      changed('for: 5m', 'then: reboot'),
      ['40:42 spec.unknownMachines.then: expected "local-disk", found "reboot"'],
    ],
    [
      'an unknown type of variable',
      changed('type: int', 'type: integer'),
      [
        '6:20 spec.vars.tills.type: expected "string" or "int" or "bool" or "cidr" or "ip" or "mac" or "duration" or "list", found "integer"',
      ],
    ],
    [
      'a default of another type',
      changed('default: 2', 'default: two'),
      ['6:34 spec.vars.tills.default: expected a whole number, found "two"'],
    ],
    [
      'a variable without default or required',
      changed('{ type: int, default: 2 }', '{ type: int }'),
      ['6:5 spec.vars.tills: give this variable a default, or say required: true'],
    ],
    [
      'a required variable without a value',
      changed('{ type: int, default: 2 }', '{ type: int, required: true }'),
      [
        '6:5 spec.vars.tills: the site gives no value: add `tills` to `vars` of the site file, or to `values` of a layer',
      ],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('secrets', () => {
  const declared = changed('  networks:\n', '  secrets: { joinToken: {} }\n  networks:\n');
  const withUserData = (text: string): string => changed(userDataText, `user-data: ${text}`, declared);
  test.each<Row>([
    [
      'a secret in a document for everybody',
      withUserData('"token @{secret.joinToken}"'),
      ['28:27 spec.profiles.till.documents.user-data: a secret may stand only in a document with `secret: true`'],
    ],
    [
      'a secret in the command line',
      changed('console: ttyS0', 'console: "@{secret.joinToken}"', declared),
      ['24:28 spec.profiles.base.cmdline.console: a secret may stand only in a document with `secret: true`'],
    ],
    [
      'where to report in a document for everybody',
      withUserData('"curl @{boot.url.report}phone-home"'),
      [
        '28:26 spec.profiles.till.documents.user-data: @{boot.url.report} has a token in it: it may stand only in a document with `secret: true`',
      ],
    ],
    [
      'where to report in the command line',
      changed('console: ttyS0', 'console: "@{boot.url.report}"', declared),
      [
        '24:28 spec.profiles.base.cmdline.console: @{boot.url.report} has a token in it: it may stand only in a document with `secret: true`',
      ],
    ],
    [
      'a misspelt secret',
      withUserData('{ text: "token @{secret.joinTokn}", secret: true }'),
      ['28:35 spec.profiles.till.documents.user-data.text: there is no secret "joinTokn"; did you mean "joinToken"?'],
    ],
    [
      'a secret where DHCP tells everybody',
      changed('pool: "+100..+199"', 'pool: "@{secret.joinToken}"', declared),
      ['13:13 spec.networks.nodes.pool: expected a range such as "+100..+199", found "@{secret.joinToken}"'],
    ],
    [
      'a secret that is written by Slipway',
      changed(userDataText, 'network-config: { from: interfaces, secret: true }', declared),
      ['28:53 spec.profiles.till.documents.network-config.secret: what is written from interfaces has no secrets'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('installs', () => {
  const install = (lines: string): string => changed('      extends: [base]\n', `      extends: [base]\n${lines}`);
  const kind = '      kind: install\n';
  test.each<Row>([
    [
      'an install that nothing completes',
      install(kind),
      ['24:5 spec.profiles.till: an install needs `install.completes`: what shows that it is complete'],
    ],
    [
      'an install without a configuration',
      changed(
        `${userDataText}`,
        'network-config: { from: interfaces }',
        install(`${kind}      install: { completes: api }\n`),
      ),
      [
        '24:5 spec.profiles.till: an install needs a configuration (one of user-data, talos, ignition, preseed, kickstart): fetching it counts as an attempt',
      ],
    ],
    [
      'a plan of a live profile',
      install('      install: { completes: api }\n'),
      ['26:7 spec.profiles.till.install: only a profile of `kind: install` can have `install`'],
    ],
    [
      'too many attempts, for too long',
      install(`${kind}      install: { completes: api, attempts: 11, within: 8d }\n`),
      [
        '27:44 spec.profiles.till.install.attempts: expected a whole number from 1 to 10, found "11"',
        '27:56 spec.profiles.till.install.within: expected a time from 5m to 7d, such as 90s, 5m or 2h, found "8d"',
      ],
    ],
    [
      'words of a wipe that are said at every boot, and other wrong ones',
      install(`${kind}      install: { completes: api, wipe: { cmdline: { console: x, "a b": 1, c: "d e" } } }\n`),
      [
        '27:53 spec.profiles.till.install.wipe.cmdline.console: "console" is in `cmdline` too: there it counts at every boot, and here it must be new',
        '27:65 spec.profiles.till.install.wipe.cmdline.a b: "a b" cannot be a word of a command line',
        '27:78 spec.profiles.till.install.wipe.cmdline.c: a blank ends the word: the rest would be read as another one (for slot pos-1, pos-2)',
      ],
    ],
    [
      'a wipe with a hole that nobody fills, a secret, and a name that is not defined',
      install(
        `${kind}      install: { completes: api, wipe: { cmdline: { a: "@{boot.none}", b: "@{secret.x}", c: "{{ vars.none }}" } } }\n`,
      ),
      [
        '27:57 spec.profiles.till.install.wipe.cmdline.a: there is no place @{boot.none}; there are: boot.url.base, boot.url.nocloud, boot.url.talos, boot.url.ignition, boot.url.preseed, boot.url.kickstart, boot.url.report, boot.url.registry, boot.registryHost, boot.mac, boot.serverAddress (write @@{ for a plain @{)',
        '27:76 spec.profiles.till.install.wipe.cmdline.b: there is no secret "x": declare it below `secrets`',
        '27:97 spec.profiles.till.install.wipe.cmdline.c: {{ vars.none }} is not defined here',
      ],
    ],
    [
      'a wipe with a configuration that is not there',
      install(`${kind}      install: { completes: api, wipe: { cmdline: { a: "@{boot.url.talos}" } } }\n`),
      [
        '27:56 spec.profiles.till.install.wipe.cmdline.a: it names @{boot.url.talos}, but the profile has no document "talos" (for slot pos-1, pos-2)',
      ],
    ],
    [
      'a wipe that knows other words',
      install(`${kind}      install: { completes: api, wipe: { cmdlin: { a: 1 } } }\n`),
      ['27:42 spec.profiles.till.install.wipe.cmdlin: there is no key "cmdlin" here; did you mean "cmdline"?'],
    ],
    [
      'a wipe that makes the command line too long',
      install(`${kind}      install: { completes: api, wipe: { cmdline: { a: ${'x'.repeat(4_050)} } } }\n`),
      ['24:5 spec.profiles.till: the command line has 4128 bytes, at most 4096 are read (for slot pos-1, pos-2)'],
    ],
    [
      'a wipe at every boot',
      changed('console: ttyS0', 'talos.experimental.wipe: system'),
      [
        '23:18 spec.profiles.base.cmdline.talos.experimental.wipe: "talos.experimental.wipe" would erase the disk at every boot: it belongs into install.wipe.cmdline',
      ],
    ],
    [
      'a wipe of a live profile',
      install('      install: { wipe: { cmdline: { a: 1 } } }\n'),
      ['26:7 spec.profiles.till.install: only a profile of `kind: install` can have `install`'],
    ],
    [
      'a configuration that is advertised and not there',
      changed('console: ttyS0', 'talos.config: "@{boot.url.talos}"'),
      [
        '23:32 spec.profiles.base.cmdline.talos.config: it names @{boot.url.talos}, but the profile has no document "talos" (for slot pos-1, pos-2, edge-1)',
      ],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `t.yaml:${problem}`));
  });
});

describe('formats', () => {
  const document = (name: string, text: string): string => changed(userDataText, `${name}: ${JSON.stringify(text)}`);
  test.each<readonly [name: string, text: string, problem: string]>([
    ['talos', '#cloud-config\n{}', 'must not begin with #cloud-config'],
    ['talos', '', 'must be one or more YAML maps'],
    ['talos', '---\n- a\n', 'must be one or more YAML maps'],
    ['talos', 'version: v1alpha1\n---\na: [\n', 'must be valid YAML'],
    ['ignition', '{"ignition": {}}', 'must be a map with `ignition.version`'],
    ['ignition', '{"ignition": ', 'must be valid JSON'],
    ['preseed', '\n', 'must answer something'],
    ['preseed', '# ours\nd-i locale\n', 'a line of a preseed file is'],
    ['kickstart', ' ', 'must say something'],
  ])('%s %j', (name, text, problem) => {
    expect(problemsOf(document(name, text)).join('\n')).toContain(problem);
  });

  test.each([
    ['talos', 'version: v1alpha1\nmachine: {}\n---\napiVersion: v1alpha1\nkind: EventSinkConfig\n'],
    ['ignition', '{"ignition": {"version": "3.3.0"}, "passwd": {}}'],
    ['preseed', 'd-i partman-auto/disk string /dev/vda\nd-i preseed/late_command string \\\n  in-target true\n'],
    ['kickstart', 'reboot\n'],
  ])('a right %s', (name, text) => {
    expect(problemsOf(document(name, text))).toEqual([]);
  });
});
