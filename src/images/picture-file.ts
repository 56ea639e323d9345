/**
 * Pictures in files (PNG, GIF, WebP and SVG): reads their sizes, and embeds them in an SVG.
 * Nothing is decoded.
 */
import type { Glyph } from './number-picture.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** For each kind of file its media type, and its size, `undefined` for another kind. */
const KINDS: Readonly<
  Record<string, { type: string; sizeOf: (bytes: Buffer) => Size | undefined }>
> = {
  png: { type: 'image/png', sizeOf: pngSize },
  gif: { type: 'image/gif', sizeOf: gifSize },
  webp: { type: 'image/webp', sizeOf: webpSize },
  svg: { type: 'image/svg+xml', sizeOf: svgSize },
};

/** The endings of the names of files. */
export const PICTURE_ENDINGS = Object.keys(KINDS);

/**
 * The picture as part of an SVG, from the bytes of a file and the ending of its name; `undefined`
 * when these bytes are no such picture, or do not say how large it is.
 */
export function glyphIn(bytes: Buffer, ending: string): Glyph | undefined {
  const kind = Object.hasOwn(KINDS, ending) ? KINDS[ending] : undefined;
  const size = kind?.sizeOf(bytes);
  if (kind === undefined || size === undefined || !(size.width > 0 && size.height > 0))
    return undefined;
  const href = `data:${kind.type};base64,${bytes.toString('base64')}`;
  const svg = `<image width="${size.width}" height="${size.height}" xlink:href="${href}"/>`;
  return { ...size, svg };
}

function has(bytes: Buffer, text: string, at: number): boolean {
  return bytes.toString('latin1', at, at + text.length) === text;
}

/** https://www.w3.org/TR/png-3/#11IHDR */
function pngSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 24 || !has(bytes, '\x89PNG\r\n\x1a\n', 0) || !has(bytes, 'IHDR', 12))
    return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** https://www.w3.org/Graphics/GIF/spec-gif89a.txt, section 18 */
function gifSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 10 || !(has(bytes, 'GIF87a', 0) || has(bytes, 'GIF89a', 0))) return undefined;
  return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
}

/** https://developers.google.com/speed/webp/docs/riff_container; the first chunk is at byte 12. */
function webpSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 30 || !has(bytes, 'RIFF', 0) || !has(bytes, 'WEBP', 8)) return undefined;
  // Lossy: 14 bits each, and 2 bits for a scale that is not used.
  if (has(bytes, 'VP8 ', 12) && has(bytes, '\x9d\x01\x2a', 23)) {
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  }
  // Lossless: 14 bits each, less 1.
  if (has(bytes, 'VP8L', 12) && bytes[20] === 0x2f) {
    const bits = bytes.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  // Extended: 24 bits each, less 1.
  if (has(bytes, 'VP8X', 12))
    return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  return undefined;
}

/** In this many characters an SVG begins; a comment may stand before. */
const SVG_BEGINNING = 4096;
/** Without this attribute browsers show nothing. */
const SVG_NAMESPACE = /\sxmlns\s*=\s*["']http:\/\/www\.w3\.org\/2000\/svg["']/;

/** From `width` and `height` in pixels, otherwise from `viewBox`. */
function svgSize(bytes: Buffer): Size | undefined {
  const beginning = bytes.toString('utf8', 0, SVG_BEGINNING);
  const root = /<svg\s[^>]*>/.exec(beginning)?.[0];
  if (root === undefined || !SVG_NAMESPACE.test(root)) return undefined;
  const [width, height] = ['width', 'height'].map(
    (name) => new RegExp(`\\s${name}\\s*=\\s*["']([\\d.]+)(?:px)?["']`).exec(root)?.[1],
  );
  const box = /\sviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(root);
  return { width: Number(width ?? box?.[1]), height: Number(height ?? box?.[2]) };
}
