/** Draws the game and tells the server each move. Texts come from the server, and may change while one plays. */
import { addTile, isOver, move } from './game.js'

const element = id => document.getElementById(id)
const board = element('board')
const message = element('message')
const tiles = Array.from({ length: 16 }, () => board.appendChild(Object.assign(document.createElement('div'), { className: 'tile' })))
let fields = []
let score = 0
let over = false
let texts = { version: '…', gameOver: 'Game over' }
let sent = 0
let socket

function draw() {
  fields.forEach((value, at) => {
    tiles[at].textContent = value || ''
    tiles[at].dataset.value = value
    tiles[at].style.setProperty('--level', value ? Math.log2(value) : 0)
  })
  element('score').textContent = score
  element('version').textContent = texts.version
  message.hidden = !over
  message.textContent = texts.gameOver
}

function restart() {
  fields = addTile(addTile(Array(16).fill(0)))
  score = 0
  over = false
  draw()
}

function play(direction) {
  if (over) return
  const result = move(fields, direction)
  if (!result.moved) return
  fields = addTile(result.board)
  score += result.gained
  over = isOver(fields)
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ n: ++sent, move: direction }))
  draw()
}

function connect() {
  socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/play`)
  socket.onmessage = event => {
    const { type, ...rest } = JSON.parse(event.data)
    if (type === 'hello') {
      sent = 0
      element('server').textContent = `process ${rest.pid}, boot ${rest.boot.slice(0, 8)}`
    }
    if (type === 'hello' || type === 'content') texts = { ...texts, ...rest }
    if (type === 'ack') element('acknowledged').textContent = `${rest.received}, lost ${rest.missing}`
    draw()
  }
  socket.onclose = () => setTimeout(connect, 500)
}

addEventListener('keydown', event => {
  const direction = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }[event.key]
  if (direction === undefined) return
  event.preventDefault()
  play(direction)
})
element('restart').onclick = restart
element('give-up').onclick = () => {
  over = true
  draw()
}
restart()
connect()
