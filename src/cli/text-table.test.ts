import { expect, test } from 'vitest'
import { TextTable, textTable } from './text-table.ts'

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

test('rows that come later keep to the columns', () => {
  const table = new TextTable(['NAME', 'AGE'])
  expect(table.lines([['minecraft', '1s']])).toEqual(['NAME        AGE', 'minecraft   1s'])
  expect(table.lines([['a', '2s']])).toEqual(['a           2s'])
})
