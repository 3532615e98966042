import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argv } from '../../src/lab/command.ts';

export type NginxOptions = { readonly workDir: string; readonly root: string; readonly address: string };

/** Writes the configuration of one nginx process with sendfile, without a log, and answers what starts it. */
export async function nginxArgv(program: string, { workDir, root, address }: NginxOptions): Promise<Argv> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const places = temporary.map((name) => `${name}_temp_path ${workDir}/${name};`).join(' ');
  const lines = [
    ...['daemon off;', 'master_process off;', 'user root;', `pid ${workDir}/pid;`, 'error_log stderr crit;'],
    'events { worker_connections 256; }',
    `http { sendfile on; tcp_nopush on; access_log off; ${places} server { listen ${address}:80; root ${root}; } }`,
  ];
  const path = join(workDir, 'nginx.conf');
  await writeFile(path, `${lines.join('\n')}\n`);
  return [program, '-p', workDir, '-c', path];
}
