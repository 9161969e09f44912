import { describe, expect, it } from 'vitest'
import { commandLine } from './command-line.ts'
import { RuntimeError } from './runtime-error.ts'

const image = { entrypoint: ['/entry'], command: ['serve'] }

describe('commandLine', () => {
  it.each([
    ['the image alone', undefined, undefined, ['/entry', 'serve']],
    ['args replace the command of the image', undefined, ['test'], ['/entry', 'test']],
    ['command replaces both', ['/bin/run'], undefined, ['/bin/run']],
    ['command and args', ['/bin/run'], ['a', 'b c'], ['/bin/run', 'a', 'b c']],
    ['empty lists count as absent', [], [], ['/entry', 'serve']],
  ])('%s', (_, command, args, expected) => {
    expect(commandLine(image, command, args)).toEqual(expected)
  })

  it('refuses an image and a container without any command', () => {
    expect(() => commandLine({ entrypoint: [], command: [] }, undefined, undefined)).toThrow(RuntimeError)
  })
})
