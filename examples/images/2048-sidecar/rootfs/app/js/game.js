/** The rules of 2048, without a screen. A board is 16 numbers, row by row; 0 is an empty field. */

/** Slides one line towards its start. @param {number[]} line @returns {{ line: number[], gained: number }} */
export function slide(line) {
  const tiles = line.filter(tile => tile > 0)
  const merged = []
  let gained = 0
  while (tiles.length > 0) {
    const tile = tiles.shift()
    if (tiles[0] === tile) {
      merged.push(tile + tiles.shift())
      gained += 2 * tile
    } else merged.push(tile)
  }
  return { line: [...merged, ...Array(line.length - merged.length).fill(0)], gained }
}

const lines = {
  left: row => [0, 1, 2, 3].map(column => 4 * row + column),
  right: row => [3, 2, 1, 0].map(column => 4 * row + column),
  up: column => [0, 1, 2, 3].map(row => 4 * row + column),
  down: column => [3, 2, 1, 0].map(row => 4 * row + column),
}

/** @param {number[]} board @param {'left' | 'right' | 'up' | 'down'} direction */
export function move(board, direction) {
  const next = [...board]
  let gained = 0
  for (const number of [0, 1, 2, 3]) {
    const fields = lines[direction](number)
    const result = slide(fields.map(field => board[field]))
    fields.forEach((field, at) => (next[field] = result.line[at]))
    gained += result.gained
  }
  return { board: next, gained, moved: next.some((tile, field) => tile !== board[field]) }
}

/** Puts a new tile on an empty field. @param {number[]} board @param {() => number} random from 0 to 1 */
export function addTile(board, random = Math.random) {
  const empty = board.flatMap((tile, field) => (tile === 0 ? [field] : []))
  const field = empty[Math.floor(random() * empty.length)]
  return board.map((tile, at) => (at === field ? (random() < 0.9 ? 2 : 4) : tile))
}

/** @param {number[]} board */
export const isOver = board => Object.keys(lines).every(direction => !move(board, direction).moved)
