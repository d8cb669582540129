// Runs http-tests/cache-tests (a suite that nobody here wrote) against the edge with default settings,
// counts as the suite counts, and compares with what is expected of us.
//
//   tests/conformance/run [--ids a,b] [--peer nginx | --base URL] [--json FILE] [--no-expectations]
//
// CACHE_TESTS=DIR   a checkout of the suite (npm install done) instead of the npm release
// LITTORAL=FILE     the binary (default: the newer of target/{release,debug}/littoral)
//
// Every required or optimal test must pass unless docs/conformance-expected.json names it with a reason;
// what is named there and passes all the same must be taken off the list.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { root, startEdge, startNginx, startOrigin, stopAll, warmUp } from '../node/processes.mjs'
import { compare, readExpectations } from './expectations.mjs'
import { listNotPassing, table } from './report.mjs'
import { Suite } from './suite.mjs'

const { values: options } = parseArgs({
  options: {
    base: { type: 'string' },
    help: { type: 'boolean' },
    ids: { type: 'string' },
    json: { type: 'string' },
    'no-expectations': { type: 'boolean' },
    peer: { type: 'string' }
  }
})

if (options.help) {
  const source = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')
  const header = source.slice(0, source.findIndex(line => !line.startsWith('//')))
  console.log(header.map(line => line.replace(/^\/\/ ?/, '')).join('\n'))
  process.exit(0)
}

const scratch = mkdtempSync(join(tmpdir(), 'littoral-conformance-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopAll().then(() => process.exit(130)))

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`conformance: ${error.message}`)
  process.exitCode = 2
} finally {
  await stopAll()
}

async function main () {
  const suite = await Suite.load(process.env.CACHE_TESTS ?? join(root, 'tests/node/node_modules/http-cache-tests'))
  const base = options.base ?? await startProxy(suite)
  const wanted = options.ids?.split(',')
  await warmUp(base)
  let results = await suite.run(base, wanted)
  // A machine that is busy elsewhere can make a test late: what did not pass gets a second look, and is
  // said to have needed it.
  const again = suite.judge(results).filter(test => test.counts && !test.passed && test.outcome !== 'dependency')
  let secondLook = []
  if (again.length) {
    await warmUp(base)
    const second = await suite.run(base, again.map(test => test.id))
    secondLook = again.map(test => test.id).filter(id => second[id] === true)
    results = { ...results, ...second }
  }
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 2) + '\n')
  const judged = suite.judge(results)
  console.log(table(suite, judged))
  console.log(listNotPassing(judged))
  if (secondLook.length) console.log(`passed at the second look only: ${secondLook.join(', ')}\n`)
  if (options['no-expectations'] || options.base || options.peer) return 0
  const pages = ['docs/conformance-expected.json', 'docs/conformance.md'].map(path => join(root, path))
  const expectations = readExpectations(...pages, suite.release)
  return compare(judged, expectations, wanted !== undefined)
}

async function startProxy (suite) {
  const origin = await startOrigin(suite, scratch)
  if (options.peer === 'nginx') return startNginx(origin, scratch)
  if (options.peer) throw new Error(`no peer is called ${options.peer}; there is nginx`)
  return startEdge(scratch, '--origin', origin)
}
