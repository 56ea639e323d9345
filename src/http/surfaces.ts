/** All surfaces of the public port. */

import { createApi } from './api/api.ts';
import type { ArchiveOptions } from './api/archive.ts';
import { createHit } from './api/hit.ts';
import type { ApiOptions } from './api/options.ts';
import { createServices, type ServicesOptions } from './compat/services.ts';
import type { Surface } from './context.ts';
import { createImages } from './images/images.ts';
import { createLive, type LiveOptions } from './live/live.ts';
import { createEmbed } from './pages/assets.ts';
import { createPages } from './pages/pages.ts';

/** What the surfaces need, taken together. */
export type SurfaceParts = ApiOptions &
  ArchiveOptions &
  ServicesOptions &
  LiveOptions & {
    /** The path of the script for other pages. */
    readonly embedPath: string;
  };

/** The surfaces, in the order in which their routes are matched. */
export function createSurfaces(parts: SurfaceParts): Surface[] {
  const { counter, count, registry, stack, replica, embedPath } = parts;
  return [
    createPages({ registry, count, replica: stack && replica }),
    createHit(counter, count),
    createApi(parts),
    createImages(parts),
    createLive(parts),
    createEmbed(embedPath),
    ...createServices(parts),
  ];
}
