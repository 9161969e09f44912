import { expect, test } from 'vitest'
import { Semaphore } from './semaphore.ts'

test('so many run at a time, the others in order; those that gave up never do', async () => {
  const semaphore = new Semaphore(2)
  const log: string[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  const work = (name: string, signal?: AbortSignal) =>
    semaphore.run(async () => {
      log.push(name)
      const end = Promise.withResolvers<void>()
      ends.set(name, end)
      await end.promise
      if (name === 'a') throw new Error('a failed')
      return name
    }, signal)
  const stop = new AbortController()
  const [a, b, c, d, e] = [work('a'), work('b'), work('c'), work('d', stop.signal), work('e')]
  expect(log).toEqual(['a', 'b'])
  stop.abort(new Error('enough'))
  await expect(d).rejects.toThrow('enough')
  ends.get('a')?.resolve()
  await expect(a).rejects.toThrow('a failed')
  await expect.poll(() => log).toEqual(['a', 'b', 'c'])
  ends.get('c')?.resolve()
  await expect(c).resolves.toBe('c')
  await expect.poll(() => log).toEqual(['a', 'b', 'c', 'e'])
  ends.get('b')?.resolve()
  ends.get('e')?.resolve()
  expect(await Promise.all([b, e])).toEqual(['b', 'e'])
  await expect(work('f', AbortSignal.abort(new Error('no time')))).rejects.toThrow('no time')
  expect(log).toEqual(['a', 'b', 'c', 'e'])
})
