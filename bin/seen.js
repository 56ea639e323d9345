#!/usr/bin/env node
/**
 * The command `seen` as npm installs it: finds the Bun that npm has installed for this machine,
 * and runs Seen on it. In a clone it runs the sources.
 *
 * Signals and the exit status go through this process. If it is killed, `seen serve` stops in
 * order, because the channel between the two closes (`src/replicas/channel.ts`). npm runs it in a
 * shell, and passes SIGTERM only to that: its end means stop, too.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { usesMusl } from './musl.js';

/** The statuses of shells for a program that was not found, and one that could not be started. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;

/** The time between two looks whether the shell of npm is still there. */
const LOOK_MS = 250;

const windows = process.platform === 'win32';

/**
 * Where Bun may be, the best place first. Some package managers install Bun for both C libraries.
 * The installation of the package `bun` moves the executable into that package.
 */
function places() {
  const system = windows ? 'windows' : process.platform;
  const name = `@oven/bun-${system}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
  const names = [name];
  if (system === 'linux') names.splice(usesMusl() ? 0 : 1, 0, `${name}-musl`);
  return [...names.map((each) => `${each}/bin/bun${windows ? '.exe' : ''}`), 'bun/bin/bun.exe'];
}

/** The path of Bun; undefined when it is not installed. */
function findBun() {
  const { resolve } = createRequire(import.meta.url);
  for (const place of places()) {
    try {
      return resolve(place);
    } catch {
      // The next place may have it.
    }
  }
  return undefined;
}

/** Bun reads neither its settings nor variables from files of the current folder. */
function flags() {
  return ['--no-env-file', `--config=${pathOf('bunfig.toml')}`];
}

/** The path of a file of Seen, by its path from this one. */
function pathOf(file) {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** Whether this is a clone, which has the sources; the package has the built program. */
function isClone() {
  return existsSync(pathOf('../src/main.ts'));
}

/** How Bun is installed. */
function remedy() {
  if (isClone()) return `First run "npm ci" in ${pathOf('..')}`;
  return `npm installs it with Seen as an optional package, on Linux, macOS and Windows with x64 or arm64.
On one of these, install Seen again, without --omit=optional.`;
}

function fail(message, status) {
  process.stderr.write(`seen: ${message}\n`);
  process.exitCode = status;
}

/** Calls `stop` when npm has started this process, and the shell between the two has ended. */
function watchNpm(stop) {
  if (windows || process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(look);
    stop();
  }, LOOK_MS);
  look.unref();
}

/** Runs Seen with these words, and ends as it ends. */
function run(bun, words) {
  // On Windows, Bun and Node have not been tested with a channel between them.
  const channel = words[0] === 'serve' && !windows ? ['ipc'] : [];
  const seen = spawn(
    bun,
    [...flags(), pathOf(isClone() ? '../src/main.ts' : '../dist/seen.js'), ...words],
    {
      stdio: ['inherit', 'inherit', 'inherit', ...channel],
    },
  );
  let stopping = false;
  const forwarders = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const forward = () => {
      if (signal !== 'SIGHUP') stopping = true;
      // Windows tells every program of the console of Ctrl-C. A signal would end Seen at once.
      if (!windows) seen.kill(signal);
    };
    process.on(signal, forward);
    return [signal, forward];
  });
  // Ctrl-C ends the shell, too. One more signal would end Seen at once if it came late.
  watchNpm(() => stopping || seen.kill('SIGTERM'));
  seen.on('error', ({ message }) => fail(`${bun} cannot be started: ${message}`, NOT_STARTED));
  seen.on('exit', (status, signal) => {
    for (const [name, forward] of forwarders) process.off(name, forward);
    if (signal === null) process.exitCode = status;
    else process.kill(process.pid, signal);
  });
}

function main(words) {
  const bun = findBun();
  if (bun !== undefined) {
    run(bun, words);
    return;
  }
  fail(
    `Bun, on which Seen runs, is not installed for ${process.platform} on ${process.arch}.
${remedy()}`,
    NOT_FOUND,
  );
}

main(process.argv.slice(2));
