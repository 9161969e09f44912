import type { Command } from 'commander'
import { gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { clusterCommand, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, print } from '../context.ts'
import { usageError } from '../exit-code.ts'
import { readSet } from './view.ts'

export function addRolloutPauseCommands(parent: Command, context: CliContext): void {
  add(parent, context, true, 'pause', 'Stop an update where it is', 'paused')
  add(parent, context, false, 'resume', 'Go on with a paused update', 'resumed')
}

function add(parent: Command, context: CliContext, paused: boolean, word: string, summary: string, done: string): void {
  clusterCommand(parent, { usage: `${word} <set>`, summary, examples: [`berth rollout ${word} minecraft`] }).action(
    (name: string, options: ConnectionOptions) =>
      withConnection(context, options, async connection => {
        const set = await readSet(context, connection, name)
        const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
        // Setting rollingUpdate would silently turn OnDelete into RollingUpdate.
        if (type === 'OnDelete' && rollingUpdate === undefined)
          throw usageError(`${set.metadata.name} updates OnDelete: there is nothing to ${word}`)
        const ref = { namespace: connection.namespace, name: set.metadata.name }
        const patch = { spec: { updateStrategy: { rollingUpdate: { paused } } } }
        await connection.client.patch(gameServerSets, ref, patch, { type: 'merge', signal: context.signal })
        print(context, `${set.metadata.name} ${done}`)
      }),
  )
}
