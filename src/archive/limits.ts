/**
 * The limits on a source of an import, which bound the memory that reading it takes.
 *
 * `seen import` is a process of its own and takes more than a replica, which counts meanwhile.
 */

/** The most of each that is read. */
export interface ReadLimits {
  /** Counters of a source: each takes about 200 bytes of memory during the check. */
  readonly counters: number;
  /** Pages that become counters: each takes about two kilobytes. */
  readonly pages: number;
  /** Figures of all pages together, about 50 bytes each. */
  readonly figures: number;
  /**
   * The size of an unpacked file. One gigabyte of the same byte packs into one megabyte, which
   * would be read for hours.
   */
  readonly unpackedBytes: number;
}

/**
 * The limits of `seen import`: a thousand pages for ten years, or 40 million rows of GoatCounter.
 */
export const COMMAND_LIMITS: ReadLimits = {
  counters: 2_000_000,
  pages: 250_000,
  figures: 8_000_000,
  unpackedBytes: 4 * 1024 ** 3,
};

/** The limits of an import by a replica: at most 50 MB of memory for each of these. */
export const REPLICA_LIMITS: ReadLimits = {
  counters: 250_000,
  pages: 25_000,
  figures: 1_000_000,
  unpackedBytes: 256 * 1024 ** 2,
};
