import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { filesOf, SAMPLE } from '../../test/support/sample-template.ts';
import { AppError } from '../kernel/errors.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { addTemplateCommands } from './template.ts';

const files = {
  't.yaml': SAMPLE,
  'bad.yaml': SAMPLE.replace('profile: till', 'profile: tull'),
  'required.yaml': SAMPLE.replace('default: 2 }', 'required: true, example: 3 }'),
  'site.yaml': 'layer: 1\n',
  '/etc/slipway/site.yaml': 'site: store-0417\ninterfaces: { nodes: eth0 }\ntemplate: t.yaml\nvars: { tills: 1 }\n',
  '/etc/slipway/t.yaml': SAMPLE,
  '/etc/slipway/wrong.yaml': 'site: store-0417\ninterfaces: { nodes: eth0 }\ntemplate: t.yaml\nvars: { tills: x }\n',
};

function run(...argv: readonly string[]): { readonly out: string; readonly status: ExitStatus } {
  let out = '';
  let status: ExitStatus = EXIT.ok;
  const io = {
    write: (text: string) => {
      out += text;
    },
    writeError: () => undefined,
  };
  const program = new Command('slipway').exitOverride();
  const setStatus = (wanted: ExitStatus) => {
    status = wanted;
  };
  addTemplateCommands(program, io, setStatus, { readFile: filesOf(files), list: () => [] });
  program.parse(['template', ...argv], { from: 'user' });
  return { out, status };
}

describe('template lint', () => {
  test('says that a template is right, and how large it is', () => {
    expect(run('lint', 't.yaml')).toEqual({ out: 'ok: 3 slots, 2 profiles\n', status: EXIT.ok });
    expect(JSON.parse(run('lint', 't.yaml', '--json').out)).toEqual({ ok: true, slots: 3, profiles: 2, problems: [] });
  });

  test('prints each problem with its place and ends with 1', () => {
    const problem = 'bad.yaml:33:16 spec.slots.pos-{n}.profile: there is no profile "tull"; did you mean "till"?';
    expect(run('lint', 'bad.yaml')).toEqual({ out: `${problem}\n1 problem\n`, status: EXIT.finding });
    const { out, status } = run('lint', 'bad.yaml', '--json');
    expect(JSON.parse(out)).toMatchObject({ ok: false, problems: [{ file: 'bad.yaml', line: 33, column: 16 }] });
    expect(status).toBe(EXIT.finding);
  });

  test('uses examples without a site, and the values of a site that is named', () => {
    expect(run('lint', 'required.yaml').out).toBe('ok: 4 slots, 2 profiles\n');
    expect(run('lint', 'required.yaml', '--site', '/etc/slipway/site.yaml').out).toBe('ok: 2 slots, 2 profiles\n');
    expect(run('lint', '--site', '/etc/slipway/site.yaml').out).toBe('ok: 2 slots, 2 profiles\n');
    expect(run('lint', '--site', '/etc/slipway/wrong.yaml').out).toContain(
      '/etc/slipway/wrong.yaml:4:16 vars.tills: expected',
    );
  });

  test.each([
    [['lint']],
    [['lint', 'nothing.yaml']],
    [['lint', 't.yaml', '--site', 'site.yaml']],
    [['render', 't.yaml', '--slot', 'pos-9']],
  ])('refuses the command line %j', (argv) => {
    expect(() => run(...argv)).toThrow(AppError);
  });
});

describe('template render', () => {
  test('prints what a slot would be given, with the places of boot time left open', () => {
    expect(run('render', 't.yaml', '--slot', 'pos-2').out).toBe(`pos-2: profile till (nuc, amd64)
  kernel   vmlinuz (sha256 aaaaaaaaaaaa…)
  initrd   initrd.img (sha256 bbbbbbbbbbbb…)
  cmdline  console=ttyS0 ds=nocloud-net;s=@{boot.url.nocloud}
  user-data:
    #cloud-config
    hostname: pos-2
`);
  });

  test('prints JSON, and problems as lint does', () => {
    const { slots } = JSON.parse(run('render', 't.yaml', '--json').out) as { slots: { name: string }[] };
    expect(slots.map((slot) => slot.name)).toEqual(['pos-1', 'pos-2', 'edge-1']);
    expect(run('render', 'bad.yaml').status).toBe(EXIT.finding);
  });
});

test('template schema prints a JSON Schema', () => {
  expect(JSON.parse(run('schema').out)).toMatchObject({ title: 'Slipway site template', type: 'object' });
});
