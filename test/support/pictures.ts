/** Small pictures of each kind, and folders of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const decoded = (base64: string) => Buffer.from(base64, 'base64');

/** One pixel. */
export const PNG = decoded(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
);
export const GIF = decoded('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7');
/** One pixel in each of the three formats. */
export const WEBP = {
  lossy: decoded('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA'),
  lossless: decoded('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=='),
  extended: decoded(
    'UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA==',
  ),
};
export const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="40"><path d="M0 0h30v40z"/></svg>',
);

/** Writes a theme: all digits are `picture`. */
export function writeTheme(folder: string, name: string, ending = 'png', picture = PNG): void {
  mkdirSync(join(folder, name), { recursive: true });
  for (let digit = 0; digit < 10; digit++)
    writeFileSync(join(folder, name, `${digit}.${ending}`), picture);
}
