import type { Digest } from '../../../kernel/digest.ts';
import type { AssetState } from '../../../model/content.ts';
import type { BootFile, Profile } from '../../../model/revision.ts';
import type { ScriptFile } from './decision.ts';

type AssetStateOf = (digest: Digest) => AssetState;

/** `kernel 40 %, initramfs not here yet (no route to host)`; undefined when all files are complete. */
export function missingFiles(profile: Profile, stateOf: AssetStateOf): string | undefined {
  const files = [['kernel', profile.kernel] as const, ...profile.initrds.map((file) => ['initramfs', file] as const)];
  const missing = files.flatMap(([what, file]) => {
    const why = reasonOf(stateOf(file.digest));
    return why === undefined ? [] : [`${what} ${why}`];
  });
  return missing.length > 0 ? missing.join(', ') : undefined;
}

/** The files of a profile that is complete, as a script names them. */
export function scriptFiles(
  profile: Profile,
  stateOf: AssetStateOf,
): { readonly kernel: ScriptFile; readonly initrds: readonly ScriptFile[] } {
  const withSize = (file: BootFile): ScriptFile => {
    const state = stateOf(file.digest);
    return { ...file, sizeBytes: state.kind === 'complete' ? state.sizeBytes : 0 };
  };
  return { kernel: withSize(profile.kernel), initrds: profile.initrds.map(withSize) };
}

function reasonOf(state: AssetState): string | undefined {
  switch (state.kind) {
    case 'complete':
      return undefined;
    case 'filling':
      return state.sizeBytes ? `${Math.floor((state.bytesDone / state.sizeBytes) * 100)} %` : 'is on its way';
    case 'failed':
      return `could not be fetched (${state.because})`;
    case 'absent':
      return 'is not here yet';
  }
}
