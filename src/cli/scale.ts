import type { Command } from 'commander'
import { clusterCommand, wholeNumber, withConnection } from './command.ts'
import type { ConnectionOptions } from './connection.ts'
import { type CliContext, print } from './context.ts'
import { objectName } from './discovery.ts'
import { CliError, exitCode, usageError } from './exit-code.ts'
import { parseTargets, refOf } from './targets.ts'

interface ScaleOptions extends ConnectionOptions {
  readonly replicas: number
  readonly currentReplicas?: number
}

export function addScaleCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'scale <set> [names...]',
    summary: 'Change how many servers there should be',
    examples: [
      'berth scale minecraft --replicas 5            # a game server set',
      'berth scale deploy/lobby --replicas 2',
      'berth scale minecraft --replicas 5 --current-replicas 3   # only if it has 3 now',
    ],
  })
    .requiredOption('--replicas <count>', 'wanted number', wholeNumber)
    .option('--current-replicas <count>', 'only if this many are wanted now', wholeNumber)
    .action((set: string, names: string[], { replicas, currentReplicas, ...options }: ScaleOptions) =>
      withConnection(context, options, async connection => {
        const isPlain = names.length === 0 && !set.includes('/')
        const words = isPlain ? [`gameserversets.game.kruise.io/${set}`] : [set, ...names]
        for (const { kind, names: found } of await parseTargets(connection, words)) {
          if (found.length === 0) throw usageError('name the objects to scale')
          if (!kind.subresources.includes('scale')) throw usageError(`a ${kind.type.kind} cannot be scaled`)
          for (const name of found) {
            const ref = refOf(connection, kind, name)
            if (currentReplicas !== undefined) {
              const { spec, metadata } = await connection.client.getScale(kind.type, ref, { signal: context.signal })
              const has = spec.replicas ?? 0
              if (has !== currentReplicas)
                throw new CliError(exitCode.failed, `${metadata.name} has ${has} replicas, not ${currentReplicas}`)
            }
            await connection.client.patch(
              kind.type,
              ref,
              { spec: { replicas } },
              { type: 'merge', subresource: 'scale', signal: context.signal },
            )
            print(context, `${objectName(kind, name)} scaled to ${replicas}`)
          }
        }
      }),
    )
}
