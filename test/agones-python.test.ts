import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect } from 'vitest'
import { recordedCalls } from '../src/sdk/recorded-calls.ts'
import { eventually } from './harness/eventually.ts'
import { programs, testNeeding } from './harness/needs.ts'
import { must, root, run } from './harness/run.ts'

// What Google's generator makes of the protocol, in a language whose gRPC is the one in C: nothing of Berth is in the client. The program says
// itself what it looks at.
const checks = ['server', 'states', 'metadata', 'bad_metadata', 'health', 'counters', 'lists', 'players', 'shutdown']

describe('a game in Python', () => {
  let printed = ''
  let errors = ''
  let verdict = ''
  let code: number | null = null

  beforeAll(async () => {
    const { protoc = '', grpcPython = '', python = '' } = programs
    if ([protoc, grpcPython, python].includes('')) return
    const folder = await mkdtemp(join(tmpdir(), 'berth-python-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rm(folder, { recursive: true, force: true }))
    const protocol = join(root, 'src/sdk/protocol')
    const generate = [
      `-I${protocol}`,
      `--python_out=${folder}`,
      `--grpc_python_out=${folder}`,
      `--plugin=protoc-gen-grpc_python=${grpcPython}`,
    ]
    must(await run(protoc, [...generate, ...['sdk', 'alpha', 'beta'].map(name => join(protocol, `${name}.proto`))]), 'protoc')

    const calls = recordedCalls.join(',')
    const ports = ['--grpc-port', '0', '--http-port', '0', '--health-port', '0']
    const server = spawn(join(root, 'berth'), ['sdk-server', '--local', '--test', calls, '--sdk-name', 'Python', ...ports], { cwd: root })
    let told = ''
    server.stderr.setEncoding('utf8').on('data', (chunk: string) => (told += chunk))
    const exit = once(server, 'exit')
    parts.defer(async () => {
      server.kill('SIGINT')
      ;[code] = (await exit) as [number | null]
      verdict = told
    })
    const port = await eventually('the SDK is served', () => /gRPC at localhost:(\d+)/.exec(told)?.[1])
    const ran = await run(python, [join(root, 'test/clients/agones_sdk.py'), `127.0.0.1:${port}`, folder])
    printed = ran.stdout
    errors = ran.stderr
  })

  const test = testNeeding('protoc', 'grpcPython', 'python')
  for (const check of checks) {
    test(check, () => {
      expect(printed.split('\n'), errors).toContain(`ok ${check}`)
    })
  }

  test('has made every call that there is, and the server says so', () => {
    expect(verdict, printed).toContain('Python made all calls: ')
    expect(code).toBe(0)
  })
})
