// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE writes its settings like this.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitCommands } from '../../../lab/clients/ipxe-shell.ts';
import {
  comment,
  echo,
  formatScript,
  kernelWords,
  label,
  nested,
  queryValue,
  run,
  setting,
  shown,
  url,
  word,
  words,
} from './ipxe.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);

/** Texts that a hostile SMBIOS or template would choose. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '\n',
        '\r',
        '||',
        '&&',
        ';',
        '#',
        '${',
        '}',
        '$',
        '\\',
        'goto',
        'x',
        '\t',
        '-n',
        '\0',
        'shell',
        '%',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);

describe('shown', () => {
  it.each([
    ['QEMU Standard PC (i440FX + PIIX, 1996)', 'QEMU Standard PC (i440FX + PIIX, 1996)'],
    ['a || shell', 'a __ shell'],
    ['a && b ; c # d', 'a __ b _ c _ d'],
    ['${netX/mac}', '__netX/mac_'],
    ['line\nshell', 'line_shell'],
    ['back\\', 'back_'],
    ['--help', '_help'],
    ['Bäckerei 店', 'B_ckerei _'],
    ['', ''],
  ])('%j is %j', (text, expected) => expect(shown(text).join(' ')).toBe(expected));

  it('never makes another command, line or setting', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const script = formatScript([echo(shown('Site'), shown(text)), comment(text), run(words('exit 1'))]);
        const lines = script.split('\n');
        expect(lines).toHaveLength(5);
        expect(lines.some((line) => line.endsWith('\\'))).toBe(false);
        expect(script).not.toContain('${');
        expect(splitCommands((lines[1] ?? '').split(/\s+/))).toHaveLength(1);
        expect(lines[2]).toMatch(/^#/);
        expect(/^[\x20-\x7e\n]*$/.test(script)).toBe(true);
      }),
      { seed },
    );
  });
});

describe('kernelWords', () => {
  it.each([
    ['console=ttyS0,115200n8', ['console=ttyS0,115200n8']],
    ['ds=nocloud-net;s=http://10.0.0.1/nocloud/x/', ['ds=nocloud-net;s=http://10.0.0.1/nocloud/x/']],
    ['dyndbg="file a.c +p"', ['dyndbg="file', 'a.c', '+p"']],
    ['', []],
  ])('%j passes as it is', (text, expected) => expect(kernelWords(text)).toEqual({ ok: true, value: expected }));

  it.each(['a\nshell', 'a ; b', 'a || b', 'a && b', 'a #b', '${serial}', 'end\\', 'tab\tb', 'ä'])(
    '%j is refused',
    (text) => expect(kernelWords(text).ok).toBe(false),
  );

  it('what passes is one command with exactly these words', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const result = kernelWords(text);
        if (!result.ok) return;
        const [, line = ''] = formatScript([run([word('kernel'), word('u'), ...result.value])]).split('\n');
        const commands = splitCommands(line.split(/\s+/));
        expect(commands.map(({ command }) => command.join(' '))).toEqual([['kernel', 'u', ...result.value].join(' ')]);
      }),
      { seed },
    );
  });
});

describe('url', () => {
  it('escapes what iPXE or a server would misread', () => {
    expect(url('http://10.0.0.1:8080', '/assets/a b${x}#?&;|\\é')).toBe(
      'http://10.0.0.1:8080/assets/a%20b%24%7Bx%7D%23%3F%26%3B%7C%5C%C3%A9',
    );
  });

  it('joins a query of values and settings', () => {
    const query = [['mac', queryValue('52:54&=')] as const, ['s', setting('serial', 'uristring')] as const];
    expect(url('http://a', '/b', query)).toBe('http://a/b?mac=52:54%26%3D&s=${serial:uristring}');
  });

  it('is one word whatever it is made of', () => {
    fc.assert(
      fc.property(nasty, nasty, (path, value) => {
        expect(url('http://a', path, [['q', queryValue(value)]])).toMatch(/^[\x21-\x7e]+$/);
        expect(url('http://a', path, [['q', queryValue(value)]])).not.toContain('${');
      }),
      { seed },
    );
  });
});

describe('a script', () => {
  it('is written line by line', () => {
    const script = formatScript([
      comment('why'),
      label('again'),
      run(words('inc n'), { andThen: words('goto done'), orElse: [] }),
      run([word('sleep'), nested('pause', 'n')], { orElse: words('exit 1') }),
    ]);
    expect(script).toBe('#!ipxe\n# why\n:again\ninc n && goto done ||\nsleep ${pause${n}} || exit 1\n');
  });

  it.each(['', 'a b', 'a\n', '${x}', '||', '#x'])('%j is no plain word', (text) =>
    expect(() => word(text)).toThrow('not a plain iPXE word'),
  );
});
