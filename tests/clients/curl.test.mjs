// curl through the edge: versions, ranges, resumption, uploads, conditions.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bytes, run, startBed } from './bed.mjs'

const FILE = bytes(3_000_000)
const UPLOAD = bytes(700_001)

let bed
before(async () => {
  bed = await startBed({
    '/file': (request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=600', ETag: '"one"', 'Content-Length': FILE.length })
      response.end(request.method === 'HEAD' ? undefined : FILE)
    },
    '/echo': async (request, response) => {
      const parts = []
      for await (const part of request) parts.push(part)
      response.setHeader('Method-Seen', request.method)
      response.setHeader('Framing-Seen', request.headers['transfer-encoding'] ?? request.headers['content-length'] ?? 'none')
      response.end(Buffer.concat(parts))
    }
  })
})
after(() => bed.stop())

const curl = (path, ...parameters) => run('curl', ['-sS', '--fail', ...parameters, `${bed.edge}${path}`])
const head = async (path, ...parameters) => (await curl(path, '-D', '-', '-o', '/dev/null', ...parameters)).toString()
const equal = (found, wanted) => assert.ok(found.equals(wanted), `${found.length} bytes, not the ${wanted.length} expected`)

test('HTTP/1.1 and HTTP/1.0 receive the same bytes from one fetch', async () => {
  equal(await curl('/file'), FILE)
  equal(await curl('/file', '--http1.0'), FILE)
  assert.equal(bed.seen['/file'], 1)
})

test('a range is cut from what is stored', async () => {
  equal(await curl('/file', '-r', '100-199'), FILE.subarray(100, 200))
  equal(await curl('/file', '-r', '-10'), FILE.subarray(-10))
  equal(await curl('/file', '-r', '2999990-'), FILE.subarray(2_999_990))
  assert.equal(bed.seen['/file'], 1)
})

test('several ranges are one multipart answer', async () => {
  const several = ['-r', '0-4,1000-1009']
  const fields = await head('/file', ...several)
  assert.match(fields, /^HTTP\/1\.1 206 /)
  assert.match(fields, /content-type: multipart\/byteranges; boundary=/i)
  const answer = (await curl('/file', ...several)).subarray(0, 4096).toString('latin1')
  assert.match(answer, /content-range: bytes 0-4\/3000000/i)
  assert.match(answer, /content-range: bytes 1000-1009\/3000000/i)
  assert.ok(answer.includes(FILE.subarray(1000, 1010).toString('latin1')))
})

test('a range that is not there is 416', async () => {
  const status = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-r', '3000000-', `${bed.edge}/file`])
  assert.equal(status.toString(), '416')
})

test('a download that broke off is continued', async () => {
  const part = join(bed.scratch, 'part')
  writeFileSync(part, FILE.subarray(0, 1_234_567))
  await curl('/file', '--continue-at', '-', '-o', part)
  equal(readFileSync(part), FILE)
})

test('HEAD says what GET would, and no more', async () => {
  const fields = (await curl('/file', '-I')).toString()
  assert.match(fields, /content-length: 3000000/i)
  assert.match(fields, /etag: "one"/i)
})

test('a validator that still holds is 304', async () => {
  assert.match(await head('/file', '-H', 'If-None-Match: "one"'), /^HTTP\/1\.1 304 /)
})

test('an upload waits for 100 Continue and receives it', async () => {
  const report = await run('curl', ['-sS', '-v', '--expect100-timeout', '30', '-H', 'Expect: 100-continue',
    '--data-binary', '@-', '-o', join(bed.scratch, 'echo'), '--stderr', '-', `${bed.edge}/echo`], { input: UPLOAD })
  assert.match(report.toString(), /< HTTP\/1\.1 100 /)
  equal(readFileSync(join(bed.scratch, 'echo')), UPLOAD)
})

test('an upload in chunks arrives whole', async () => {
  equal(await curl('/echo', '-T', '-'), Buffer.alloc(0))
  equal(await run('curl', ['-sS', '--fail', '-T', '-', `${bed.edge}/echo`], { input: UPLOAD }), UPLOAD)
  equal(await run('curl', ['-sS', '--fail', '--http1.0', '--data-binary', '@-', `${bed.edge}/echo`], { input: UPLOAD }), UPLOAD)
})

test('connections are kept, and many requests share one', async () => {
  const urls = Array.from({ length: 20 }, () => `${bed.edge}/file`)
  const counts = await run('curl', ['-sS', '-w', '%{num_connects} ', ...urls.flatMap(url => ['-o', '/dev/null', url])])
  assert.deepEqual(counts.toString().trim().split(' ').map(Number), [1, ...Array(19).fill(0)])
})
