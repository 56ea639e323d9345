/**
 * The forms of issues: GitHub shows no form with an error, and says so only on its own pages. The
 * rules: https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../../support/program.ts';

const FOLDER = join(ROOT, '.github/ISSUE_TEMPLATE');
const text = z.string().min(1);
const validations = z.strictObject({ required: z.boolean() }).optional();
const id = z.string().regex(/^[A-Za-z0-9_-]+$/);
const described = { label: text, description: text.optional() };
const typed = { ...described, placeholder: text.optional(), value: text.optional() };

const field = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('markdown'), attributes: z.strictObject({ value: text }) }),
  z.strictObject({
    type: z.literal('textarea'),
    id,
    attributes: z.strictObject({ ...typed, render: text.optional() }),
    validations,
  }),
  z.strictObject({ type: z.literal('input'), id, attributes: z.strictObject(typed), validations }),
  z.strictObject({
    type: z.literal('dropdown'),
    id,
    attributes: z.strictObject({
      ...described,
      // GitHub adds “None” itself, and takes no option twice.
      options: z.array(text.refine((option) => option.toLowerCase() !== 'none')).min(1),
    }),
    validations,
  }),
]);

const form = z.strictObject({
  name: z.string().min(3),
  description: z.string().min(3),
  title: text.optional(),
  labels: z.array(text).optional(),
  body: z.array(field).min(1),
});

describe('the forms of issues', () => {
  const files = readdirSync(FOLDER).filter((file) => file !== 'config.yml');

  for (const file of files) {
    test(`${file} follows GitHub's rules`, () => {
      const { body } = form.parse(Bun.YAML.parse(readFileSync(join(FOLDER, file), 'utf8')));
      const fields = body.flatMap((each) => (each.type === 'markdown' ? [] : [each]));
      expect(fields.length).toBeGreaterThan(0);
      for (const values of [
        fields.map((each) => each.id),
        fields.map(({ attributes }) => attributes.label),
        ...fields.map((each) => (each.type === 'dropdown' ? each.attributes.options : [])),
      ])
        expect(values).toEqual([...new Set(values)]);
    });
  }

  test('are those for bugs, wrong counters and features', () => {
    expect(files.toSorted()).toEqual(['bug.yml', 'counter-wrong.yml', 'feature.yml']);
  });
});
