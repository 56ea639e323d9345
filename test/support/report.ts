/** Reads a test runner's report in JUnit's format: how many tests passed, and which failed. */

/** What came of a run. Those tried are those passed, failed and skipped. */
export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly tried: number;
  /** Of each test that failed its file, its name and the error. */
  readonly failures: readonly string[];
  /** How long each file took, in seconds. */
  readonly files: readonly { readonly file: string; readonly seconds: number }[];
}

/**
 * Reads it; of what is no report nothing was tried. The runner writes the error of a failure
 * between its tags.
 */
export function readReport(xml: string): Report {
  const totals = /<testsuites [^>]*tests="(\d+)"[^>]*failures="(\d+)"[^>]*skipped="(\d+)"/.exec(
    xml,
  );
  const [tried = 0, failed = 0, skipped = 0] = (totals ?? []).slice(1).map(Number);
  const failures = xml.matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)"[^>]*file="([^"]*)"[^>]*[^/]>\s*<failure[^>]*?(?:\/>|>([^<]*)<)/g,
  );
  const files = xml.matchAll(/<testsuite name="([^"]*)" file="\1" [^>]*time="([\d.]+)"/g);
  return {
    passed: tried - failed - skipped,
    failed,
    tried,
    failures: [...failures].map(([, name = '', group = '', file = '', error = '']) =>
      plain(`${file} > ${group ? `${group} > ` : ''}${name}\n${error.trim()}`),
    ),
    files: [...files].map(([, file = '', seconds]) => ({ file, seconds: Number(seconds) })),
  };
}

const MARKS: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
};

function plain(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (all, code, mark) =>
    code ? String.fromCodePoint(Number(code)) : (MARKS[mark] ?? all),
  );
}
