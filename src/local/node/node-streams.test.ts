import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isReady, NodeFixture, statusOf } from './node-fixture.ts'
import type { LogQuery } from './streams.ts'

const namespace = 'default'
const query: LogQuery = { follow: false, previous: false, timestamps: false }
const never = new AbortController().signal

async function text(stream: unknown): Promise<string> {
  let result = ''
  for await (const chunk of stream as AsyncIterable<Uint8Array>) result += Buffer.from(chunk).toString()
  return result
}

let on: NodeFixture
beforeEach(async () => {
  on = await NodeFixture.start()
})
afterEach(() => on[Symbol.asyncDispose]())

describe('streams of a node:', { timeout: 20_000 }, () => {
  test('logs of this run and of the one before', async () => {
    await on.create({})
    await on.until(isReady)
    await on.runtime.current('main').say('first')
    on.runtime.current('main').end(1)
    await on.until(pod => isReady(pod) && statusOf(pod, 'main')?.restartCount === 1)
    await on.runtime.current('main').say('second')
    const ref = { namespace, pod: 'p' }
    expect(await text(await on.streams.logs(ref, query, never))).toBe('second\n')
    expect(await text(await on.streams.logs(ref, { ...query, previous: true }, never))).toBe('first\n')
    const followed = on.streams.logs(ref, { ...query, follow: true }, never).then(text)
    await on.runtime.current('main').say('third')
    on.runtime.current('main').end(0)
    expect(await followed).toBe('second\nthird\n')
  })

  test('streams say why they cannot', async () => {
    on.runtime.unknownImages.add('m:1')
    const ref = { namespace, pod: 'p' }
    expect(await on.streams.logs(ref, query, never)).toMatchObject({ refused: true, status: 404 })
    await on.create({})
    await on.until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'ErrImagePull')
    expect(await on.streams.logs(ref, query, never)).toMatchObject({
      status: 400,
      message: expect.stringContaining('is waiting to start') as string,
    })
    expect(await on.streams.exec({ ...ref, container: 'nope' }, { command: ['x'], stdin: false, tty: false }, never)).toMatchObject({
      status: 400,
    })
  })

  test('commands run in the default container', async () => {
    await on.create(
      {
        containers: [
          { name: 'helper', image: 'h:1' },
          { name: 'main', image: 'm:1' },
        ],
      },
      { 'kubectl.kubernetes.io/default-container': 'main' },
    )
    await on.until(isReady)
    const session = await on.streams.exec({ namespace, pod: 'p' }, { command: ['reload'], stdin: false, tty: false }, never)
    if ('refused' in session) throw new Error(session.message)
    expect(await text(session.stdout)).toBe('reload')
    expect(on.runtime.log).toContain('exec main: reload')
  })
})
