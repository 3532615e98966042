/** The code that a script shows on the screen of its machine. */
export function codeOn(script: string): string {
  const code = /\*\*\* ([2-9A-Z]{4}) \*\*\*|code (?:is )?([2-9A-Z]{4})\b/.exec(script);
  if (!code) throw new Error(`no code on this screen:\n${script}`);
  return code[1] ?? code[2] ?? '';
}
