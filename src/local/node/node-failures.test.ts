import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configmaps } from '../../apis/core/resources.generated.ts'
import { isReady, NodeFixture, statusOf } from './node-fixture.ts'

const namespace = 'default'
let on: NodeFixture
beforeEach(async () => {
  on = await NodeFixture.start()
})
afterEach(() => on[Symbol.asyncDispose]())

describe('when something fails,', { timeout: 20_000 }, () => {
  test('an image that is not there stops the container, says how to add it, and can be corrected', async () => {
    on.runtime.unknownImages.add('m:9')
    await on.create({})
    await on.until(isReady)
    await on.patch({ spec: { containers: [{ name: 'main', image: 'm:9' }] } })
    const waiting = await on.until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'ErrImagePull')
    expect(statusOf(waiting, 'main')).toMatchObject({
      state: { waiting: { message: 'add m:9 to the catalogue' } },
      image: 'm:1',
      restartCount: 0,
      ready: false,
    })
    await on.until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'ImagePullBackOff')
    await on.patch({ spec: { containers: [{ name: 'main', image: 'm:2' }] } })
    expect(statusOf(await on.until(isReady), 'main')).toMatchObject({ image: 'm:2', restartCount: 1 })
  })

  test('a crashing container restarts at once, then waits', async () => {
    on.runtime.exitCodes.set('main', 3)
    await on.create({})
    const held = await on.until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'CrashLoopBackOff')
    expect(statusOf(held, 'main')).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3, reason: 'Error' } } })
    await on.until(pod => (statusOf(pod, 'main')?.restartCount ?? 0) >= 3)
    expect(on.events.some(event => event.includes('Back-off restarting failed container main in pod '))).toBe(true)
  })

  test('a program that does not exist is a failed start', async () => {
    await on.create({ containers: [{ name: 'main', image: 'm:1', command: ['/missing'] }], restartPolicy: 'Never' })
    const pod = await on.until(({ status }) => status?.phase === 'Failed')
    expect(statusOf(pod, 'main')?.state?.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: 'exec: "/missing": no such file or directory',
    })
  })

  test('a missing ConfigMap holds the container until it is there', async () => {
    await on.create({ containers: [{ name: 'main', image: 'm:1', envFrom: [{ configMapRef: { name: 'settings' } }] }] })
    const waiting = await on.until(pod => statusOf(pod, 'main')?.state?.waiting?.reason === 'CreateContainerConfigError')
    expect(statusOf(waiting, 'main')?.state?.waiting?.message).toBe('configmap "settings" not found')
    await on.client.create(configmaps, { metadata: { name: 'settings', namespace }, data: { MODE: 'fast' } })
    await on.until(isReady)
    expect(on.runtime.current('main').spec.env['MODE']).toBe('fast')
  })

  test('a container that ignores the stop signal is killed after the grace period', async () => {
    on.runtime.stubborn.add('main')
    await on.create({ terminationGracePeriodSeconds: 1 })
    await on.until(isReady)
    const since = Date.now()
    await on.delete()
    expect(Date.now() - since).toBeGreaterThanOrEqual(900)
    expect(on.runtime.log).toContain('SIGKILL main')
  })

  test('a failed liveness probe restarts the container', async () => {
    on.runtime.execExitCodes.set('check', 1)
    await on.create({
      containers: [{ name: 'main', image: 'm:1', livenessProbe: { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 } }],
    })
    await on.until(pod => statusOf(pod, 'main')?.restartCount === 1)
    expect(on.events).toContain('Warning Unhealthy: Liveness probe failed: check')
    expect(on.events).toContain('Normal Killing: Container main failed liveness probe, will be restarted')
  })

  test('a failing postStart hook ends the container', async () => {
    on.runtime.execExitCodes.set('hook', 1)
    await on.create({ containers: [{ name: 'main', image: 'm:1', lifecycle: { postStart: { exec: { command: ['hook'] } } } }] })
    await on.until(pod => (statusOf(pod, 'main')?.restartCount ?? 0) >= 1)
    expect(on.events.some(event => event.startsWith('Warning FailedPostStartHook'))).toBe(true)
  })
})
