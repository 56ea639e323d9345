/**
 * The user's list of names for the sites and pages of a busuanzi, indexed by the hashes under
 * which it counts them.
 *
 * A browser sends `location.href` to a busuanzi, which hashes the host and the decoded path, as
 * Go's net/url parses them. This file does the same: `/%E4%BD%A0/`, `/你/` and `/你/?q#f` are one
 * page, `Example.COM` and `example.com` one host.
 */
import { createHash } from 'node:crypto';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import { excerpt, mistakeAt, readName, SourceError } from '../item.ts';
import type { Line } from '../reading/bytes.ts';
import { cellsOf, isSeparatorLine, separatorOf, withoutEmptyEnd } from '../reading/csv.ts';

/** A site or page and its counter, as it stands in a line of the list. */
export interface NamedPage {
  readonly line: number;
  readonly address: string;
  readonly counter: string;
}

/** The maximum number of lines: each takes about a kilobyte of memory. */
const NAMES_MAX = 200_000;

/** The list of names. */
export class Names {
  readonly #named = new Map<string, NamedPage>();
  readonly #found = new Set<NamedPage>();
  readonly #all: NamedPage[] = [];

  /** Whether the list is empty. */
  get empty(): boolean {
    return this.#all.length === 0;
  }

  /** The counter of a site by its hash, in either length. */
  site(hash: string): string | undefined {
    return this.#find(short(hash));
  }

  /**
   * The counter of a page by the hashes of site and page; without the site's hash, by a hash of
   * host and path.
   */
  page(site: string | undefined, page: string): string | undefined {
    return this.#find(site === undefined ? `? ${short(page)}` : `${short(site)} ${short(page)}`);
  }

  /** The lines that match nothing. */
  unfound(): NamedPage[] {
    return this.#all.filter((named) => !this.#found.has(named));
  }

  /**
   * Adds a line. Fails with `SourceError` when it is invalid, or another line has the same site or
   * page.
   */
  add(named: NamedPage): void {
    if (this.#all.length === NAMES_MAX)
      throw new SourceError(`there are more than ${NAMES_MAX} names`);
    const [main = '', ...more] = keysOf(named.address);
    const before = this.#named.get(main);
    if (before && before.counter !== named.counter) {
      throw new SourceError(
        `${excerpt(named.address)} is already in line ${before.line}, as ${before.counter}: ` +
          'remove one of the two',
      );
    }
    if (before) return;
    this.#all.push(named);
    for (const key of [main, ...more]) this.#named.set(key, named);
  }

  #find(key: string): string | undefined {
    const named = this.#named.get(key);
    if (named) this.#found.add(named);
    return named?.counter;
  }
}

/**
 * The names of a list of `ADDRESS,NAMESPACE/KEY` a line: `example.com` is the whole site,
 * `example.com/` and `example.com/about` are pages of it. Fails with `SourceError`.
 */
export async function readNames(lines: AsyncIterable<Line>): Promise<Names> {
  const names = new Names();
  for await (const { number, text, wrong } of lines) {
    try {
      if (wrong !== undefined) throw new SourceError(wrong);
      const named = namedIn(text, number);
      if (named) names.add(named);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new SourceError(mistakeAt(`line ${number} of the names`, error.message));
    }
  }
  return names;
}

/** Parses a line; `undefined` for blank lines, comments and headings. Fails with `SourceError`. */
function namedIn(line: string, number: number): NamedPage | undefined {
  const text = line.trim();
  if (/^"?#/.test(text) || isSeparatorLine(text)) return undefined;
  const cells = cellsOf(text, separatorOf(text));
  const [address = '', counter = '', ...more] =
    typeof cells === 'string' ? [] : withoutEmptyEnd(cells, 0).map((cell) => cell.trim());
  if (address === '' && counter === '') return undefined;
  // A line of headings, which spreadsheets have.
  if (number === 1 && !/[./]/.test(address + counter) && counter !== DEFAULT_COUNTER)
    return undefined;
  if (address !== '' && counter !== '' && more.length === 0)
    return { line: number, address, counter: readName(counter) };
  throw new SourceError(
    `${excerpt(text)} is not an address and a name: write ADDRESS,NAMESPACE/KEY, as in ` +
      'example.com/about,my-site/about, with quotes around an address that has a comma',
  );
}

/**
 * The keys of a site or page, the main one first. Fails with `SourceError` for an invalid address.
 */
function keysOf(address: string): string[] {
  const rest = address.replace(/^(https?:)?\/\//i, '');
  const url = URL.parse(`https://${rest}`);
  if (!url || url.username !== '' || /\s/.test(url.host))
    throw new SourceError(
      `${excerpt(address)} is not an address: write it as in example.com/about`,
    );
  // Browsers leave out default ports.
  const host = url.host.replace(/:80$/, '');
  const site = hashOf(host);
  if (!/[/?#]/.test(rest)) return [site];
  const paths = [decoded(url.pathname), Buffer.from(url.pathname)];
  const withHost = (between: string) =>
    paths.map((path) => hashOf(Buffer.concat([Buffer.from(host + between), path])));
  // The hashes of a page in versions since 2.8, in earlier ones, and in the first ones, which
  // stored pages without their site.
  const [modern, older, first] = [paths.map(hashOf), withHost('&'), withHost('')];
  const keys = [
    ...[...modern, ...older, ...first].map((page) => `${site} ${page}`),
    ...[...older, ...first].map((page) => `? ${page}`),
  ];
  return [...new Set(keys)];
}

/** The bytes of a path without percent-encoding, which need not be text. */
function decoded(path: string): Buffer {
  const bytes = Buffer.from(path).toString('latin1');
  return Buffer.from(
    bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
}

/** The short form of a busuanzi's hash, which is a part of the long form. */
function hashOf(text: string | Uint8Array): string {
  return short(createHash('md5').update(text).digest('hex'));
}

function short(hash: string): string {
  return hash.length === 32 ? hash.slice(8, 24) : hash;
}
