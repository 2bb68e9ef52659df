// Makes node_modules match package-lock.json and, with --build, web/dist match its sources. Runs before `npm start` and `npm test`
// on whatever Node the machine has (18 or newer), so it uses nothing but Node's own modules and plain JavaScript.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runtimeDir = join(root, '.runtime');
const installStamp = join(root, 'node_modules', '.bootstrap-stamp');
const buildStamp = join(root, 'web', 'dist', '.build-stamp');
const bundledNode = join(root, 'node_modules', '.bin', 'node');
const nodePackage = `node-${process.platform}-${process.arch}`;
/** What npm prints when the registry cannot be reached. */
const networkFault = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;
/** Patient enough for a slow registry, but a machine without a network hears of it within half a minute. */
const npmFlags = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--prefer-offline',
  '--loglevel=error',
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=10000',
];

function fail(message) {
  console.error(`bootstrap: ${message}`);
  process.exit(1);
}

/** Is the running Node new enough for package.json's `engines` (written as `>=major.minor`)? */
function runningNodeServes(engines) {
  const [major, minor] = engines
    .replace(/[^\d.]/g, '')
    .split('.')
    .map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= (minor ?? 0));
}

/** npm's own script, so that it can be run by a Node of our choice. */
function findNpmCli() {
  const fromPath = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'npm'));
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  for (const candidate of [process.env.npm_execpath, ...fromPath, beside]) {
    if (!candidate || !existsSync(candidate)) continue;
    const real = realpathSync(candidate);
    if (real.endsWith('npm-cli.js')) return real;
  }
  return fail('npm was not found; install npm 10 or newer');
}

function runNpm(node, args, what) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const done = spawnSync(node, [findNpmCli(), ...args, ...npmFlags], { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (done.status === 0) return;
  rmSync(runtimeDir, { recursive: true, force: true });
  const said = `${done.stderr ?? ''}${done.stdout ?? ''}`;
  const network = networkFault.exec(said);
  if (network) fail(`${what}: the npm registry cannot be reached (${network[1]}); the first start needs the network once`);
  const told = said.split('\n').find((line) => /^npm (error|ERR!)/.test(line) && !/A complete log|^npm (error|ERR!) code/.test(line));
  fail(`${what} failed: ${(told ?? done.error?.message ?? `exit code ${done.status}`).replace(/^npm (error|ERR!) /, '')}`);
}

/** Fetches the pinned runtime into .runtime and answers the path of its node. */
function fetchRuntime(lock, engines) {
  const version = lock.packages[`node_modules/${nodePackage}`]?.version;
  if (!version) fail(`Node ${process.version} is too old and there is no bundled runtime for ${nodePackage}; install Node ${engines}`);
  console.log(`bootstrap: Node ${process.version} is too old to serve; fetching ${nodePackage}@${version}`);
  rmSync(runtimeDir, { recursive: true, force: true });
  mkdirSync(runtimeDir);
  writeFileSync(join(runtimeDir, 'package.json'), '{"private":true}');
  runNpm(
    process.execPath,
    ['install', '--prefix', runtimeDir, '--no-save', '--no-package-lock', `${nodePackage}@${version}`],
    'fetching the runtime',
  );
  return join(runtimeDir, 'node_modules', nodePackage, 'bin', 'node');
}

function thisLibc() {
  return process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

/**
 * Did somebody's own `npm install` already bring what the lock file asks for? npm leaves behind what it installed. Optional
 * packages for this platform count, because npm leaves out without a word those that an old Node may not run.
 */
function alreadyInstalled(lock) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages ?? {};
  const libc = thisLibc();
  return Object.entries(lock.packages).every(([path, want]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    const foreign =
      (want.os && !want.os.includes(process.platform)) ||
      (want.cpu && !want.cpu.includes(process.arch)) ||
      (want.libc && !want.libc.includes(libc));
    // An optional package for every platform may be there only for the sake of a foreign one, which npm then leaves out.
    if (foreign || want.peer || (want.optional && !want.os && !want.cpu)) return true;
    return installed[path]?.version === want.version && existsSync(join(root, path));
  });
}

function install() {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const want = createHash('sha256').update(`${nodePackage}\n${lockText}`).digest('hex');
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === want) return;
  const lock = JSON.parse(lockText);
  const engines = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
  if (!alreadyInstalled(lock)) {
    const serves = runningNodeServes(engines);
    const node = serves ? process.execPath : fetchRuntime(lock, engines);
    console.log('bootstrap: installing the packages of package-lock.json');
    // With the new Node, because npm leaves out optional packages whose `engines` exclude the Node it runs on.
    runNpm(node, ['ci', '--include=dev', '--include=optional'], 'installing packages');
    rmSync(runtimeDir, { recursive: true, force: true });
    keepOnlyARunningNode(serves);
  }
  writeFileSync(installStamp, want);
}

/** On a system whose C library the bundled runtime does not fit, its link would hide the machine's own, good Node. */
function keepOnlyARunningNode(serves) {
  if (!existsSync(bundledNode) || spawnSync(bundledNode, ['--version']).status === 0) return;
  if (!serves) fail(`the bundled runtime ${nodePackage} does not run on this system; install a newer Node`);
  rmSync(bundledNode);
}

/** Every file below a folder, sorted, so that the hash does not depend on the order of the disk. */
function filesBelow(dir) {
  if (!existsSync(dir)) return [];
  const entries = readdirSync(dir, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)]));
}

function buildInputs() {
  const web = join(root, 'web');
  const atTop = readdirSync(web, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(web, entry.name));
  const folders = [join(web, 'src'), join(web, 'public'), join(root, 'contract', 'src'), join(root, 'client', 'src')];
  return [join(root, 'package-lock.json'), ...atTop, ...folders.flatMap(filesBelow)];
}

function build() {
  if (!existsSync(join(root, 'web', 'vite.config.ts'))) return;
  const hash = createHash('sha256');
  for (const file of buildInputs()) hash.update(`${file.slice(root.length)}\n`).update(readFileSync(file));
  const want = hash.digest('hex');
  if (existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === want) return;
  console.log('bootstrap: building the web UI');
  const node = existsSync(bundledNode) ? bundledNode : process.execPath;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const env = { ...process.env, NODE_ENV: 'production', PATH: `${dirname(bundledNode)}${delimiter}${process.env.PATH ?? ''}` };
  // Its warnings are for who works on the pages and builds them by hand; whoever starts the product reads them only if nothing came of it.
  const done = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], { cwd: join(root, 'web'), env, encoding: 'utf8' });
  if (done.status !== 0) process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  if (done.status !== 0) fail(`building the web UI failed with exit code ${done.status ?? done.error?.message}`);
  writeFileSync(buildStamp, want);
}

install();
if (process.argv.includes('--build')) build();
