import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { hostPlan } from '../src/local/host-plan.ts'
import { createContainerRuntime } from '../src/local/node/runtime/create-container-runtime.ts'
import { type Bench, median, round, timed } from './harness/bench.ts'

const plan = hostPlan(58)
const pod = '127.124.1.1'
const front = '127.124.1.2'
const port = 29_001
const signal = new AbortController().signal

export const container: Bench = {
  name: 'container',
  about: 'start of a container until its process ran, per isolation; TCP and UDP through the forwarder and without it',
  async run(report) {
    for (const prefer of ['namespaces', 'user-namespaces', 'loopback'] as const) {
      const stateDir = await mkdtemp(join(tmpdir(), 'berth-bench-runtime-'))
      try {
        await using runtime = await createContainerRuntime({ plan, stateDir, prefer })
        if (runtime.isolation === prefer) report({ what: `container, ${prefer}`, ...(await starts(runtime, stateDir)) })
      } finally {
        await rm(stateDir, { recursive: true, force: true })
      }
    }
    const echo = await worker('echo-server.ts', { ip: pod, port })
    const forwarder = await worker('forwarder.ts', { ip: front, port, to: pod })
    try {
      for (const [what, host] of [
        ['direct', pod],
        ['through the forwarder', front],
      ] as const)
        report({ what, ...(await traffic(host)) })
    } finally {
      await Promise.all([echo.terminate(), forwarder.terminate()])
    }
  },
}

async function worker(file: string, workerData: object): Promise<Worker> {
  const started = new Worker(new URL(`harness/${file}`, import.meta.url), { workerData })
  await once(started, 'message')
  return started
}

async function starts(runtime: Awaited<ReturnType<typeof createContainerRuntime>>, stateDir: string) {
  const image = { reference: 'bench:latest', id: 'sha256:0', entrypoint: ['/bin/true'], command: [], env: {} }
  const sandboxes: number[] = []
  const containers: number[] = []
  for (let index = 0; index < 15; index += 1) {
    const name = `bench-${index}`
    const begun = performance.now()
    await using sandbox = await runtime.createSandbox(
      { podUid: name, namespace: 'bench', name, hostname: name, hostNetwork: false },
      signal,
    )
    sandboxes.push(performance.now() - begun)
    const spec = { name: 'main', attempt: 0, image, env: {}, mounts: [], logPath: join(stateDir, `${name}.log`) }
    containers.push(
      await timed(async () => {
        const { exited } = await sandbox.start(spec, signal)
        const { exitCode } = await exited
        if (exitCode !== 0) throw new Error(`the container ended with ${exitCode}`)
      }),
    )
  }
  return { 'pod network ms': round(median(sandboxes), 1), 'start and end ms': round(median(containers), 1) }
}

async function traffic(host: string) {
  const setups: number[] = []
  for (let index = 0; index < 300; index += 1) {
    const begun = performance.now()
    const socket = await dial(host)
    await echoed(socket, Buffer.from('x'))
    setups.push(performance.now() - begun)
    socket.destroy()
  }
  return {
    'TCP set-up and first echo ms': round(median(setups)),
    'TCP echo MB/s': Math.round(await throughput(host)),
    ...(await datagrams(host)),
  }
}

async function dial(host: string): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function echoed(socket: Socket, data: Buffer): Promise<void> {
  let left = data.length
  const { promise, resolve } = Promise.withResolvers<void>()
  const onData = (chunk: Buffer): void => {
    left -= chunk.length
    if (left === 0) resolve()
  }
  socket.on('data', onData)
  socket.write(data)
  await promise
  socket.off('data', onData)
}

/** MB per second there and back again, one connection. */
async function throughput(host: string): Promise<number> {
  const socket = await dial(host)
  const megabyte = Buffer.alloc(1_000_000, 'x')
  const megabytes = 200
  const ms = await timed(async () => {
    for (let sent = 0; sent < megabytes; sent += 10) await echoed(socket, Buffer.concat(Array<Buffer>(10).fill(megabyte)))
  })
  socket.destroy()
  return megabytes / (ms / 1000)
}

/** Round trips of one player, one datagram at a time. */
async function datagrams(host: string) {
  const socket = createSocket('udp4')
  socket.connect(port, host)
  await once(socket, 'connect')
  const trips: number[] = []
  for (let index = 0; index < 3_000; index += 1) {
    trips.push(
      await timed(async () => {
        socket.send('move')
        await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })
      }),
    )
  }
  socket.close()
  const sorted = trips.toSorted((a, b) => a - b)
  return { 'UDP round trip p50 ms': round(median(trips), 3), 'p99 ms': round(sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN, 3) }
}
