/** Visitors of today and of all days, and the kinds of visits. */
import { formatNumber } from '../../../languages/format.ts';
import { ask, type JsonAnswer } from '../ask.ts';
import { pageLanguage } from '../data.ts';

/** The visitors of a counter as the API returns them. */
export interface Visitors {
  readonly today: number;
  readonly total: number;
  readonly visits: Readonly<Record<string, number>>;
}

/** Numbers up to this one leave space for others beside them on a phone (`page.css`). */
const SHORT_MAX = 9_999_999;

/**
 * Requests the visitors of the counter at this path of the API and shows them. A private counter
 * needs its owner's token. Hides the section when they are not public. Never fails.
 */
export async function showVisitors(path: string, token?: string): Promise<JsonAnswer<Visitors>> {
  const answer = await ask<Visitors>(`${path}/visitors`, { token });
  const section = document.getElementById('visitors');
  if (!section) return answer;
  if (answer.failed === 'refused') section.hidden = true;
  if (!answer.data) return answer;
  const { today, total, visits } = answer.data;
  const figures = Object.entries({ today, total, ...visits });
  for (const [name, value] of figures) {
    const figure = section.querySelector(`[data-figure="${name}"]`);
    if (figure) figure.textContent = formatNumber(value, pageLanguage());
  }
  section.querySelector('.figures')?.toggleAttribute(
    'data-long',
    figures.some(([, value]) => Math.abs(value) > SHORT_MAX),
  );
  section.hidden = false;
  return answer;
}

/**
 * Shows or hides the note that the kinds of visits do not add up to the total. `totalBefore` was
 * the total before the visitors were requested. Never fails.
 */
export async function showDifference(
  path: string,
  token: string | undefined,
  { visits }: Visitors,
  totalBefore: number,
): Promise<void> {
  const sum = Object.values(visits).reduce((all, each) => all + each, 0);
  const note = document.getElementById('difference');
  if (note) note.hidden = !(await differs(path, token, sum, totalBefore));
}

/** Visits that came meanwhile are in the sum, and not yet in the total of before. */
async function differs(
  path: string,
  token: string | undefined,
  sum: number,
  totalBefore: number,
): Promise<boolean> {
  if (sum <= totalBefore) return sum < totalBefore;
  const { data } = await ask<{ value: number }>(path, { token });
  return data !== undefined && sum > data.value;
}
