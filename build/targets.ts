/**
 * The systems that Seen is built for, and the npm package that has Bun for each. `libc` is the C
 * library: musl is that of Alpine.
 */
import { usesMusl } from '../bin/musl.js';
import { dependencies } from '../package.json' with { type: 'json' };

/** The version of Bun that Seen runs on everywhere. */
export const BUN_VERSION = dependencies.bun;

/** A system: its name here and in the names of files, and Bun's package for it. */
export interface Target {
  readonly name: string;
  readonly bunPackage: string;
  /** The name of the system, as `bun build --compile --target` takes it. */
  readonly compile: Bun.Build.CompileTarget;
  /** What executable files end with. */
  readonly suffix: '' | '.exe';
  /** What has to be done with an executable before it starts there. */
  readonly advice: string;
}

/** Bun 1.4.5 leaves Bun's own signature in this one, which does not fit any more. */
const SIGN = 'Sign it on a Mac before its first start: codesign --force --sign - seen-darwin-x64';

/** All systems. */
export const TARGETS: readonly Target[] = [
  target('linux-x64'),
  target('linux-x64-musl'),
  target('linux-arm64'),
  target('linux-arm64-musl'),
  target('darwin-x64'),
  target('darwin-arm64'),
  target('windows-x64'),
  target('windows-arm64'),
];

/** The system of this machine. Fails when Seen is not built for it. */
export function thisTarget(): Target {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `${system}-${process.arch}${usesMusl() ? '-musl' : ''}`;
  const found = TARGETS.find((each) => each.name === name);
  if (!found) throw new Error(`Seen is not built for ${name}.`);
  return found;
}

function target(name: string): Target {
  const bunName = `bun-${name.replace('arm64', 'aarch64')}`;
  return {
    name,
    bunPackage: `@oven/${bunName}`,
    compile: `bun-${name}` as Bun.Build.CompileTarget,
    suffix: name.startsWith('windows') ? '.exe' : '',
    advice: name === 'darwin-x64' ? SIGN : '',
  };
}
