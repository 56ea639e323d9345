/** Which C library the programs of a Linux use. On Node and on Bun, because both ask. */

/** Whether it is musl, as on Alpine, and not glibc. */
export function usesMusl() {
  if (process.platform !== 'linux') return false;
  process.report.excludeNetwork = true;
  return !process.report.getReport().header.glibcVersionRuntime;
}
