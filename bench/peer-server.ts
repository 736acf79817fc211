/** The peer: `git http-backend` behind nginx and fcgiwrap, with its repositories on the local disk. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findFreePort, findProgram, startServerProcess } from '../tests/support/server-process.ts';
import type { BenchServer } from './bench-server.ts';
import { git, run } from './git-client.ts';

/** Requests that the peer serves at once: a gateway serves one. */
const GATEWAYS = 4;

/** @throws with the command that installs what is missing */
export async function startPeer(folder: string): Promise<BenchServer> {
  const nginx = findProgram('nginx') ?? findProgram('/usr/sbin/nginx');
  const fcgiwrap = findProgram('fcgiwrap') ?? findProgram('/usr/sbin/fcgiwrap');
  if (nginx === undefined || fcgiwrap === undefined) {
    throw new Error('The peer needs nginx and fcgiwrap: apt-get install nginx-light fcgiwrap');
  }
  const repositories = path.join(folder, 'repositories');
  await mkdir(repositories, { recursive: true });
  const gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => startGateway(fcgiwrap)));
  const port = await findFreePort();
  const backend = path.join(await run('git', ['--exec-path']), 'git-http-backend');
  const configuration = path.join(folder, 'nginx.conf');
  await writeFile(
    configuration,
    nginxConfiguration({ folder, repositories, backend, gatewayPorts: gateways.map((gateway) => gateway.port), port }),
  );
  const stopNginx = await startServerProcess(nginx, ['-p', folder, '-c', configuration, '-e', 'error.log'], port);
  const locate = (name: string) => path.join(repositories, `${name}.git`);
  return {
    name: 'git http-backend',
    createRepository: async (name) => {
      await run('git', ['init', '-q', '--bare', '-b', 'main', locate(name)]);
      await git(locate(name), 'config', 'http.receivepack', 'true');
      return `http://127.0.0.1:${port}/${name}.git`;
    },
    maintain: async (name) => {
      await git(locate(name), 'repack', '-a', '-d', '-q', '--write-bitmap-index');
    },
    [Symbol.asyncDispose]: async () => {
      await stopNginx();
      await Promise.all(gateways.map((gateway) => gateway.stop()));
    },
  };
}

/** One process a gateway, not one that forks: what we started is then all there is to stop. */
async function startGateway(fcgiwrap: string): Promise<{ port: number; stop: () => Promise<void> }> {
  const port = await findFreePort();
  return { port, stop: await startServerProcess(fcgiwrap, ['-s', `tcp:127.0.0.1:${port}`], port) };
}

interface NginxSettings {
  readonly folder: string;
  readonly repositories: string;
  readonly backend: string;
  readonly gatewayPorts: readonly number[];
  readonly port: number;
}

/** git-http-backend(1), "EXAMPLES", for nginx. Bodies pass through unbuffered, which is the faster way. */
function nginxConfiguration({ folder, repositories, backend, gatewayPorts, port }: NginxSettings): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `
${user}
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  fastcgi_temp_path ${folder}/fastcgi;
  proxy_temp_path ${folder}/proxy;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream gateways {
    least_conn;
    ${gatewayPorts.map((gatewayPort) => `server 127.0.0.1:${gatewayPort};`).join(' ')}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      fastcgi_pass gateways;
      fastcgi_request_buffering off;
      fastcgi_buffering off;
      fastcgi_read_timeout 600s;
      fastcgi_param SCRIPT_FILENAME ${backend};
      fastcgi_param GIT_PROJECT_ROOT ${repositories};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param REMOTE_USER ada;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
    }
  }
}
`;
}
