/** Recognises files that cannot be imported by their first bytes, and gives advice. */

/**
 * Files of other formats, by their first bytes as Latin-1
 * (https://en.wikipedia.org/wiki/List_of_file_signatures).
 */
const SIGNATURES: readonly (readonly [readonly string[], string])[] = [
  [
    ['\x89PNG', '\xFF\xD8\xFF', 'GIF8', 'RIFF', 'BM'],
    'a picture: of a badge only the SVG can be read',
  ],
  [
    ['SQLite format 3\0'],
    'a database (SQLite). If it is that of a Seen, export it: seen export --store-url sqlite:PATH',
  ],
  [['REDIS0'], 'a dump of Redis. Start a Redis with it, and import redis://HOST:PORT/0'],
  [['%PDF'], 'a PDF: save what is in it as CSV'],
  [['\xD0\xCF\x11\xE0'], 'a document of Microsoft Office: save it as CSV'],
  [
    [
      'PK\x03\x04',
      '\x1F\x8B',
      '\x1F\x9D',
      'BZh',
      '\xFD7zXZ',
      '\x28\xB5\x2F\xFD',
      '7z\xBC\xAF',
      'Rar!',
    ],
    'packed: unpack it first',
  ],
  [['\xFF\xFE', '\xFE\xFF'], 'text in UTF-16: save it in UTF-8'],
];
/** The possible beginnings of a web page. */
const WEB_PAGE = /^\s*<(!doctype html|html|head|body)\b/i;

/**
 * The kind of a file with these first bytes, with advice; `undefined` for text that may be
 * imported.
 */
export function foreignKind(beginning: Uint8Array): string | undefined {
  const latin1 = Buffer.from(beginning).toString('latin1');
  const known = SIGNATURES.find(([starts]) => starts.some((start) => latin1.startsWith(start)));
  // Two of the signatures are short enough to begin a line of text.
  if (known && (latin1.includes('\0') || !/^(BM|RIFF)/.test(latin1))) return known[1];
  if (latin1.startsWith('ustar', 257)) return 'a tar archive: unpack it first';
  if (latin1.includes('\0')) return 'not a text file';
  if (WEB_PAGE.test(latin1.replace(/^\xEF\xBB\xBF/, '')))
    return 'a web page, perhaps a login page instead of the file';
  if (latin1.includes('\r') && !latin1.includes('\n') && /\r[^\r]/.test(latin1))
    return 'text with line ends of old Macs: save it as CSV in UTF-8';
  return undefined;
}

/** The kind of a zip file without an export, with advice. */
export function foreignZip(names: ReadonlySet<string>): string {
  if (names.has('workbook.xml') || (names.has('content.xml') && names.has('mimetype')))
    return 'a spreadsheet: save it as CSV';
  return 'a zip file without an export of GoatCounter: unpack it first';
}

/** The kind of a text that no reader supports. */
export function foreignText(beginning: string): string {
  const text = beginning.trimStart();
  if (text.startsWith('[')) return 'a JSON array';
  if (/^\{\s*"(hour|day|id)":/.test(text))
    return 'one file of an export of GoatCounter: import the whole zip file';
  if (text.startsWith('{')) return 'JSON, but not an export of Seen';
  if (text.startsWith('<')) return 'XML, but not an image (SVG)';
  return 'text, but no line has a name and a total';
}
