// WebSocket through the edge, with client and server libraries that nobody here wrote.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { bytes, require, run, startBed } from './bed.mjs'

const { WebSocket, WebSocketServer } = require('ws')
const PYTHON = '/usr/bin/python3'

let bed
before(async () => {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: true })
  const upgrade = (request, socket, head) => {
    if (request.url === '/refused') return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    server.handleUpgrade(request, socket, head, client => {
      client.send('hello') // before the client has said anything
      client.on('message', (data, binary) => client.send(data, { binary }))
    })
  }
  bed = await startBed({ '/plain': (_, response) => response.end('plain') }, upgrade)
})
after(() => bed.stop())

const address = path => `${bed.edge.replace('http:', 'ws:')}${path}`

/** Sends each message when the one before has come back; what came, the greeting first. */
function converse (socket, messages) {
  return new Promise((resolve, reject) => {
    const heard = []
    socket.on('error', reject)
    socket.on('message', (data, binary) => {
      heard.push(binary ? data : data.toString())
      if (heard.length <= messages.length) socket.send(messages[heard.length - 1])
      else socket.close(1000, 'done')
    })
    socket.on('close', code => resolve({ heard, code }))
  })
}

test('messages come back as they were, large and empty ones too', async () => {
  const large = bytes(2_000_000)
  const { heard, code } = await converse(new WebSocket(address('/ws')), ['ahoy', '', large])
  assert.deepEqual(heard.slice(0, 3), ['hello', 'ahoy', ''])
  assert.ok(heard[3].equals(large))
  assert.equal(code, 1000)
})

test('a hundred conversations at once do not mix', async () => {
  const talk = number => converse(new WebSocket(address('/ws')), [`I am ${number}`, `still ${number}`])
  const talks = await Promise.all(Array.from({ length: 100 }, (_, number) => talk(number)))
  talks.forEach(({ heard }, number) => assert.deepEqual(heard, ['hello', `I am ${number}`, `still ${number}`]))
})

test('an upgrade that the origin refuses is its answer', async () => {
  const socket = new WebSocket(address('/refused'))
  const status = await new Promise(resolve => {
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
    socket.on('error', () => {})
  })
  assert.equal(status, 403)
})

test('an upgrade to what is not allowed is an ordinary request', async () => {
  const url = new URL('/plain', bed.edge)
  const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' }
  const answer = await new Promise((resolve, reject) => {
    httpRequest(url, { headers }, resolve).on('error', reject).on('upgrade', () => reject(new Error('upgraded'))).end()
  })
  assert.equal(answer.statusCode, 200)
  answer.resume()
})

test('a client of another language hears the same', { skip: !existsSync(PYTHON) }, async () => {
  const script = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as socket:
        print(await socket.recv())
        await socket.send("ahoy")
        print(await socket.recv())
        await socket.ping()
asyncio.run(main())`
  assert.equal((await run(PYTHON, ['-c', script, address('/ws')])).toString(), 'hello\nahoy\n')
})
