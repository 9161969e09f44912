// The process `berth`: the commands of src/cli and those that are a cluster or controllers themselves.
import { processContext } from '../cli/process-context.ts'
import { buildCli, runCli } from '../cli/program.ts'
import { addDemoCommand } from './demo/command.ts'
import { addDevCommand } from './dev.ts'
import { untilStopped } from './lifetime.ts'

process.exitCode = await untilStopped(async signal => {
  const context = processContext(signal)
  const program = buildCli(context)
  const apply = async (files: readonly string[], kubeconfig: string, quiet = false): Promise<void> => {
    const args = ['apply', ...files.flatMap(file => ['-f', file]), '--kubeconfig', kubeconfig]
    const stdout = quiet ? { write: () => true } : context.stdout
    context.exitCode = await runCli(buildCli({ ...context, stdout }), context, args)
  }
  addDevCommand(program, context, apply)
  addDemoCommand(program, context, (files, kubeconfig) => apply(files, kubeconfig, true))
  return runCli(program, context, process.argv.slice(2))
})
