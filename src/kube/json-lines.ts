/** Splits a byte stream into lines and parses each as JSON. Empty lines are skipped; a last line without an end counts if it is whole. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    let start = 0
    for (let end = rest.indexOf('\n', start); end >= 0; end = rest.indexOf('\n', start)) {
      if (end > start) yield JSON.parse(rest.slice(start, end))
      start = end + 1
    }
    rest = rest.slice(start)
  }
  if (rest.trim() !== '') yield JSON.parse(rest)
}
