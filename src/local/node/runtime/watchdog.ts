import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Collects `+ GROUP` and `- GROUP` lines; when its input ends, the runtime has died or finished, and the groups still there are killed. */
const script = `
groups=
while read -r change group; do
  others=
  for other in $groups; do [ "$other" = "$group" ] || others="$others $other"; done
  groups=$others
  if [ "$change" = + ]; then groups="$groups $group"; fi
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
`

/** Ends process groups when this process ends, however it ends. For hosts where the kernel does not do that. */
export class Watchdog implements AsyncDisposable {
  readonly #shell: ChildProcess

  constructor() {
    // Detached: Ctrl-C in a terminal goes to the whole foreground group, and the watchdog must outlive that.
    this.#shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} })
    this.#shell.stdin?.on('error', () => undefined)
    this.#shell.unref()
  }

  add(group: number): void {
    this.#shell.stdin?.write(`+ ${group}\n`)
  }

  remove(group: number): void {
    this.#shell.stdin?.write(`- ${group}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    this.#shell.ref()
    this.#shell.stdin?.end()
    await once(this.#shell, 'close')
  }
}
