import { createHash } from 'node:crypto';
import type { Digest } from '../../src/kernel/digest.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { Revision } from '../../src/model/revision.ts';
import { type CompileInput, compileTemplate } from '../../src/template/compile.ts';
import { formatProblem, type TemplateProblem } from '../../src/template/problem.ts';

/** A template with one of everything; tests change a line of it. */
export const SAMPLE = `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: sample, layer: fleet }
spec:
  vars:
    tills: { type: int, default: 2 }
    release: { type: string, default: stable }
  networks:
    nodes:
      subnet: 10.0.0.0/24
      router: +1
      pool: "+100..+199"
  hardware:
    nuc: { match: { product: "NUC*" }, arch: amd64, vars: { disk: nvme0n1 } }
  assets:
    debian:
      amd64:
        kernel: { source: https://images.example.com/vmlinuz, sha256: ${'a'.repeat(64)} }
        initrds: [{ source: "debian:live-image/boot/initrd.img", sha256: ${'b'.repeat(64)} }]
  profiles:
    base:
      boots: debian
      cmdline: { console: ttyS0, ds: "nocloud-net;s=@{boot.url.nocloud}" }
    till:
      extends: [base]
      documents:
        user-data: |
          #cloud-config
          hostname: {{ slot.name }}
  slots:
    pos-{n}:
      count: "{{ vars.tills }}"
      profile: till
      hardware: nuc
      vars: { till: "{n}" }
    edge-1:
      profile: base
      match: [{ mac: 52-54-00-AA-BB-CC }, { serial: CZC123 }]
      interfaces: { lan0: { network: nodes, address: +11 } }
  unknownMachines: { action: hold, for: 5m, ignore: ["00:11:22:*"] }
`;

export const sha256 = (text: string): Digest => createHash('sha256').update(text).digest('hex') as Digest;

/** Documents by path; anything else is not there. */
export function filesOf(files: Readonly<Record<string, string>>): CompileInput['readFile'] {
  return (path) => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    return text === undefined ? err(`${path} cannot be read: ENOENT`) : ok(text);
  };
}

/** Compiles one text as `t.yaml`. */
export function compileText(
  text: string,
  changes: Partial<CompileInput> = {},
): Result<Revision, readonly TemplateProblem[]> {
  return compileTemplate({
    files: [{ name: 't.yaml', text }],
    site: { name: 'store-0417', vars: {} },
    number: 7,
    readFile: filesOf({}),
    sha256,
    ...changes,
  });
}

/** The revision of a text that must be right. */
export function revisionOf(text: string, changes: Partial<CompileInput> = {}): Revision {
  const outcome = compileText(text, changes);
  if (!outcome.ok) throw new Error(outcome.error.map(formatProblem).join('\n'));
  return outcome.value;
}

/** The problems of a text, a line each; empty if there are none. */
export function problemsOf(text: string, changes: Partial<CompileInput> = {}): readonly string[] {
  const outcome = compileText(text, changes);
  return outcome.ok ? [] : outcome.error.map(formatProblem);
}

/** SAMPLE with one text replaced by another; the text must be there. */
export function changed(from: string, to: string, base = SAMPLE): string {
  if (!base.includes(from)) throw new Error(`the sample has no "${from}"`);
  return base.replace(from, () => to);
}
