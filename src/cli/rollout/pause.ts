import type { Command } from 'commander'
import { clusterCommand, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, print } from '../context.ts'
import { openRollout } from './rollout.ts'

export function addRolloutPauseCommands(parent: Command, context: CliContext): void {
  add(parent, context, true, 'pause', 'Stop an update where it is', 'paused')
  add(parent, context, false, 'resume', 'Go on with a paused update', 'resumed')
}

function add(parent: Command, context: CliContext, paused: boolean, word: string, summary: string, done: string): void {
  const examples = [`berth rollout ${word} minecraft`, `berth rollout ${word} fleet/rooms`]
  clusterCommand(parent, { usage: `${word} <set>`, summary, examples }).action((asked: string, options: ConnectionOptions) =>
    withConnection(context, options, async connection => {
      const rollout = await openRollout(context, connection, asked)
      await rollout.setPaused(paused)
      print(context, `${rollout.name} ${done}`)
    }),
  )
}
