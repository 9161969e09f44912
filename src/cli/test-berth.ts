import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { customresourcedefinitions, namespaces } from '../apis/core/resources.generated.ts'
import type { CustomResourceDefinition } from '../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../apis/game.kruise.io/custom-resource-definitions.ts'
import { systemClock } from '../kube/clock.ts'
import type { New } from '../kube/object.ts'
import { RestClient } from '../kube/rest-client.ts'
import { type ApiServer, createApiServer } from '../local/apiserver/server.ts'
import { hostPlan } from '../local/host-plan.ts'
import type { CliContext } from './context.ts'
import { buildCli, runCli } from './program.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** For tests: the commands against a real API server, in process, whose context is in namespace `games`. Nothing runs there. */
export interface TestBerth extends AsyncDisposable {
  readonly api: ApiServer
  readonly client: RestClient
  /** Where the commands are run. */
  readonly folder: string
  /** Runs a command line; ends by itself after 10 s. */
  run(args: string | readonly string[], input?: string, signal?: AbortSignal): Promise<Ran>
}

export async function startTestBerth(): Promise<TestBerth> {
  const api = await createApiServer({ plan: hostPlan(59) })
  const client = new RestClient({ transport: api.transport() })
  const definitions = okgCustomResourceDefinitions as unknown as readonly New<CustomResourceDefinition>[]
  for (const definition of definitions) await client.create(customresourcedefinitions, definition)
  await client.create(namespaces, { metadata: { name: 'games' } })
  const folder = await mkdtemp(join(tmpdir(), 'berth-cli-'))
  const config = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: 'https://in.process' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'games' } }],
  }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
  return {
    api,
    client,
    folder,
    async run(args, input = '', signal = AbortSignal.timeout(10_000)) {
      let out = ''
      let err = ''
      const context: CliContext = {
        env: { KUBECONFIG: join(folder, 'config') },
        cwd: folder,
        home: folder,
        stdin: (async function* () {
          yield input
        })(),
        stdout: { write: chunk => (out += text(chunk)) },
        stderr: { write: chunk => (err += text(chunk)) },
        clock: systemClock,
        signal,
        createTransport: () => api.transport(),
        exitCode: 0,
      }
      const code = await runCli(buildCli(context), context, typeof args === 'string' ? args.split(' ') : args)
      return { code, out, err }
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function text(chunk: string | Uint8Array): string {
  return typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
}
