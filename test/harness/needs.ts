import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'vitest'

/** Debian's own, which alone sees Debian's packages. */
function systemPython(): string | undefined {
  const [program, library] = ['/usr/bin/python3', '/usr/lib/python3/dist-packages/grpc/__init__.py']
  return existsSync(program) && existsSync(library) ? program : undefined
}

function onPath(program: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, program)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** Where the programs are that scenarios drive; undefined when this machine lacks them. */
export const programs = {
  kubectl: onPath('kubectl'),
  go: onPath('go'),
  protoc: onPath('protoc'),
  grpcPython: onPath('grpc_python_plugin'),
  /** With gRPC. */
  python: systemPython(),
  chromium: onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome'),
}

/**
 * `test`, or `test.skip` where a program is missing on a contributor's machine. In CI (`BERTH_FORBID_SKIPS=1`) a missing
 * program is a failure: what did not run is not green.
 */
export function testNeeding(...needed: (keyof typeof programs)[]): typeof test {
  const missing = needed.filter(name => programs[name] === undefined)
  if (missing.length === 0) return test
  if (process.env['BERTH_FORBID_SKIPS'] === '1') throw new Error(`skips are forbidden and this machine lacks ${missing.join(', ')}`)
  return test.skip as unknown as typeof test
}
