import { Argument, type Command, Option } from 'commander'
import { wholeNumber } from '../../cli/command.ts'
import type { CliContext } from '../../cli/context.ts'
import type { Apply, DemoOptions, Story } from './demo.ts'

/** `berth demo`. */
export function addDemoCommand(parent: Command, context: CliContext, apply: Apply): void {
  parent
    .command('demo')
    .summary('Watch the main job: servers with addresses, updated while people play')
    .description(
      'Start a cluster, give game servers addresses, update them in place while players are connected, and check that nobody noticed. Ends with 0 when every statement is true, with 1 otherwise.',
    )
    .addArgument(
      new Argument('[story]', "okg: a GameServerSet's servers with cloud addresses; agones: a match on a Fleet")
        .choices(['okg', 'agones'])
        .default('okg'),
    )
    .option('--json', 'one JSON object on standard output instead of the story')
    .option('--keep', 'leave the cluster running until Ctrl-C')
    .option('--kubeconfig <file>', 'where to write the kubeconfig', '.berth/demo.kubeconfig')
    .addOption(
      new Option('--isolation <kind>', 'no stronger isolation of containers than this').choices([
        'namespaces',
        'user-namespaces',
        'loopback',
      ]),
    )
    .option('--port <port>', 'of the API server on 127.0.0.1; 0 picks a free one', wholeNumber, 0)
    .addHelpText(
      'after',
      '\nExamples:\n  berth demo             # the story\n  berth demo agones      # the one of a Fleet of Agones\n  berth demo --json      # for machines\n  berth demo --keep      # look around afterwards',
    )
    .action(async (story: Story, options: DemoOptions) => {
      // Loaded only now: the commands that talk to a cluster shall not wait for it.
      const { demo } = await import('./demo.ts')
      await demo(context, story, options, apply)
    })
}
