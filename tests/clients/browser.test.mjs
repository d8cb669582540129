// A browser loads the demo site through the edge: its files, its script, its WebSocket.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { require, startDemo } from './bed.mjs'

const { WebSocket } = require('ws')
const START_MILLISECONDS_MAX = 60_000

let demo, browser
before(async () => {
  demo = await startDemo()
  browser = await Browser.start(demo.scratch)
})
after(async () => {
  await browser?.stop()
  await demo.stop()
})

test('the page comes with all that it names, and nothing fails', async () => {
  await browser.open(`${demo.edge}/`)
  assert.equal(await browser.evaluate('document.title'), 'Littoral: a demo')
  const broken = '[...document.images].filter(image => !image.complete || image.naturalWidth === 0).map(image => image.src)'
  assert.deepEqual(await browser.evaluate(broken), [])
  assert.ok(await browser.evaluate('document.styleSheets[0].cssRules.length') > 0)
  assert.deepEqual(browser.complaints, [])
})

test('what is fetched twice comes from the cache the second time', async () => {
  const card = `document.querySelector('[data-path^="/style.css"]')`
  for (const word of [/MISS|HIT/, /HIT/]) {
    await browser.evaluate(`${card}.querySelector('output').textContent = ''; ${card}.querySelector('button').click()`)
    assert.match(await browser.until(`${card}.querySelector('output .tag')?.textContent`), word)
  }
})

test('every card is answered', async () => {
  await browser.evaluate(`document.querySelectorAll('[data-path] button').forEach(button => button.click())`)
  await browser.until(`[...document.querySelectorAll('[data-path]')].every(card => card.querySelector('output .tag'))`)
  const words = await browser.evaluate(`[...document.querySelectorAll('[data-path] .tag')].map(tag => tag.textContent)`)
  assert.ok(!words.includes('no Cache-Status: was this the origin itself?'), words.join(', '))
})

test('the WebSocket answers', async () => {
  await browser.evaluate(`document.querySelector('#echo button').click()`)
  await browser.until(`document.querySelector('#echo output').textContent.startsWith('echoed: ahoy')`)
})

test('a picture of each page can be taken', async () => {
  const folder = process.env.SCREENSHOTS ?? demo.scratch
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'index.png'), await browser.picture())
  for (const page of ['tides', 'lights']) {
    await browser.open(`${demo.edge}/${page}.html`)
    writeFileSync(join(folder, `${page}.png`), await browser.picture())
  }
  assert.deepEqual(browser.complaints, [])
})

/** Chromium, driven by its own protocol. */
class Browser {
  static async start (scratch) {
    const browser = new Browser()
    browser.complaints = []
    browser.waiting = new Map()
    const parameters = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${join(scratch, 'browser')}`,
      '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync',
      '--disable-component-update', '--disable-dev-shm-usage', '--window-size=1200,1600', 'about:blank']
    if (process.getuid() === 0) parameters.unshift('--no-sandbox')
    browser.child = spawn('chromium', parameters, { stdio: ['ignore', 'ignore', 'pipe'] })
    const endpoint = await new Promise((resolve, reject) => {
      let said = ''
      const timer = setTimeout(() => reject(new Error(`chromium does not start\n${said}`)), START_MILLISECONDS_MAX)
      browser.child.once('error', reject)
      browser.child.stderr.setEncoding('utf8').on('data', chunk => {
        said = (said + chunk).slice(-10_000)
        const found = said.match(/DevTools listening on (ws:\S+)/)
        if (found) { clearTimeout(timer); resolve(found[1]) }
      })
    })
    const list = await (await fetch(`http://${new URL(endpoint).host}/json/list`)).json()
    const page = list.find(target => target.type === 'page')
    browser.socket = new WebSocket(page.webSocketDebuggerUrl)
    await new Promise((resolve, reject) => browser.socket.once('open', resolve).once('error', reject))
    browser.socket.on('message', data => browser.hear(JSON.parse(data)))
    for (const domain of ['Page', 'Runtime', 'Network']) await browser.send(`${domain}.enable`)
    return browser
  }

  hear ({ id, method, params, result, error }) {
    if (id !== undefined) {
      const { resolve, reject } = this.waiting.get(id)
      this.waiting.delete(id)
      return error ? reject(new Error(error.message)) : resolve(result)
    }
    if (method === 'Page.loadEventFired') this.loaded?.()
    if (method === 'Network.loadingFailed' && !params.canceled) this.complaints.push(params.errorText)
    if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.text)
  }

  send (method, params = {}) {
    this.number = (this.number ?? 0) + 1
    const id = this.number
    this.socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }))
  }

  async open (url) {
    const loaded = new Promise(resolve => { this.loaded = resolve })
    await this.send('Page.navigate', { url })
    await loaded
  }

  async evaluate (expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** Waits until `expression` is true or text; its value. */
  async until (expression) {
    const promise = `new Promise((resolve, reject) => {
      const look = () => { const value = ${expression}; if (value) resolve(value); else requestAnimationFrame(look) }
      setTimeout(() => reject(new Error('did not come about: ' + ${JSON.stringify(expression)})), 20000)
      look()
    })`
    const { result, exceptionDetails } = await this.send('Runtime.evaluate',
      { expression: promise, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  async picture () {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data, 'base64')
  }

  async stop () {
    const gone = new Promise(resolve => this.child.once('exit', resolve))
    await Promise.race([this.send('Browser.close'), gone])
    const force = setTimeout(() => this.child.kill('SIGKILL'), 5_000)
    await gone
    clearTimeout(force)
  }
}
