// The process `berth`: the commands of src/cli and those that are a cluster or controllers themselves.

import { processContext } from '../cli/process-context.ts'
import { buildCli, runCli } from '../cli/program.ts'
import { addControllerCommand } from './controller-command.ts'
import { addDemoCommand } from './demo/command.ts'
import { addDevCommand } from './dev.ts'
import { untilStopped } from './lifetime.ts'
import { ownVersion } from './version.ts'
import { addSdkServerCommand } from './sdk-server-command.ts'
import { addWebhooksCommand } from './webhooks-command.ts'

process.exitCode = await untilStopped(async signal => {
  const context = processContext(signal)
  const apply = async (files: readonly string[], kubeconfig: string, quiet = false): Promise<void> => {
    const args = ['apply', ...files.flatMap(file => ['-f', file]), '--kubeconfig', kubeconfig]
    const stdout = quiet ? { write: () => true } : context.stdout
    context.exitCode = await runCli(buildCli({ ...context, stdout }), context, args)
  }
  const program = buildCli(context, own => {
    own.version(ownVersion(), '--version').commandsGroup('Clusters:')
    addDemoCommand(own, context, (files, kubeconfig) => apply(files, kubeconfig, true))
    addDevCommand(own, context, apply)
    addControllerCommand(own, context)
    addWebhooksCommand(own, context)
    addSdkServerCommand(own, context)
    own.commandsGroup('Game servers, on any cluster:')
  })
  return runCli(program, context, process.argv.slice(2))
})
