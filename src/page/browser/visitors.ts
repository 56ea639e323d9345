/** Visitors of today and of all days, and the kinds of visits. */
import { ask, type JsonAnswer } from './ask.ts';
import { formatNumber } from './words.ts';

interface Visitors {
  readonly today: number;
  readonly total: number;
  readonly visits: Readonly<Record<string, number>>;
}

/** Numbers up to this one leave space for others beside them on a phone (`page.css`). */
const SHORT_MAX = 9_999_999;

/** Requests the visitors and shows them. Hides them when they are not public. Never fails. */
export async function showVisitors(path: string): Promise<JsonAnswer<unknown>> {
  const answer = await ask<Visitors>(`${path}/visitors`);
  const section = document.getElementById('visitors');
  if (!section) return answer;
  if (answer.failed === 'refused') section.hidden = true;
  if (!answer.data) return answer;
  const { today, total, visits } = answer.data;
  const figures = Object.entries({ today, total, ...visits });
  for (const [name, value] of figures) {
    const figure = section.querySelector(`[data-figure="${name}"]`);
    if (figure) figure.textContent = formatNumber(value);
  }
  section.querySelector('.figures')?.toggleAttribute(
    'data-long',
    figures.some(([, value]) => Math.abs(value) > SHORT_MAX),
  );
  section.hidden = false;
  return answer;
}
