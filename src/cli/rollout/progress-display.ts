import type { TextOutput } from '../context.ts'
import { textTable } from '../text-table.ts'
import type { RolloutProgress, ServerProgress } from './progress.ts'

/** Shows progress as it comes: bars that are redrawn on a terminal, lines for what changed elsewhere. */
export interface ProgressDisplay {
  show(progress: RolloutProgress): void
  /** The last word. */
  end(progress: RolloutProgress): void
}

/** Servers listed on a terminal; of more, those that are done are left out. */
const listed = 20
const barWidth = 24

export function createProgressDisplay(output: TextOutput, set: string): ProgressDisplay {
  return output.isTTY === true ? terminalDisplay(output, set) : lineDisplay(output, set)
}

/** Everything at once, for a single look. */
export function progressLines(set: string, progress: RolloutProgress): string[] {
  return [headline(set, progress), ...progress.reasons.map(reason => `  ${reason}`), ...serverLines(progress.servers)]
}

function terminalDisplay(output: TextOutput, set: string): ProgressDisplay {
  let drawn = 0
  const draw = (lines: readonly string[]): void => {
    const width = output.columns || 80
    const back = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`
    output.write(`${back}${lines.map(line => (line.length > width ? `${line.slice(0, width - 1)}…` : line)).join('\n')}\n`)
    drawn = lines.length
  }
  const show = (progress: RolloutProgress): void => {
    const open = progress.servers.filter(({ stage }) => stage !== 'done')
    const servers = progress.servers.length <= listed ? progress.servers : open.slice(0, listed)
    draw([
      `${set}  updated ${bar(progress.updated, progress.wantedUpdated)}  ready ${bar(progress.ready, progress.wanted)}`,
      ...progress.reasons.map(reason => `  ${reason}`),
      ...serverLines(servers),
      ...(servers.length < open.length ? [`  … and ${open.length - servers.length} more`] : []),
    ])
  }
  return { show, end: progress => (show(progress), void output.write(`${headline(set, progress)}\n`)) }
}

function lineDisplay(output: TextOutput, set: string): ProgressDisplay {
  const said = new Map<string, string>()
  const say = (about: string, line: string): void => {
    if (said.get(about) === line) return
    said.set(about, line)
    output.write(`${line}\n`)
  }
  return {
    show(progress) {
      if (!progress.isDone) say('', headline(set, progress))
      for (const reason of progress.reasons) say(`reason ${reason}`, `  ${reason}`)
      for (const server of progress.servers) say(server.server, `  ${server.server}: ${stageText(server)}`)
    },
    end: progress => say('', headline(set, progress)),
  }
}

function headline(set: string, { isDone, wanted, wantedUpdated, updated, ready, servers }: RolloutProgress): string {
  const kept = servers.filter(({ stage }) => stage === 'kept').length
  const keeping = kept === 0 ? '' : `, ${kept} kept on an older version`
  if (isDone) return `${set}: done: ${ready} of ${wanted} servers ready${keeping}`
  return `${set}: ${updated} of ${wantedUpdated} updated, ${ready} of ${wanted} ready${keeping}`
}

function serverLines(servers: readonly ServerProgress[]): string[] {
  return textTable(
    ['', ''],
    servers.map(server => [`  ${server.server}`, stageText(server)]),
    { headings: false },
  )
}

function stageText({ stage, why }: ServerProgress): string {
  if (stage === 'done') return 'done'
  return why === '' ? stage : why
}

function bar(value: number, of: number): string {
  const share = of === 0 ? 1 : Math.min(1, value / of)
  const filled = Math.round(share * barWidth)
  return `[${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}] ${value}/${of}`
}
