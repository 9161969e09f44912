import { setTimeout as delay } from 'node:timers/promises'
import type { Container } from '../runtime/runtime.ts'

/** More output than this of a probe or hook is dropped. */
const longestOutput = 10 * 1024

/** Runs a command in a container without a terminal and collects its output. When `signal` is aborted the command is killed and the call rejects. */
export async function execute(
  container: Container,
  command: readonly string[],
  signal: AbortSignal,
): Promise<{ exitCode: number; output: string }> {
  signal.throwIfAborted()
  const session = await container.exec(command, { stdin: false, tty: false })
  let output = ''
  const collect = (chunk: Buffer): void => {
    if (output.length < longestOutput) output += chunk.toString('utf8')
  }
  session.stdout.on('data', collect)
  session.stderr.on('data', collect)
  session.stdin?.end()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => {
    session.kill()
    aborted.reject(new Error(`command "${command.join(' ')}" timed out`))
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    const { exitCode } = await Promise.race([session.exit, aborted.promise])
    // The last output may still be on its way through the pipes.
    if (!session.stdout.readableEnded) await Promise.race([new Promise(resolve => session.stdout.once('end', resolve)), delay(50)])
    return { exitCode, output }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
