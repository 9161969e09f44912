import { Command } from 'commander'
import { addAddressesCommand } from './addresses.ts'
import { addApplyCommand } from './apply.ts'
import type { CliContext } from './context.ts'
import { addDeleteCommand } from './delete.ts'
import { addDescribeCommand } from './describe.ts'
import { addDoctorCommand } from './doctor/command.ts'
import { addExecCommand } from './exec.ts'
import { CliError, exitCode, exitCodeHelp, explainFailure } from './exit-code.ts'
import { addGetCommand } from './get.ts'
import { addLogsCommand } from './logs.ts'
import { addRolloutHistoryCommand } from './rollout/history.ts'
import { addRolloutPauseCommands } from './rollout/pause.ts'
import { addRolloutStatusCommand } from './rollout/status.ts'
import { addRolloutUndoCommand } from './rollout/undo.ts'
import { addScaleCommand } from './scale.ts'
import { addUpdateCommand } from './update.ts'

/**
 * The command `berth` with everything that talks to a cluster. `addOwn` adds what is a cluster or a controller itself; these stand first
 * in the help, and take over how this command prints and ends.
 */
export function buildCli(context: CliContext, addOwn: (program: Command) => void = () => {}): Command {
  const program = new Command('berth')
    .description('Dedicated game servers on Kubernetes: a direct address for every server, hot updates in place.')
    .exitOverride()
    .configureOutput({ writeOut: text => void context.stdout.write(text), writeErr: text => void context.stderr.write(text) })
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .showHelpAfterError('(--help shows how)')
    .showSuggestionAfterError()
    .addHelpText('after', exitCodeHelp)
  addOwn(program)
  addDoctorCommand(program, context)
  addApplyCommand(program, context)
  addGetCommand(program, context)
  addDescribeCommand(program, context)
  addDeleteCommand(program, context)
  addLogsCommand(program, context)
  addExecCommand(program, context)
  addScaleCommand(program, context)
  addAddressesCommand(program, context)
  const rollout = program
    .command('rollout')
    .summary('Follow, undo and pause updates of a game server set or a Fleet')
    .description('Follow, undo and pause updates of a game server set, or of a Fleet of Agones (fleet/NAME).')
  addRolloutStatusCommand(rollout, context)
  addRolloutUndoCommand(rollout, context)
  addRolloutHistoryCommand(rollout, context)
  addRolloutPauseCommands(rollout, context)
  addUpdateCommand(program, context)
  return program
}

/** Runs a command line (without the program's name) and gives the exit code. Failures are told in one sentence; nothing is thrown. */
export async function runCli(program: Command, context: CliContext, args: readonly string[]): Promise<number> {
  const interrupted = (): number => (context.signal.reason instanceof CliError ? context.signal.reason.code : exitCode.interrupted)
  try {
    await program.parseAsync(args, { from: 'user' })
    return context.signal.aborted && context.runsUntilStopped !== true ? interrupted() : context.exitCode
  } catch (error) {
    if (context.signal.aborted) return interrupted()
    const { code, message } = explainFailure(error, context.server)
    if (message !== '') context.stderr.write(`berth: ${message}\n`)
    return code
  }
}
