// biome-ignore-all lint/suspicious/noTemplateCurlyInString: GRUB writes its variables like this.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assign,
  branch,
  command,
  define,
  formatGrub,
  grubComment,
  grubEcho,
  grubKernelWords,
  grubWords,
  literal,
  pattern,
  shownLiteral,
  variable,
} from './grub.ts';

/** What GRUB reads at one place of a line (`script/yylex.l`): a quoted part, a protected character, blanks, a plain character. */
const PIECE = /'([^']*)'|\\(.)|( +)|([^;|&<>#{}$"'\\\s])/y;

/** The words of one line as GRUB reads them; whatever would end the command is an error. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let isInside = false;
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < line.length) {
    const at = PIECE.lastIndex;
    const piece = PIECE.exec(line);
    if (!piece) throw new Error(`what stands at ${at} of ${line} means something`);
    const [, quoted, kept, blanks, plain] = piece;
    if (blanks === undefined) words.push(`${isInside ? words.pop() : ''}${quoted ?? kept ?? plain}`);
    isInside = blanks === undefined;
  }
  return words;
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom("'", '"', '\\', '$', '{', '}', ';', '|', '&', '`', '#', '\n', '\r', ' ', 'reboot', '*'), {
      maxLength: 20,
    })
    .map((parts) => parts.join('')),
);

describe('a text as a word', () => {
  it('is one word and the same text, whatever it is', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const plain = (text: string) => text.replace(/[^\x20-\x7e]/g, '_');
        const line = formatGrub([command(...grubWords('linux'), literal(one), literal(two))]).slice(0, -1);
        expect(wordsOf(line)).toEqual(['linux', plain(one), plain(two)]);
      }),
      { numRuns: 300 },
    );
  });

  it('is never an option of echo, and not longer than a screen', () => {
    expect(wordsOf(grubEcho(shownLiteral('--e x')))).toEqual(['echo', 'e x']);
    expect(wordsOf(grubEcho(shownLiteral('x'.repeat(999))))[1]).toHaveLength(200);
  });

  it("keeps a quote: it's", () => {
    expect(literal("it's; reboot")).toBe("'it'\\''s; reboot'");
  });
});

describe('words of our own', () => {
  it.each(['a;b', '$x', "it's", 'a"b', 'x\ny', ''])('%j is a bug', (text) => {
    expect(() => grubWords(text)).toThrow();
    expect(() => variable(text)).toThrow();
    expect(() => pattern(text)).toThrow();
  });

  it('make lines and blocks', () => {
    const body = [grubEcho(literal('x')), assign('here', variable('there'))];
    expect(define('answer', [branch(command(...grubWords('true')), body)])).toBe(
      'function answer {\n  if true; then\n    echo \'x\'\n    set here="${there}"\n  fi\n}',
    );
    expect(grubComment('two\nlines')).toBe('# two_lines');
  });
});

describe('the command line of a kernel', () => {
  it('is split at its blanks', () => {
    expect(grubKernelWords('console=ttyS0  ds=nocloud-net;s=http://x/ $y')).toEqual({
      ok: true,
      value: ['console=ttyS0', 'ds=nocloud-net;s=http://x/', '$y'],
    });
  });

  it.each(['a="b c"', "a='b'", 'a\\b'])('%s would not arrive as it is', (text) => {
    expect(grubKernelWords(text)).toMatchObject({ ok: false, error: expect.stringContaining('GRUB would change') });
  });
});
