import { runProgram } from './cli/program.ts';

/**
 * The whole program: arguments to exit status.
 * @param argv as `process.argv` has them
 */
export async function main(argv: readonly string[]): Promise<void> {
  // libuv reads it at the first use of its pool. Four threads would let a disk that syncs slowly hold up every read.
  process.env['UV_THREADPOOL_SIZE'] ??= '16';
  process.exitCode = await runProgram(argv);
  // Sockets of a command that failed half-way must not keep the process alive.
  process.exit();
}
