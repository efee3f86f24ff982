/** Programs of the distribution that only tests need: found, or installed when we may, or named with the command to run. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { run, SetupError, step } from './steps.mjs';

/** @returns {Promise<string>} path of a Chromium or Chrome; tests get it as CHROMIUM_PATH */
export async function ensureChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return process.env.CHROMIUM_PATH ?? ensureProgram(names, ['chromium'], 'the page is tested in it; 120 MB');
}

/** What clients in other languages are built and run with. */
export async function ensureLanguages() {
  await ensureProgram(['python3'], ['python3', 'python3-venv'], 'clients in Python');
  await ensureProgram(['javac'], ['default-jdk-headless'], 'clients in Java');
  await ensureProgram(['mvn'], ['maven'], 'it fetches the OpenTelemetry agent for Java');
  await ensureProgram(['go'], ['golang-go'], 'clients in Go');
}

/** Tools that tests of system calls, libraries and executables use. */
export async function ensureTools() {
  await ensureProgram(['curl'], ['curl'], 'a client whose calls are traced');
  await ensureProgram(['gnutls-cli'], ['gnutls-bin'], 'a client with another TLS library');
  await ensureProgram(['openssl'], ['openssl'], 'it makes certificates');
  await ensureProgram(['objdump'], ['binutils'], 'the judge of machine code');
  await ensureProgram(['ip'], ['iproute2'], 'it makes network namespaces');
  await ensureProgram(['setpriv'], ['util-linux'], 'it starts programs with fewer rights');
  if (process.getuid?.() === 0) await ensureProgram(['bpftool'], ['bpftool'], 'it lists what is attached');
}

/** What captures of real traffic are made with, and checked against. */
export async function ensureServers() {
  const why = 'calls of real servers are captured';
  await ensureProgram(['tcpdump'], ['tcpdump'], 'it makes capture files');
  await ensureProgram(['tshark'], ['tshark'], 'the judge of packets');
  await ensureProgram(['nginx'], ['nginx-light'], why);
  await ensureProgram(['redis-server'], ['redis-server'], why);
  await ensureProgram(['redis-benchmark'], ['redis-tools'], why);
  await ensureProgram(['memcached'], ['memcached'], why);
  await ensureProgram(['mosquitto'], ['mosquitto'], why);
  await ensureProgram(['nats-server'], ['nats-server'], why);
  await ensureProgram(['mariadbd'], ['mariadb-server'], why);
  await ensureProgram(['pg_ctlcluster'], ['postgresql'], why);
  await ensureProgram(['dnsmasq'], ['dnsmasq-base'], why);
  await ensureProgram(['dig'], ['bind9-dnsutils'], why);
  await ensureProgram(['rabbitmq-server'], ['rabbitmq-server'], why);
  await ensureProgram(['php-fpm', 'php-fpm8.2', 'php-fpm8.3', 'php-fpm8.4'], ['php-fpm', 'php-mysql'], why);
  await ensureProgram(['wrk'], ['wrk'], why);
  await ensureProgram(['h2load'], ['nghttp2-client'], why);
}

/**
 * @param {string[]} names any of these programs will do
 * @param {string[]} packages Debian packages that bring the first
 * @param {string} why
 * @returns {Promise<string>} path of the program
 */
export async function ensureProgram(names, packages, why) {
  const found = find(names);
  if (found !== undefined) return found;
  await ensurePackages(packages, why, names[0]);
  const installed = find(names);
  if (installed === undefined)
    throw new SetupError(`${packages.join(', ')} brought no ${names[0]}: install one by hand.`);
  return installed;
}

/**
 * Installs packages of the distribution as root; otherwise throws a SetupError that says which command would.
 * @param {string[]} packages
 * @param {string} why
 * @param {string} [missing] what is not there
 */
export async function ensurePackages(packages, why, missing = packages[0]) {
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `${missing} is missing (${why}), and only root may install it. Run \`sudo apt-get ${install.join(' ')}\` and start again.`,
    );
  }
  await step(`${packages.join(', ')} from the distribution (${why})`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', install, { env });
  });
}

function find(names) {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    for (const name of names) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here; the next one.
      }
    }
  }
  return undefined;
}
