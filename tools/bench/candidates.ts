/** The programs that are compared, other than Patchbay itself: how each is installed, started and spoken to. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endOf, freePort, startPinned, stop, untilReady } from './processes.ts';

export const candidateNames = ['direct', 'nginx', 'relay', 'patchbay', 'portkey'] as const;
export type CandidateName = (typeof candidateNames)[number];

/** A started candidate. */
export interface Serving {
  name: CandidateName;
  port: number;
  /** Null for `direct`, which has no process of its own. */
  pid: number | null;
  /** From the start of the process to the first good answer. */
  readyMs: number;
  headers: Record<string, string>;
  /** What the model's name is preceded by. */
  modelPrefix: string;
  /** Whether answers are passed on byte for byte, so that their length can be checked. */
  isExact: boolean;
  /** How it ended, where it should be running; null while it runs. */
  end(): string | null;
  stop(): Promise<void>;
}

export interface Bench {
  /** Holds everything of this run; deleted at its end. */
  dir: string;
  /** Holds what is worth keeping between runs: a package, once installed. */
  cacheDir: string;
  gatewayCore: number;
  nice: number;
  upstreamPort: number;
  /** Where CPU profiles go; null for none. Profiles cost time: a profiled run is not a measurement. */
  profileDir: string | null;
}

/** Knows how to start one candidate, as often as rounds need it. */
export type Starter = () => Promise<Serving>;

const execute = promisify(execFile);
const readyMsMax = 20_000;
const installMsMax = 180_000;

/** A process that passes requests and answers on as they are. */
const passingOn = (name: CandidateName, port: number, started: ReturnType<typeof startPinned>, readyMs: number): Serving => ({
  name,
  port,
  pid: started.pid,
  readyMs,
  headers: {},
  modelPrefix: '',
  isExact: true,
  end: () => endOf(started),
  stop: () => stop(started),
});

/** The load generator speaks to the fake provider without anybody between: what the measuring itself costs. */
export const direct = (bench: Bench): Promise<Starter> =>
  Promise.resolve(() =>
    Promise.resolve({
      name: 'direct',
      port: bench.upstreamPort,
      pid: null,
      readyMs: 0,
      headers: {},
      modelPrefix: '',
      isExact: true,
      end: () => null,
      stop: () => Promise.resolve(),
    }),
  );

/** One worker that passes requests on, with kept connections and without logs: about the least that a proxy can do. */
export async function nginx(bench: Bench): Promise<Starter> {
  await execute('nginx', ['-v']).catch(() => {
    throw new Error('nginx is not in PATH: install it, or leave it out with --candidates');
  });
  return async () => {
    const port = await freePort();
    const dir = join(bench.dir, `nginx-${port}`);
    mkdirSync(dir);
    writeFileSync(join(dir, 'nginx.conf'), nginxConfig(dir, port, bench.upstreamPort));
    const sinceMs = performance.now();
    const args = ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')];
    const started = startPinned('nginx', args, { core: bench.gatewayCore, nice: bench.nice, logFile: join(dir, 'output.log') });
    const readyMs = await untilReady(started, `http://127.0.0.1:${port}/v1/models`, sinceMs, readyMsMax);
    return passingOn('nginx', port, started, readyMs);
  };
}

const nginxConfig = (dir: string, port: number, upstreamPort: number): string => `
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  # Bodies stay in memory, as they do in the other candidates.
  client_body_buffer_size 512k;
  client_max_body_size 50m;
  keepalive_requests 100000000;
  upstream provider { server 127.0.0.1:${upstreamPort}; keepalive 1200; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer sk-upstream";
      # Chunks of a stream leave as they come.
      proxy_buffering off;
    }
  }
}
`;

/** A server of node:http with a client of undici and nothing between them: what the runtime alone costs, and no product can be below. */
export const relay = (bench: Bench): Promise<Starter> =>
  Promise.resolve(async () => {
    const port = await freePort();
    const script = join(import.meta.dirname, 'relay.ts');
    const sinceMs = performance.now();
    const started = startPinned(process.execPath, [script, String(port), String(bench.upstreamPort)], {
      core: bench.gatewayCore,
      nice: bench.nice,
      env: { NODE_ENV: 'production' },
      logFile: join(bench.dir, 'relay.log'),
    });
    const readyMs = await untilReady(started, `http://127.0.0.1:${port}/v1/models`, sinceMs, readyMsMax);
    return passingOn('relay', port, started, readyMs);
  });

const portkeyVersion = '1.15.2';
/** Its package leaves these open; with newer ones than in its lockfile every streaming request is answered 500. */
const portkeyLocked = { hono: '4.9.7', '@hono/node-server': '1.13.5' };

export async function portkey(bench: Bench): Promise<Starter> {
  const dir = join(bench.cacheDir, `portkey-${portkeyVersion}`);
  await installPortkey(dir);
  return async () => {
    const port = await freePort();
    const script = join(dir, 'node_modules/@portkey-ai/gateway/build/start-server.js');
    const sinceMs = performance.now();
    const started = startPinned(process.execPath, [script, `--port=${port}`, '--headless'], {
      core: bench.gatewayCore,
      nice: bench.nice,
      env: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
      cwd: dir,
      logFile: join(bench.dir, 'portkey.log'),
    });
    const readyMs = await untilReady(started, `http://127.0.0.1:${port}/`, sinceMs, readyMsMax);
    const headers = {
      Authorization: 'Bearer sk-upstream',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${bench.upstreamPort}/v1`,
    };
    return {
      name: 'portkey',
      port,
      pid: started.pid,
      readyMs,
      headers,
      modelPrefix: '',
      isExact: false,
      end: () => endOf(started),
      stop: () => stop(started),
    };
  };
}

async function installPortkey(dir: string): Promise<void> {
  const marker = join(dir, 'installed');
  if (existsSync(marker)) return;
  mkdirSync(dir, { recursive: true });
  const manifest = { private: true, dependencies: { '@portkey-ai/gateway': portkeyVersion }, overrides: portkeyLocked };
  writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest));
  await execute('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev'], { cwd: dir, timeout: installMsMax });
  for (const [name, version] of Object.entries(portkeyLocked)) {
    const installed = JSON.parse(readFileSync(join(dir, 'node_modules', name, 'package.json'), 'utf8')) as { version: string };
    if (installed.version !== version) throw new Error(`portkey came with ${name} ${installed.version} instead of ${version}`);
  }
  writeFileSync(marker, '');
}
