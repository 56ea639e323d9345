/** An invisible image: a transparent GIF of one pixel. */

/** The GIF. */
export function pixel(): Buffer<ArrayBuffer> {
  return Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
}
