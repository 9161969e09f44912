// The process `berth`: the commands of src/cli and those that are a cluster or controllers themselves.
import { processContext } from '../cli/process-context.ts'
import { buildCli, runCli } from '../cli/program.ts'
import { addDevCommand } from './dev.ts'
import { untilStopped } from './lifetime.ts'

process.exitCode = await untilStopped(async signal => {
  const context = processContext(signal)
  const program = buildCli(context)
  addDevCommand(program, context, async (files, kubeconfig) => {
    const args = ['apply', ...files.flatMap(file => ['-f', file]), '--kubeconfig', kubeconfig]
    context.exitCode = await runCli(buildCli(context), context, args)
  })
  return runCli(program, context, process.argv.slice(2))
})
