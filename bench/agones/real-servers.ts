import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Fleet, fleets } from '../../src/apis/agones.dev/fleet.ts'
import { gameServers } from '../../src/apis/agones.dev/game-server.ts'
import { labels } from '../../src/apis/agones.dev/labels.ts'
import type { Client } from '../../src/kube/client.ts'
import type { New } from '../../src/kube/object.ts'
import { root } from '../../test/harness/run.ts'
import { type Row, round } from '../harness/bench.ts'

/** How often it is looked, in milliseconds. */
const everyMs = 50
const longestMs = 120_000

/**
 * The Fleet of the documentation on nodes that run containers: from its creation until all of its games, each with its sidecar, have said that
 * they are ready. Without the limit of CPU, which is meant for a game in C: the example is JavaScript.
 */
export async function realServers(client: Client, replicas: number): Promise<Row> {
  const fleet = parse(await readFile(join(root, 'examples/agones/fleet.yaml'), 'utf8')) as New<Fleet>
  fleet.spec.replicas = replicas
  const pod = fleet.spec.template.spec.template.spec
  for (const container of pod?.containers ?? []) delete container.resources?.limits
  const { name = '', namespace = 'default' } = fleet.metadata
  const servers = async () => (await client.list(gameServers, { namespace, labelSelector: `${labels.fleet}=${name}` })).items
  const begun = performance.now()
  await client.create(fleets, fleet)
  const seconds: number[] = []
  for (let ready = 0; ready < replicas; ) {
    await new Promise(resolve => setTimeout(resolve, everyMs))
    const now = (performance.now() - begun) / 1000
    if (now * 1000 > longestMs) throw new Error(`${ready} of ${replicas} servers are Ready after ${longestMs / 1000} s`)
    for (ready = (await servers()).filter(({ status }) => status?.state === 'Ready').length; seconds.length < ready; ) seconds.push(now)
  }
  await client.delete(fleets, { namespace, name })
  while ((await servers()).length > 0) await new Promise(resolve => setTimeout(resolve, everyMs))
  return { servers: replicas, 'first Ready s': round(seconds[0] ?? 0), 'all Ready s': round(seconds.at(-1) ?? 0) }
}
