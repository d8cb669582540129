// The suite: where its parts stand in each of its releases, and how it counts.
//
// The npm release has its parts at the top, the repository under test-engine/. The suite's own functions
// run the tests and judge the results; only the sums are ours.

import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const client = join(dirname(fileURLToPath(import.meta.url)), 'client.mjs')

/** The suite's symbols, and what we call them. */
const OUTCOMES = {
  '✅': 'pass',
  '⛔️': 'fail',
  '⚠️': 'not optimal',
  Y: 'yes',
  N: 'no',
  '🔹': 'setup',
  '⁉️': 'harness',
  '⚪️': 'dependency',
  '↻': 'retry',
  '-': 'untested'
}

export class Suite {
  static async load (folder) {
    const root = resolve(folder)
    if (!existsSync(join(root, 'tests/index.mjs'))) {
      throw new Error(`${root} does not hold the suite: run \`scripts/setup test\`, or give CACHE_TESTS=DIR`)
    }
    const suite = new Suite()
    const engine = existsSync(join(root, 'test-engine')) ? join(root, 'test-engine') : root
    const load = path => import(pathToFileURL(path))
    suite.root = root
    suite.engine = engine
    suite.release = engine === root ? 'npm' : 'checkout'
    suite.server = join(engine, 'server/server.mjs')
    suite.chapters = (await load(join(root, 'tests/index.mjs'))).default
    const judge = ['lib/results.mjs', 'lib/display.mjs'].map(path => join(engine, path)).find(existsSync)
    suite.determine = (await load(judge)).determineTestResult
    return suite
  }

  /** The tests that are for proxies. */
  get tests () {
    return this.chapters.flatMap(chapter => chapter.tests
      .filter(test => test.browser_only !== true)
      .map(test => ({ id: test.id, name: test.name, kind: test.kind ?? 'required', chapter: chapter.id })))
  }

  /** Runs the tests (all, or those of `ids`) in a process of their own; what the suite's client found, by id. */
  run (base, ids) {
    return new Promise((resolve, reject) => {
      const child = fork(client, [this.root, this.engine, base, ...(ids ?? [])], {
        execArgv: ['--no-warnings'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc']
      })
      let results
      child.on('message', message => { results = message })
      child.on('error', reject)
      child.on('exit', code => {
        if (results) resolve(results)
        else reject(new Error(`the suite's client ended with ${code} and no results`))
      })
    })
  }

  /** Each test with its outcome as the suite judges it. */
  judge (results) {
    return this.tests.filter(test => test.id in results).map(test => {
      const symbol = this.determine(this.chapters, test.id, results)[2]
      const outcome = OUTCOMES[symbol]
      if (outcome === undefined) throw new Error(`the suite says ${symbol} of ${test.id}, which is not known here`)
      const detail = Array.isArray(results[test.id]) ? results[test.id].join(': ') : ''
      return { ...test, outcome, detail, passed: outcome === 'pass', counts: test.kind !== 'check' }
    })
  }
}
