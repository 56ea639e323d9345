/**
 * `/logos.json`: the slugs and titles of all logos, for pages on which people choose one. Not
 * here: the logos (`images/logo-files.ts`).
 */
import { logoNames } from '../../images/logo-files.ts';
import { type Asset, assetOf } from '../../page/bundle.ts';
import type { AppHandler } from '../context.ts';
import { publicAsset } from '../pages/assets.ts';

/** A day. The list changes with a version of Seen. */
const KEPT_SECONDS = 24 * 3600;

let list: Asset | undefined;

/** The handler of the list. `headers` are those of every response. */
export function logoList(headers: Headers): AppHandler {
  const make = async () => {
    // Made once for all, as the scripts are. Level 9 takes six times as long for 150 bytes less.
    list ??= assetOf(JSON.stringify(await logoNames()), 6);
    return list;
  };
  return publicAsset('application/json', make, KEPT_SECONDS, headers);
}
