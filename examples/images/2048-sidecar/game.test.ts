import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addTile, isOver, move, slide } from './rootfs/app/js/game.js'

describe('slide', () => {
  it.each([
    [[0, 2, 0, 2], [4, 0, 0, 0], 4],
    [[2, 2, 2, 2], [4, 4, 0, 0], 8],
    [[2, 2, 4, 0], [4, 4, 0, 0], 4],
    [[4, 2, 0, 2], [4, 4, 0, 0], 4],
    [[2, 4, 2, 4], [2, 4, 2, 4], 0],
  ])('%j', (line, expected, gained) => {
    expect(slide(line)).toEqual({ line: expected, gained })
  })
})

describe('a board', () => {
  const boards = fc.array(fc.constantFrom(0, 2, 4, 8, 16), { minLength: 16, maxLength: 16 })
  const total = (board: number[]) => board.reduce((sum, tile) => sum + tile, 0)

  it('keeps the sum of its tiles in every move', () => {
    fc.assert(
      fc.property(boards, fc.constantFrom('left', 'right', 'up', 'down'), (board, direction) => {
        expect(total(move(board, direction).board)).toBe(total(board))
      }),
    )
  })

  it('is not over as long as a field is empty', () => {
    fc.assert(
      fc.property(boards, board => {
        fc.pre(board.includes(0) && total(board) > 0)
        expect(isOver(board)).toBe(false)
      }),
    )
    expect(isOver([2, 4, 2, 4, 4, 2, 4, 2, 2, 4, 2, 4, 4, 2, 4, 2])).toBe(true)
  })

  it('gets a tile on an empty field', () => {
    expect(addTile([2, 0, 2, 0, ...Array<number>(12).fill(8)], () => 0.5)[3]).toBe(2)
  })
})
