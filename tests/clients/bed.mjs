// An origin of our own with the edge in front of it, for one test file; and programs run to their end.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, startEdge, stopAll, warmUp } from '../node/processes.mjs'

export const require = createRequire(join(root, 'tests/node/package.json'))

/** Bytes that are the same in each run, and no two stretches of which are alike. */
export function bytes (length) {
  const blocks = []
  for (let at = 0; at * 32 < length; at++) blocks.push(createHash('sha256').update(String(at)).digest())
  return Buffer.concat(blocks).subarray(0, length)
}

/** `routes`: path to (request, response). Answers 404 elsewhere. Counts requests by path. */
export async function startBed (routes, upgrade) {
  const scratch = mkdtempSync(join(tmpdir(), 'littoral-clients-'))
  const seen = {}
  const server = createServer((request, response) => {
    const path = request.url.split('?')[0]
    seen[path] = (seen[path] ?? 0) + 1
    if (routes[path]) return routes[path](request, response)
    response.writeHead(404).end('no such path\n')
  })
  if (upgrade) server.on('upgrade', upgrade)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const edge = await startEdge(scratch, '--origin', `http://127.0.0.1:${server.address().port}`)
  await warmUp(edge)
  const stop = async () => {
    await stopAll()
    server.closeAllConnections()
    server.close()
    rmSync(scratch, { recursive: true, force: true })
  }
  return { edge, scratch, seen, stop }
}

/** The demo with the edge in front of it, and where it is administered. */
export async function startDemo (...parameters) {
  const scratch = mkdtempSync(join(tmpdir(), 'littoral-clients-'))
  const edge = await startEdge(scratch, '--demo', ...parameters)
  const admin = join(scratch, 'data/admin.sock')
  return { edge, admin, scratch, stop: () => stopAll().then(() => rmSync(scratch, { recursive: true, force: true })) }
}

/** Runs a program; what it printed. Fails when the program does. */
export function run (program, parameters, { input, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, parameters, { encoding: 'buffer', maxBuffer: 1 << 28, ...options }, (error, out, err) => {
      if (error) reject(new Error(`${program} ${parameters.join(' ')}: ${error.message}\n${err}`))
      else resolve(out)
    })
    child.stdin.end(input)
  })
}
