/** One line of a container's log as the container runtime interface writes it: `time stream tag text`. */
export interface CriLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** A line that goes on in the next entry of its stream. */
  readonly partial: boolean
  readonly text: string
}

/** Parses one line without its line break; undefined for anything that is not one. */
export function parseCriLine(line: string): CriLine | undefined {
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  if (first < 0 || second < 0) return undefined
  const stream = line.slice(first + 1, second)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const third = line.indexOf(' ', second + 1)
  const tags = line.slice(second + 1, third < 0 ? undefined : third)
  return { time: line.slice(0, first), stream, partial: tags.split(':')[0] === 'P', text: third < 0 ? '' : line.slice(third + 1) }
}

/** What a reader of the log sees of it. */
export function formatLine(line: CriLine, timestamps: boolean): string {
  return `${timestamps ? `${line.time} ` : ''}${line.text}${line.partial ? '' : '\n'}`
}
