/**
 * Values that a hostile client may send: in each header, in the path, in each parameter of a
 * query, and as bodies.
 *
 * Each value is a prefix, a piece that is repeated up to a length, and a suffix. Most of them make
 * a regular expression or a parser start over again and again. A header without values of its own
 * gets those of `ANYWHERE`.
 */

/** Makes a value of about `length` characters. */
export type Hostile = (length: number) => string;

function repeated(piece: string, prefix = '', suffix = ''): Hostile {
  return (length) => {
    const times = Math.max(0, Math.floor((length - prefix.length - suffix.length) / piece.length));
    return prefix + piece.repeat(times) + suffix;
  };
}

/** Chinese letters, three bytes each, with a dot after each 600. */
function differentLetters(bytes: number): string {
  return Array.from({ length: Math.max(0, Math.floor(bytes / 3)) }, (_, index) =>
    index % 600 === 599 ? '.' : String.fromCharCode(0x4e00 + ((index * 7919) % 20_000)),
  ).join('');
}

/** The same as a header or a URL may contain them; each letter has nine characters there. */
function encodedLetters(length: number): string {
  return encodeURIComponent(differentLetters(length / 3));
}

/** Pieces that parsers of any kind may stumble over. */
export const ANYWHERE: readonly Hostile[] = [
  repeated('a'),
  repeated(',', 'a', 'a'),
  repeated(' ', 'a', 'a'),
  repeated('a,'),
  repeated(';', 'a', 'a'),
  repeated('"\\', '"'),
  repeated('1', '', 'x'),
  repeated('.', '', 'x'),
];

/** Each header that the code reads, in lower case, with values made for what reads it. */
export const HEADERS: Readonly<Record<string, readonly Hostile[]>> = {
  accept: [
    repeated('a/b;q=0.1,', '', '*/*;q=0'),
    repeated('text/*;q=0.5,'),
    repeated('x;', 'text/html;'),
    repeated('\\"', 'text/html;a="'),
    repeated('1', 'text/html;q=0.', 'x'),
    (length) =>
      Array.from({ length: Math.floor(length / 14) }, (_, index) => `a/b;q=0.${index}`)
        .join(',')
        .slice(0, length),
  ],
  'accept-encoding': [
    repeated('1', 'gzip;q=.', 'x'),
    repeated('0', 'gzip;q=', 'x'),
    repeated('0', 'gzip;q=0.', '\u00a01'),
    repeated(' ', 'gzip;', 'x'),
    repeated('gzip;q=0,'),
    repeated(' ,', 'gzip ', 'x'),
  ],
  'accept-language': [
    repeated('a,'),
    repeated('ko,'),
    repeated('ko-KR;q=0.1,', '', 'en'),
    repeated('-x-a', 'en'),
    repeated('1', 'en;q=0.', 'x'),
    // As long as a header that is read: of tags that take long, and of as many as possible.
    () => repeated('zh-Hant-TW-u-nu-latn,')(256),
    () => repeated('x,')(256),
  ],
  authorization: [
    repeated(' ', 'Bearer ', '\u00e9'),
    repeated('a', 'Bearer ', ' '),
    repeated('a', 'Bearer '),
    repeated('Bearer '),
  ],
  // Bun refuses what is not a number.
  'content-length': [repeated('1'), repeated('0', '', '1')],
  'content-type': [
    repeated('a', 'multipart/form-data; boundary='),
    repeated('; a=b', 'application/json'),
    repeated(' ', 'application/json', ';'),
  ],
  cookie: [
    repeated('; seen_own_visits=ou'),
    repeated('; ', 'seen_own_visits=out'),
    repeated(';', '', 'seen_own_visits=out'),
    repeated('a=b; '),
  ],
  host: [
    repeated('a.', '', ':1'),
    repeated('1', 'a:', 'x'),
    repeated('1', 'a:'),
    repeated(':1'),
    repeated('['),
    encodedLetters,
    (length) => `${encodedLetters(length)}[`,
  ],
  'idempotency-key': [repeated('"'), repeated('"x', '"', ' '), repeated('x', '"', '"')],
  'if-none-match': [
    repeated('"a",'),
    repeated('W/'),
    repeated(',W/"', '*'),
    repeated(' ', '"', '"'),
  ],
  'last-event-id': [repeated('1.', '', '_'), repeated('_.'), repeated('-1'), repeated('1')],
  origin: [
    repeated('a.', 'https://'),
    repeated('@', 'https://a'),
    repeated('1', 'https://a:'),
    repeated('xn--a.', 'http://'),
    (length) => `http://${encodedLetters(length - 10)}`,
  ],
  purpose: [repeated('prefetc '), repeated('-prefetch')],
  referer: [
    repeated('/', 'https://a.example'),
    repeated('../a/', 'https://a.example/'),
    repeated('%', 'https://a.example/'),
    repeated('xn--a.', 'http://'),
    repeated('\u00e9', 'https://a.example/'),
    (length) => `http://${encodedLetters(length - 10)}`,
  ],
  'sec-purpose': [repeated('prefetc '), repeated('prerende-')],
  // Bun refuses what is not a chunked body.
  'transfer-encoding': [repeated('chunked,'), repeated(' ', 'a', 'a')],
  'user-agent': [
    repeated('Fastmail'),
    repeated('BingPreview/'),
    repeated('Outlook-Image-', '', 'x'),
    repeated('CFNetwork'),
    repeated(' ', 'a', 'a'),
    repeated('a1/', 'b '),
    repeated('1.', 'a/1', '!'),
    repeated('w ', '', '/1.0'),
    repeated('; a', '', '!'),
    repeated('a', '@', '!'),
    repeated('a1 1.1 ', 'mozilla/5.0 (', '!'),
    repeated('google', 'channel/'),
    repeated('news', '', 'sapphire'),
    repeated('lib', '', '!'),
    repeated('a a', '', '!'),
  ],
  'x-forwarded-for': [
    repeated('192.0.2.80,'),
    repeated(', 192.0.2.80', '203.0.113.1'),
    repeated(',[2001:db8::1]:4001', 'x'),
    repeated(':', '', ',192.0.2.80'),
    repeated('1.', '::ffff:'),
    repeated('"', '', ','),
    repeated('[', '', ']:1'),
    repeated('1', '203.0.113.1:'),
  ],
  'x-forwarded-proto': [repeated('https,'), repeated(' ', 'https', 'https')],
  'x-bsz-referer': [
    repeated('/', 'https://a.example'),
    repeated('/index', 'https://a.example/', '/x'),
    repeated('%', 'https://a.example/'),
    repeated('%41', 'https://a.example/'),
    repeated('xn--a.', 'http://'),
    repeated('http:', '', '['),
    (length) => `http://${encodedLetters(length - 10)}`,
  ],
  'x-moz': [repeated('prefetc '), repeated('preview_')],
  'x-purpose': [repeated('prefetc '), repeated('preview_')],
};

/** What a path may go on with after the part that chooses the route. */
export const PATHS: readonly Hostile[] = [
  repeated('a'),
  repeated('/'),
  repeated('/', 'a', 'a'),
  repeated('a/'),
  repeated('%41'),
  repeated('%'),
  repeated('%25'),
  repeated('%ff'),
  repeated('.'),
  repeated('../'),
  repeated('-'),
];

/** Each parameter of a query, with values made for it. */
export const PARAMETERS: readonly Hostile[] = [
  ...ANYWHERE,
  repeated('%25'),
  repeated('&a=b'),
  repeated('+'),
  repeated('hits,'),
  repeated('abc/abc,'),
  repeated('a.', 'a'),
  repeated(' ', 'rgb('),
  repeated('1', 'rgba(1,1,1,'),
  repeated('1 ', 'hsl('),
  repeated(' ', 'hsl(1 1% 1%', '/'),
  repeated('-bold', 'arial'),
  repeated('-a', 'en'),
  repeated('-u-nu-latn', 'en'),
  repeated('W', ''),
  repeated('\u{1F600}'),
];

/** Bodies for routes that read JSON. */
export const JSON_BODIES: readonly Hostile[] = [
  repeated('['),
  (length) => '['.repeat(length / 2) + ']'.repeat(length / 2),
  repeated('{"a":'),
  repeated(' ', '{"value":1', '}'),
  repeated('1', '{"value":', '}'),
  repeated('a', '{"name":"', '"}'),
  repeated('a/', '{"name":"', '"}'),
  repeated('a', '{"visitor":"', '"}'),
  repeated('a', '{"title":"', '"}'),
  repeated('\u{1F600}', '{"title":"', '"}'),
  repeated('a', '{"link":"https://', '"}'),
  repeated('../a/', '{"link":"https://a.example/', '"}'),
  // The longest link that is parsed, in each of its parts.
  (length) => `{"value":1,"link":"https://${differentLetters(1400)}/${length}"}`,
  (length) => `{"value":1,"link":"https://a/${'é'.repeat(470)}${length}"}`,
  repeated('/', '{"url":"https://a.example', '"}'),
  repeated('xn--a.', '{"url":"http://', '"}'),
  // Labels of a host that are costly to encode, because all their letters differ.
  (length) => `{"url":"http://${differentLetters(length - 20)}"}`,
  (length) =>
    `{${Array.from({ length: Math.floor(length / 9) }, (_, index) => `"${index}":1`).join(',')}}`,
  (length) => `[${'{},'.repeat(length / 3 - 1)}{}]`,
];

/** Bodies for routes that read a form. */
export const FORM_BODIES: readonly Hostile[] = [
  repeated('a=b&'),
  repeated('&'),
  repeated('%41'),
  repeated('%'),
  (length) => Array.from({ length: Math.floor(length / 6) }, (_, index) => `a${index}=`).join('&'),
  repeated('a.b[c]=d&'),
  repeated('visits=out&'),
];
/** Bodies for routes that read a form, when its boundary is `x`. */
export const MULTIPART_BODIES: readonly Hostile[] = [
  repeated('--x\r\n'),
  repeated('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n', '', '--x--'),
  repeated('\r\n--', '--x\r\n'),
  repeated('a', '--x\r\nContent-Disposition: form-data; name="', '"\r\n\r\n\r\n--x--'),
];
