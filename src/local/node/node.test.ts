import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodes, pods } from '../../apis/core/resources.generated.ts'
import { isReady, NodeFixture, plan, statusOf } from './node-fixture.ts'
import { retireNodes } from './retire-nodes.ts'

const namespace = 'default'
let on: NodeFixture
beforeEach(async () => {
  on = await NodeFixture.start()
})
afterEach(() => on[Symbol.asyncDispose]())

describe('a node', { timeout: 20_000 }, () => {
  test('the node shows its addresses, capacity and isolation', async () => {
    const object = await on.client.get(nodes, { name: 'n0' })
    expect(object.status?.addresses).toContainEqual({ type: 'ExternalIP', address: plan.nodeIP(0) })
    expect(object.metadata.labels?.['kubernetes.io/hostname']).toBe('n0')
    expect(object.metadata.annotations?.['berth.dev/isolation']).toBe('loopback')
    expect(object.status?.conditions?.find(condition => condition.type === 'Ready')?.status).toBe('True')
  })

  test('a pod starts in order and becomes Ready with one write', async () => {
    await on
      .create({
        initContainers: [
          { name: 'setup', image: 'i:1' },
          { name: 'side', image: 's:1', restartPolicy: 'Always' },
        ],
      })
      .then(() => on.runtime.exitCodes.set('setup', 0))
    const pod = await on.until(isReady)
    expect(on.runtime.log).toEqual(['sandbox p', 'start setup', 'start side', 'start main'])
    expect(pod.status).toMatchObject({ phase: 'Running', podIP: '127.100.0.1', hostIP: plan.nodeIP(0) })
    expect(statusOf(pod, 'main')).toMatchObject({ ready: true, started: true, restartCount: 0, imageID: 'sha256:m:1' })
    expect(on.statusWrites).toBe(1)
    expect(on.events).toContain('Normal Started: Started container main')
    expect(on.runtime.current('main').spec.env).toMatchObject({ KUBERNETES_SERVICE_HOST: '10.192.0.1', HOSTNAME: 'p' })
  })

  test('the address of a pod with ports on the node is known before its server starts', async () => {
    await on.create({ containers: [{ name: 'main', image: 'm:1', ports: [{ containerPort: 7777, hostPort: 8000 }] }] })
    const pod = await on.until(isReady)
    expect(on.statusWrites).toBe(2)
    expect(pod.status?.podIP).toBe('127.100.0.1')
  })

  test('a new image restarts that container alone', async () => {
    await on.create({
      containers: [
        { name: 'main', image: 'm:1' },
        { name: 'helper', image: 'h:1' },
      ],
    })
    const before = await on.until(isReady)
    await on.patch({ spec: { containers: [{ name: 'helper', image: 'h:2' }] } })
    const after = await on.until(pod => isReady(pod) && statusOf(pod, 'helper')?.imageID === 'sha256:h:2')
    expect(statusOf(after, 'helper')).toMatchObject({
      restartCount: 1,
      image: 'h:2',
      lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
    })
    expect(statusOf(after, 'main')).toEqual(statusOf(before, 'main'))
    expect(after.status?.podIP).toBe(before.status?.podIP)
    expect(on.runtime.log.filter(entry => entry === 'start main')).toHaveLength(1)
  })

  test('a pod that never restarts ends', async () => {
    on.runtime.exitCodes.set('main', 0)
    await on.create({ restartPolicy: 'Never' })
    const pod = await on.until(({ status }) => status?.phase === 'Succeeded')
    expect(pod.status?.conditions?.find(condition => condition.type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' })
    expect(on.runtime.log.at(-1)).toBe('removed p')
  })

  test('readiness follows the gates that others set, and leaves their conditions alone', async () => {
    await on.create({ readinessGates: [{ conditionType: 'InPlaceUpdateReady' }] })
    await on.until(pod => pod.status?.phase === 'Running')
    const gate = (status: string) =>
      on.client.patch(
        pods,
        { namespace, name: 'p' },
        { status: { conditions: [{ type: 'InPlaceUpdateReady', status }] } },
        { type: 'strategic', subresource: 'status' },
      )
    await gate('True')
    await on.until(isReady)
    await gate('False')
    const pod = await on.until(candidate => !isReady(candidate))
    expect(pod.status?.conditions?.find(condition => condition.type === 'InPlaceUpdateReady')?.status).toBe('False')
  })

  test('annotation files follow the pod', async () => {
    const volumes = [{ name: 'info', downwardAPI: { items: [{ path: 'net', fieldRef: { fieldPath: `metadata.annotations['net']` } }] } }]
    await on.create(
      { volumes, containers: [{ name: 'main', image: 'm:1', volumeMounts: [{ name: 'info', mountPath: '/info' }] }] },
      { net: 'one' },
    )
    await on.until(isReady)
    const file = join(on.runtime.current('main').spec.mounts.find(mount => mount.mountPath === '/info')?.hostPath ?? '', 'net')
    expect(await readFile(file, 'utf8')).toBe('one')
    await on.patch({ metadata: { annotations: { net: 'two' } } })
    await expect.poll(() => readFile(file, 'utf8'), { timeout: 1_000, interval: 5 }).toBe('two')
  })

  test('a deleted pod is stopped in order and its object removed', async () => {
    await on.create({
      terminationGracePeriodSeconds: 5,
      initContainers: [{ name: 'side', image: 's:1', restartPolicy: 'Always' }],
      containers: [{ name: 'main', image: 'm:1', lifecycle: { preStop: { exec: { command: ['save'] } } } }],
    })
    await on.until(isReady)
    on.runtime.log.length = 0
    await on.delete()
    expect(on.runtime.log.filter(entry => !entry.startsWith('SIGKILL'))).toEqual([
      'exec main: save',
      'SIGTERM main',
      'SIGTERM side',
      'removed p',
    ])
  })

  test('a pod that is deleted while it starts leaves nothing', async () => {
    on.runtime.startMs = 100
    await on.create({})
    await expect.poll(() => on.runtime.log, { timeout: 1_000, interval: 2 }).toContain('sandbox p')
    await on.delete()
    expect(on.runtime.log).toEqual(['sandbox p', 'removed p'])
  })

  test('after a restart of the node its pods are started again in place', async () => {
    await on.create({})
    const before = await on.until(isReady)
    await on.stopNode()
    expect(on.runtime.log).toContain('SIGTERM main')
    await on.startNode()
    const after = await on.until(pod => isReady(pod) && statusOf(pod, 'main')?.restartCount === 1)
    expect(after.metadata.uid).toBe(before.metadata.uid)
    expect(statusOf(after, 'main')?.lastState?.terminated?.reason).toBe('Unknown')
  })

  test('nodes of an earlier run that do not come back go, with their pods', async () => {
    await on.create({})
    await on.until(isReady)
    await on.stopNode()
    await retireNodes(on.client, ['n0'])
    expect((await on.client.list(nodes)).items).toHaveLength(1)
    await retireNodes(on.client, ['n1'])
    expect((await on.client.list(nodes)).items).toHaveLength(0)
    await on.untilGone()
  })

  test('a container is not Ready before its readiness probe succeeds', async () => {
    on.runtime.execExitCodes.set('check', 1)
    await on.create({ containers: [{ name: 'main', image: 'm:1', readinessProbe: { exec: { command: ['check'] }, periodSeconds: 1 } }] })
    const running = await on.until(pod => pod.status?.phase === 'Running')
    expect(isReady(running)).toBe(false)
    on.runtime.execExitCodes.delete('check')
    await on.until(isReady)
  })
})
