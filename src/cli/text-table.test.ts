import { expect, test } from 'vitest'
import { textTable } from './text-table.ts'

test('tables are aligned by letters and have no trailing blanks', () => {
  expect(
    textTable(
      ['A', 'LONG'],
      [
        ['größe', ''],
        ['x', 'y'],
      ],
    ),
  ).toEqual(['A       LONG', 'größe', 'x       y'])
  expect(textTable(['A'], [['x']], { headings: false })).toEqual(['x'])
})
