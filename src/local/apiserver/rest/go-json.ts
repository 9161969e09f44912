/** The name Go's decoder has for the JSON type of a value. */
export function goJsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

const endOfInput = 'unexpected end of JSON input'

/** What is wrong with a JSON text, as Go's decoder says it; undefined when nothing is. */
export function goSyntaxError(text: string): string | undefined {
  const scanner = new Scanner(text)
  try {
    scanner.value('')
    scanner.space()
    if (!scanner.atEnd) scanner.fail('after top-level value')
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return error.message
    throw error
  }
}

/** The paths of members that stand twice in an object of a sound JSON text, as `spec.containers[0].image`. */
export function duplicateMembers(text: string): string[] {
  const scanner = new Scanner(text)
  scanner.value('')
  return scanner.duplicates
}

/** Reads JSON only to find where it stops being JSON. */
class Scanner {
  readonly duplicates: string[] = []
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  fail(context: string): never {
    if (this.atEnd) throw new SyntaxError(endOfInput)
    throw new SyntaxError(`invalid character ${quotedCharacter(this.#text.charAt(this.#at))} ${context}`)
  }

  space(): void {
    while (!this.atEnd && ' \t\r\n'.includes(this.#text.charAt(this.#at))) this.#at += 1
  }

  value(path: string): void {
    this.space()
    const character = this.#text.charAt(this.#at)
    if (character === '{') this.#object(path)
    else if (character === '[') this.#array(path)
    else if (character === '"') this.#string()
    else if (character === '-' || isDigit(character)) this.#number()
    else {
      const word = ['true', 'false', 'null'].find(known => character !== '' && known.startsWith(character))
      if (word === undefined) this.fail('looking for beginning of value')
      this.#word(word)
    }
  }

  #object(path: string): void {
    this.#at += 1
    this.space()
    if (this.#skip('}')) return
    const seen = new Set<string>()
    for (;;) {
      this.space()
      if (this.#text.charAt(this.#at) !== '"') this.fail('looking for beginning of object key string')
      const start = this.#at + 1
      this.#string()
      const name = this.#text.slice(start, this.#at - 1)
      const member = path === '' ? name : `${path}.${name}`
      if (seen.has(name)) this.duplicates.push(member)
      seen.add(name)
      this.space()
      if (!this.#skip(':')) this.fail('after object key')
      this.value(member)
      this.space()
      if (this.#skip('}')) return
      if (!this.#skip(',')) this.fail('after object key:value pair')
    }
  }

  #array(path: string): void {
    this.#at += 1
    this.space()
    if (this.#skip(']')) return
    for (let index = 0; ; index += 1) {
      this.value(`${path}[${index}]`)
      this.space()
      if (this.#skip(']')) return
      if (!this.#skip(',')) this.fail('after array element')
    }
  }

  #string(): void {
    this.#at += 1
    for (;;) {
      if (this.atEnd) this.fail('')
      const character = this.#text.charAt(this.#at)
      if (character < ' ') this.fail('in string literal')
      this.#at += 1
      if (character === '"') return
      if (character === '\\') this.#escape()
    }
  }

  #escape(): void {
    const character = this.#text.charAt(this.#at)
    if (character === '' || !'"\\/bfnrtu'.includes(character)) this.fail('in string escape code')
    this.#at += 1
    if (character !== 'u') return
    for (let digits = 0; digits < 4; digits += 1) {
      if (!/^[0-9a-f]$/i.test(this.#text.charAt(this.#at))) this.fail(String.raw`in \u hexadecimal character escape`)
      this.#at += 1
    }
  }

  #number(): void {
    if (this.#skip('-') && !isDigit(this.#text.charAt(this.#at))) this.fail('in numeric literal')
    if (!this.#skip('0')) this.#digits()
    if (this.#skip('.')) {
      if (!isDigit(this.#text.charAt(this.#at))) this.fail('after decimal point in numeric literal')
      this.#digits()
    }
    if (!this.#skip('e') && !this.#skip('E')) return
    if (!this.#skip('+')) this.#skip('-')
    if (!isDigit(this.#text.charAt(this.#at))) this.fail('in exponent of numeric literal')
    this.#digits()
  }

  #digits(): void {
    while (isDigit(this.#text.charAt(this.#at))) this.#at += 1
  }

  #word(word: string): void {
    for (const expected of word.slice(1)) {
      this.#at += 1
      if (this.#text.charAt(this.#at) !== expected) this.fail(`in literal ${word} (expecting ${quotedCharacter(expected)})`)
    }
    this.#at += 1
  }

  #skip(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at += 1
    return true
  }
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9' && character.length === 1

function quotedCharacter(character: string): string {
  if (character === "'") return String.raw`'\''`
  if (character === '"') return `'"'`
  const code = character.charCodeAt(0)
  if (code < 0x20 && !'\b\f\n\r\t'.includes(character)) return `'\\x${code.toString(16).padStart(2, '0')}'`
  if (code >= 0x7f && code <= 0xa0) return `'\\u${code.toString(16).padStart(4, '0')}'`
  return `'${JSON.stringify(character).slice(1, -1)}'`
}

const mostShown = 30

/** A body as errors quote it: the beginning of an object as it is, of anything else in hexadecimal digits. */
export function bodySummary(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>'
  const more = bytes.length > mostShown ? ' ...' : ''
  const shown = bytes.subarray(0, mostShown)
  return `${bytes[0] === 0x7b ? shown.toString('utf8') : shown.toString('hex')}${more}`
}
