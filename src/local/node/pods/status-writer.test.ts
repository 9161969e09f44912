import { expect, test } from 'vitest'
import { ApiError } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { FakeClock } from '../../../kube/fake-clock.ts'
import { noopLogger } from '../../../kube/logger.ts'
import type { PodStatus } from '../../../apis/core/types.generated.ts'
import type { PodObject } from './container-state.ts'
import { StatusWriter } from './status-writer.ts'

function setUp() {
  const clock = new FakeClock()
  const writes: string[] = []
  const world = { phase: 'Pending' as NonNullable<PodStatus['phase']>, failure: undefined as Error | undefined, ignores: false }
  let pod: PodObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    status: { phase: 'Pending' },
  }
  const client = {
    patch: (_type: unknown, _ref: unknown, patch: { status: PodStatus }) => {
      if (world.failure !== undefined) return Promise.reject(world.failure)
      writes.push(`${clock.now() - start} ${patch.status.phase ?? ''}`)
      return Promise.resolve(world.ignores ? pod : { ...pod, status: { ...pod.status, ...patch.status } })
    },
  } as unknown as Client
  const start = clock.now()
  const writer: StatusWriter = new StatusWriter({
    client,
    clock,
    logger: noopLogger,
    pod: () => pod,
    compute: () => ({ phase: world.phase }),
    onWritten: written => {
      pod = written
      writer.mark()
    },
  })
  return { clock, writes, world, writer }
}

test('changes close together become one write, and no change none', async () => {
  const { clock, writes, world, writer } = setUp()
  writer.mark()
  await clock.advance(100)
  expect(writes).toEqual([])
  world.phase = 'Running'
  for (let change = 0; change < 10; change += 1) writer.mark()
  await clock.advance(1_000)
  expect(writes).toEqual(['105 Running'])
})

test('what is in flux is held back, but not for ever', async () => {
  const { clock, writes, world, writer } = setUp()
  writer.hold()
  world.phase = 'Running'
  writer.mark()
  await clock.advance(200)
  expect(writes).toEqual([])
  writer.release()
  await clock.advance(10)
  expect(writes).toEqual(['205 Running'])
  writer.hold()
  world.phase = 'Failed'
  writer.mark()
  await clock.advance(1_000)
  expect(writes).toEqual(['205 Running', '710 Failed'])
})

test('what is held can be written at once, and holding goes on', async () => {
  const { clock, writes, world, writer } = setUp()
  writer.hold()
  world.phase = 'Running'
  writer.mark()
  await writer.flush()
  expect(writes).toEqual(['0 Running'])
  world.phase = 'Failed'
  writer.mark()
  await clock.advance(400)
  expect(writes).toHaveLength(1)
  await clock.advance(600)
  expect(writes).toEqual(['0 Running', '500 Failed'])
})

test('a failed write is repeated, that of a pod that is gone is not', async () => {
  const { clock, writes, world, writer } = setUp()
  world.phase = 'Running'
  world.failure = new ApiError({ code: 503, message: 'no' })
  writer.mark()
  await clock.advance(500)
  world.failure = undefined
  await clock.advance(2_000)
  expect(writes).toHaveLength(1)
  world.failure = new ApiError({ code: 404, reason: 'NotFound', message: 'gone' })
  world.phase = 'Failed'
  writer.mark()
  await clock.advance(500)
  world.failure = undefined
  await clock.advance(5_000)
  expect(writes).toHaveLength(1)
})

test('a server that does not take the status over is not flooded', async () => {
  const { clock, writes, world, writer } = setUp()
  world.ignores = true
  world.phase = 'Running'
  writer.mark()
  await clock.advance(5_000)
  expect(writes.length).toBeGreaterThan(1)
  expect(writes.length).toBeLessThan(7)
})

test('closing writes what is left, abandoning does not', async () => {
  const first = setUp()
  first.world.phase = 'Failed'
  await first.writer.close()
  expect(first.writes).toEqual(['0 Failed'])
  const second = setUp()
  second.world.phase = 'Failed'
  second.writer.mark()
  await second.writer.abandon()
  await second.clock.advance(1_000)
  expect(second.writes).toEqual([])
})
