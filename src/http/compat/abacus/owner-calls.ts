/**
 * The calls of Abacus that only a counter's owner may make. They check the token first, as Abacus
 * does. Not here: the calls for everybody (`calls.ts`).
 */

import type { Condition, Description } from '../../../contract/registry.ts';
import { AppError, isAppError } from '../../../counter/errors.ts';
import { type NamedCounter, wholeNumber } from '../shared.ts';
import type { Reply } from './answer.ts';
import { type AbacusParts, fullKey, withMessage } from './calls.ts';
import { type Call, isName, namedIn, requireName, tokenIn } from './request.ts';

const SET_FAILED = 'Failed to set data. Try again later.';

/** A counter on which this request may make every call. */
interface Owned {
  readonly named: NamedCounter;
  /** `undefined` when the counter does not exist. */
  readonly found: Description | undefined;
  /** Must still hold when the counter is changed. */
  readonly condition: Condition;
}

/**
 * Returns the counter of a request, after checking its token. Fails with Abacus' errors, in the
 * same order.
 */
async function owned(call: Call, { registry, owners }: AbacusParts): Promise<Owned> {
  const token = tokenIn(call);
  if (token === undefined) {
    throw new AppError(
      'request-invalid',
      'Token is required, please provide a token in the format of a Bearer token header or ?token=ADMIN_TOKEN',
    );
  }
  const named = namedIn(call);
  const found = isName(named)
    ? await withMessage('Failed to verify token. Try again later.', registry.describe(named.name))
    : undefined;
  if (owners.isInstallationToken(token)) {
    requireName(named);
    return { named, found, condition: {} };
  }
  if (found?.owner === undefined) {
    throw new AppError(
      'request-invalid',
      'This entry is genuine and does not have an admin key. You cannot delete it. If you wanted to delete it, you should have created it with the /create endpoint.',
    );
  }
  if (!owners.isOwnerToken(token, found.owner)) throw invalid();
  return { named, found, condition: { owner: found.owner } };
}

/**
 * The number in the parameter `value`. Fails with `request-invalid`, and the message `wrong` when
 * it is not a number.
 */
function valueIn({ query }: Call, wrong: string): number {
  const text = query.get('value') ?? '';
  if (text === '') {
    throw new AppError(
      'request-invalid',
      'value is required, please provide a number in the fmt of ?value=NEW_VALUE',
    );
  }
  const value = wholeNumber(text);
  if (value === undefined) throw new AppError('request-invalid', wrong);
  return value;
}

/** Sets a counter, for its owner. */
export async function set(call: Call, parts: AbacusParts): Promise<Reply> {
  const counter = await owned(call, parts);
  return setTo(counter, valueIn(call, 'value must be a number'), parts);
}

/** Sets a counter to 0, for its owner. */
export async function reset(call: Call, parts: AbacusParts): Promise<Reply> {
  return setTo(await owned(call, parts), 0, parts);
}

async function setTo(
  { named, condition }: Owned,
  value: number,
  { registry }: AbacusParts,
): Promise<Reply> {
  const changed = await withMessage(
    SET_FAILED,
    registry.change(named.name, { total: value }, condition),
  );
  if (changed === 'differs') throw invalid();
  if (changed !== 'missing') return { status: 200, body: { value } };
  return { status: 409, body: { error: 'Key does not exist, please use a different key.' } };
}

function invalid(): AppError {
  return new AppError('token-refused', 'token is invalid');
}

/** Adds any amount, for its owner. */
export async function update(call: Call, parts: AbacusParts): Promise<Reply> {
  const { named, found } = await owned(call, parts);
  const amount = valueIn(call, 'value must be a number, this means no floats.');
  if (amount === 0) {
    throw new AppError(
      'request-invalid',
      'changing value by 0 does nothing, please provide a non-zero value in the fmt of ?value=NEW_VALUE',
    );
  }
  const missing: Reply = {
    status: 409,
    body: { error: 'Key does not exist, please first create it using /create.' },
  };
  if (!found) return missing;
  try {
    return {
      status: 200,
      body: {
        value: await withMessage(SET_FAILED, call.count(named.name, { amount, reveal: true })),
      },
    };
  } catch (error) {
    if (isAppError(error, 'counter-missing')) return missing;
    throw error;
  }
}

/** Deletes a counter and all its data, for its owner. */
export async function remove(call: Call, parts: AbacusParts): Promise<Reply> {
  const { named, condition } = await owned(call, parts);
  const [outcome] = await withMessage(SET_FAILED, parts.registry.delete([named.name], condition));
  if (outcome === 'differs') throw invalid();
  return { status: 200, body: { status: 'ok', message: `Deleted key: ${fullKey(named)}` } };
}
