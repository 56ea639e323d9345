/**
 * Runs a command on a kernel that has no IPv6: `bun without-ipv6.ts COMMAND ARGUMENTS`.
 *
 * A filter of system calls (seccomp(2)) answers each `socket(AF_INET6, …)` with EAFNOSUPPORT, as a
 * kernel does that was started with `ipv6.disable=1`. The filter holds for the command and for all
 * that it starts, and needs no rights.
 */
import { dlopen, ptr } from 'bun:ffi';

const AF_INET6 = 10;
const EAFNOSUPPORT = 97;
/** The number of socket(2). */
const SOCKET = process.arch === 'arm64' ? 198 : 41;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
/** Operations of the classic BPF: load a word, go on when it is equal, return. */
const LOAD = 0x20;
const EQUAL = 0x15;
const RETURN = 0x06;
/** Where `struct seccomp_data` has the call's number and its first argument. */
const NUMBER = 0;
const FIRST_ARGUMENT = 16;

const { symbols: libc } = dlopen('libc.so.6', {
  prctl: { args: ['int', 'u64', 'u64', 'u64', 'u64'], returns: 'int' },
  execvp: { args: ['ptr', 'ptr'], returns: 'int' },
});

/** Each is `struct sock_filter`: operation, how many to skip when true and when false, operand. */
const filter = [
  [LOAD, 0, 0, NUMBER],
  [EQUAL, 0, 3, SOCKET],
  [LOAD, 0, 0, FIRST_ARGUMENT],
  [EQUAL, 0, 1, AF_INET6],
  [RETURN, 0, 0, SECCOMP_RET_ERRNO | EAFNOSUPPORT],
  [RETURN, 0, 0, SECCOMP_RET_ALLOW],
] as const;
const instructions = new Uint8Array(filter.length * 8);
const view = new DataView(instructions.buffer);
for (const [index, [operation, whenTrue, whenFalse, operand]] of filter.entries()) {
  view.setUint16(index * 8, operation, true);
  view.setUint8(index * 8 + 2, whenTrue);
  view.setUint8(index * 8 + 3, whenFalse);
  view.setUint32(index * 8 + 4, operand, true);
}
/** `struct sock_fprog`: the number of instructions, and where they are. */
const program = new BigUint64Array([BigInt(filter.length), BigInt(ptr(instructions))]);
if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new Error('no_new_privs is refused');
if (libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ptr(program), 0, 0) !== 0)
  throw new Error('the filter is refused');

const words = process.argv.slice(2).map((word) => new TextEncoder().encode(`${word}\0`));
const [file] = words;
if (!file) throw new Error('no command');
libc.execvp(ptr(file), ptr(new BigUint64Array([...words.map((word) => BigInt(ptr(word))), 0n])));
throw new Error('the command cannot be run');
