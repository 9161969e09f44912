import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** Runs a program in a process of its own, since tests may run in worker threads. */
async function inProcess(program: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'pipes-'))
  try {
    const head = `
      import { drained, OutputPipes } from ${JSON.stringify(new URL('output-pipes.ts', import.meta.url).href)}
      import { spawn } from 'node:child_process'
      import { readdirSync } from 'node:fs'
      import { once } from 'node:events'
      import { text } from 'node:stream/consumers'
      const folder = ${JSON.stringify(folder)}
      const pipes = new OutputPipes(folder)
      const run = script => pipes.connect((stdout, stderr) => spawn('sh', ['-c', script], { stdio: ['ignore', stdout, stderr] }))
      const show = value => console.log(JSON.stringify(value))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', `${head}\n${program}`])
    return JSON.parse(stdout)
  } finally {
    await rm(folder, { recursive: true })
  }
}

it('lets programs open their output again by name', async () => {
  const program = `
    const { output } = await run('echo one >/dev/stdout; echo two >/dev/stderr')
    show(await Promise.all([text(output.stdout), text(output.stderr)]))`
  expect(await inProcess(program)).toEqual(['one\n', 'two\n'])
})

it('serves many at the same time, and leaves only pipes for later', async () => {
  const program = `
    const runs = await Promise.all(Array.from({ length: 40 }, (_, n) => run('echo ' + n)))
    const texts = await Promise.all(runs.map(({ output }) => text(output.stdout)))
    show({ texts, left: readdirSync(folder).length < 32 })`
  expect(await inProcess(program)).toEqual({ texts: Array.from({ length: 40 }, (_, n) => `${n}\n`), left: true })
})

it('drops what nobody reads', async () => {
  const program = `
    const { child, output } = await run('echo lost')
    await once(child, 'exit')
    await drained(output)
    show(output.stdout.closed)`
  expect(await inProcess(program)).toBe(true)
})
