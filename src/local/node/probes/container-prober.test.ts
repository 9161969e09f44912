import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { FakeClock } from '../../../kube/fake-clock.ts'
import type { Container as Definition } from '../../../apis/core/types.generated.ts'
import type { Container, ExecSession } from '../runtime/runtime.ts'
import { ContainerProber, type ProbeVerdict } from './container-prober.ts'

/** A prober whose probes run commands; the commands in `failing` do not succeed. */
function prober(definition: Partial<Definition>, failing: Set<string>) {
  const clock = new FakeClock()
  const verdicts: ProbeVerdict[] = []
  const failures: string[] = []
  const attempts: string[] = []
  const exec = (command: readonly string[]): Promise<ExecSession> => {
    const name = command[0] ?? ''
    attempts.push(name)
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    stdout.end()
    stderr.end()
    return Promise.resolve({
      stdout,
      stderr,
      exit: Promise.resolve({ exitCode: failing.has(name) ? 1 : 0, finishedAt: new Date() }),
      kill: () => {},
    })
  }
  const target = {
    definition: { name: 'main', ...definition },
    container: { exec } as unknown as Container,
    podIP: '10.0.0.1',
    dial: () => Promise.reject(new Error('not dialled')),
  }
  const subject = new ContainerProber({
    target,
    clock,
    onVerdict: verdict => verdicts.push(verdict),
    onFailure: kind => failures.push(kind),
  })
  /** Lets time pass in small steps: real streams settle in between. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) await clock.advance(100)
  }
  return { subject, verdicts, failures, attempts, pass }
}

test('without probes a container is started and ready', () => {
  expect(prober({}, new Set()).subject.verdict).toEqual({ started: true, ready: true })
})

test('liveness and readiness wait for the startup probe', async () => {
  const failing = new Set(['startup'])
  const { subject, verdicts, attempts, pass } = prober(
    {
      startupProbe: { exec: { command: ['startup'] }, periodSeconds: 1 },
      readinessProbe: { exec: { command: ['ready'] } },
      livenessProbe: { exec: { command: ['live'] } },
    },
    failing,
  )
  using _stop = subject
  subject.start()
  await pass(1_000)
  expect(new Set(attempts)).toEqual(new Set(['startup']))
  expect(subject.verdict).toEqual({ started: false, ready: false })
  failing.clear()
  await pass(1_000)
  expect(new Set(attempts)).toEqual(new Set(['startup', 'ready', 'live']))
  expect(verdicts).toEqual([
    { started: true, ready: false },
    { started: true, ready: true },
  ])
})

test('a server that is up a moment later is ready at once, without complaint', async () => {
  const failing = new Set(['ready'])
  const { subject, failures, pass } = prober({ readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 10 } }, failing)
  using _stop = subject
  subject.start()
  await pass(600)
  failing.clear()
  await pass(400)
  expect(subject.verdict.ready).toBe(true)
  expect(failures).toEqual([])
})

test('a failing liveness probe is reported once its threshold is reached, and probing ends', async () => {
  const { subject, verdicts, failures, attempts, pass } = prober(
    { livenessProbe: { exec: { command: ['live'] }, periodSeconds: 1, failureThreshold: 2, initialDelaySeconds: 1 } },
    new Set(['live']),
  )
  using _stop = subject
  subject.start()
  await pass(900)
  expect(attempts).toEqual([])
  await pass(5_000)
  expect(attempts).toHaveLength(2)
  expect(failures).toEqual(['liveness', 'liveness'])
  expect(verdicts).toEqual([{ started: true, ready: true, failed: 'liveness' }])
})

test('nothing is probed after disposal', async () => {
  const { subject, attempts, pass } = prober({ readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 1 } }, new Set())
  subject.start()
  await pass(1_500)
  const before = attempts.length
  subject[Symbol.dispose]()
  await pass(5_000)
  expect(attempts).toHaveLength(before)
})
