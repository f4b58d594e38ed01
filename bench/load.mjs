// @ts-check
// The load generator: many people on notes of one server, and their measurements. The same code for every server.
//
// Reads one JSON object from its arguments (see `Plan`), prints the lines "ready" and "done" before and after the
// measurement, so that the caller can read the server's CPU time then, and ends with one line of JSON.

import WebSocket from 'ws'
import { Frames, checkAgainstYjs, letter, letters, paste } from './wire.mjs'

/**
 * @typedef {object} Address  of a note
 * @property {string[]} urls  people are spread over these in turn
 * @property {string} name  in its frames
 * @property {string[]} [sessions]  the key of each person's session, where they need one
 */

/**
 * @typedef {object} Plan
 * @property {'typing' | 'burst' | 'join' | 'idle' | 'rights'} kind
 * @property {Address[]} notes
 * @property {number} people  on each note
 * @property {number} typists  of these
 * @property {number} rate  updates a second of each typist
 * @property {number} flight  updates that a typist of a burst sends before the first has come through
 * @property {number} seconds  of typing, or without a close after a right was taken
 * @property {number} bytes  of the note that people join or type in
 * @property {boolean} syncs  whether the server answers a sync step 1
 */

const plan = /** @type {Plan} */ (JSON.parse(process.argv[2]))
const PATIENCE_MS = 10_000 // after typing, with nothing more arriving
const MAX_WAIT_MS = 60_000 // after typing, in total
const STUCK_MS = 1000 // after the last update that came through, a burst gives up waiting for the next
const OPENING = 50 // connections at a time
const SETTLING_MS = 3000 // after a large note has arrived: it is folded, and its text saved

class Histogram {
  /** Latencies in ms, in steps of 2 %. */
  constructor () {
    this.counts = new Float64Array(1200)
    this.total = 0
  }

  /** @param {number} ms */
  add (ms) {
    const step = Math.log(Math.max(ms, 0.01) / 0.01) / Math.log(1.02)
    this.counts[Math.min(Math.round(step), this.counts.length - 1)]++
    this.total++
  }

  /** @param {number} share */
  quantile (share) {
    let seen = 0
    const wanted = share * this.total
    for (let step = 0; step < this.counts.length; step++) {
      seen += this.counts[step]
      if (seen >= wanted && seen) return Number((0.01 * 1.02 ** step).toFixed(3))
    }
    return null
  }
}

const measured = { latency: new Histogram(), deliveries: 0, frames: 0, bytes: 0 }
/** @type {[number, number][]} */
const closes = [] // of connections that the server has closed: the code, and when, as Date.now()

class Person {
  /** @param {Note} note @param {number} index */
  constructor (note, index) {
    this.note = note
    this.index = index
    this.client = note.index * 10_000 + index + 1_000_000 // as long as most real ones
    this.at = 0 // position in `note.frames`
    this.next = new Map() // for each typist, the clock of the next letter
    this.got = 0
    this.arrived = 0 // bytes of the note
    /** @type {(() => void) | null} */
    this.onSynced = null
    /** @type {(() => void) | null} */
    this.onLetters = null
  }

  /** @returns {Promise<void>} when the note is here */
  join () {
    return new Promise((resolve, reject) => {
      const url = this.note.urls[this.index % this.note.urls.length]
      const session = this.note.sessions?.[this.index]
      const asPerson = session ? { origin: url.replace('ws:', 'http:'), headers: { cookie: `sessionid=${session}` } } : {}
      const socket = new WebSocket(url, { perMessageDeflate: true, skipUTF8Validation: true, ...asPerson })
      this.socket = socket
      socket.on('error', reject)
      socket.on('close', code => {
        if (ending) return
        closes.push([code, Date.now()])
        reject(new Error(`closed with ${code}`))
      })
      socket.on('open', () => {
        for (const frame of this.note.wire.hello) socket.send(frame)
        if (!plan.syncs) resolve()
      })
      this.onSynced = plan.syncs ? resolve : null
      socket.on('message', data => this.receive(/** @type {Buffer} */ (data)))
    })
  }

  /** @param {Buffer} frame */
  receive (frame) {
    measured.frames++
    measured.bytes += frame.length
    if (this.onSynced) {
      if (this.note.wire.updateIn(frame)) this.arrived += frame.length // what is committed later comes by itself
      if (this.arrived && this.arrived >= plan.bytes) {
        this.onSynced()
        this.onSynced = null
      }
      return
    }
    const runs = this.note.lettersIn(this, frame)
    if (!runs) return
    const now = performance.now()
    for (let i = 0; i < runs.length; i += 3) {
      const writer = this.note.byClient.get(runs[i])
      if (!writer || writer === this) continue
      const from = Math.max(runs[i + 1], this.next.get(writer) ?? 0)
      for (let clock = from; clock < runs[i + 2]; clock++) measured.latency.add(now - writer.sentAt[clock])
      if (runs[i + 2] > from) {
        this.got += runs[i + 2] - from
        this.next.set(writer, runs[i + 2])
        writer.seen(this, runs[i + 2])
      }
    }
  }
}

class Typist extends Person {
  /** @param {Note} note @param {number} index */
  constructor (note, index) {
    super(note, index)
    this.clock = 0
    /** @type {number[]} */
    this.sentAt = []
    this.through = 0 // letters that the witness has received
    this.throughAt = 0
    this.dueAt = 0
  }

  type () {
    this.sentAt.push(performance.now())
    this.socket?.send(this.note.wire.update(letter(this.client, this.clock++)))
  }

  /** @param {Person} person @param {number} clock */
  seen (person, clock) {
    if (person !== this.note.witnessOf(this)) return
    this.through = clock
    this.throughAt = performance.now()
    if (bursting) this.fill()
  }

  fill () {
    while (this.clock - this.through < plan.flight) this.type()
  }
}

class Note {
  /** @param {Address} address @param {number} index */
  constructor ({ urls, name, sessions }, index) {
    this.urls = urls
    this.sessions = sessions
    this.index = index
    this.wire = new Frames(name)
    /** @type {{frame: Buffer, runs: number[] | null}[]} */
    this.frames = [] // the latest ones: most people get the same frames in the same order, so each is read once
    this.dropped = 0
    this.people = Array.from({ length: plan.people }, (_, i) => i < plan.typists ? new Typist(this, i) : new Person(this, i))
    this.typists = /** @type {Typist[]} */ (this.people.slice(0, plan.typists))
    this.byClient = new Map(this.typists.map(typist => [typist.client, typist]))
  }

  /** The person who must see a typist's letter before the burst goes on. @param {Typist} typist */
  witnessOf (typist) {
    return this.people[(typist.index + 1) % this.people.length]
  }

  /** @param {Person} person @param {Buffer} frame */
  lettersIn (person, frame) {
    const first = Math.max(person.at - this.dropped, 0)
    for (let i = first; i < Math.min(first + 4, this.frames.length); i++) {
      if (this.frames[i].frame.equals(frame)) {
        person.at = this.dropped + i + 1
        return this.frames[i].runs
      }
    }
    const update = this.wire.updateIn(frame)
    const runs = update && letters(update)
    this.frames.push({ frame, runs })
    person.at = this.dropped + this.frames.length
    if (this.frames.length > 2000) {
      this.frames.splice(0, 1000)
      this.dropped += 1000
    }
    return runs
  }
}

let bursting = false
let ending = false
/** @param {number} ms */
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

/** One person on each note first, since not every server copes with several that open a note at the same moment.
 * @param {Note[]} notes */
async function joinInTurn (notes) {
  for (const note of notes) await note.people[0].join()
  const people = notes.flatMap(note => note.people.slice(1))
  for (let start = 0; start < people.length; start += OPENING) {
    await Promise.all(people.slice(start, start + OPENING).map(person => person.join()))
  }
}

/** @param {Note[]} notes */
async function typing (notes) {
  const typists = notes.flatMap(note => note.typists)
  const interval = 1000 / plan.rate
  const start = performance.now()
  typists.forEach((typist, i) => { typist.dueAt = start + (i + 0.5) / typists.length * interval })
  while (performance.now() < start + plan.seconds * 1000) {
    const now = performance.now()
    for (const typist of typists) {
      if (typist.dueAt <= now) {
        typist.type()
        typist.dueAt += interval
      }
    }
    await pause(1)
  }
}

/** @param {Note[]} notes */
async function burst (notes) {
  const typists = notes.flatMap(note => note.typists)
  bursting = true
  for (const typist of typists) typist.fill()
  const end = performance.now() + plan.seconds * 1000
  while (performance.now() < end) {
    await pause(50)
    for (const typist of typists) {
      if (performance.now() - typist.throughAt > STUCK_MS) { // its letters were lost
        typist.through = typist.clock
        typist.throughAt = performance.now()
        typist.fill()
      }
    }
  }
  bursting = false
}

/** @param {Note[]} notes */
async function measureTyping (notes) {
  await joinInTurn(notes)
  await pause(plan.bytes ? SETTLING_MS : 500)
  measured.frames = measured.bytes = 0
  console.log('ready')
  const started = performance.now()
  await (plan.kind === 'burst' ? burst(notes) : typing(notes))
  const whileTyping = measured.latency.total
  const typed = performance.now() - started
  const sent = notes.map(note => note.typists.reduce((sum, typist) => sum + typist.clock, 0))
  const expected = notes.reduce((sum, note, i) => sum + sent[i] * (note.people.length - 1), 0)
  const end = performance.now() + MAX_WAIT_MS
  for (let last = -1, at = performance.now(); measured.latency.total < expected && performance.now() < Math.min(at + PATIENCE_MS, end);) {
    if (measured.latency.total !== last) at = performance.now()
    last = measured.latency.total
    await pause(20)
  }
  const got = measured.latency.total
  console.log('done')
  return {
    p50: measured.latency.quantile(0.5),
    p95: measured.latency.quantile(0.95),
    p99: measured.latency.quantile(0.99),
    rate: whileTyping / typed * 1000,
    deliveries: got,
    lost: expected - got,
    frames: measured.frames / Math.max(got, 1)
  }
}

/** @param {Note[]} notes */
async function measureJoin (notes) {
  const [note] = notes
  const people = note.people
  const times = new Histogram()
  console.log('ready')
  const started = performance.now()
  await Promise.all(people.map(person => person.join().then(() => times.add(performance.now() - started))))
  const all = performance.now() - started
  console.log('done')
  return { p50: times.quantile(0.5), p95: times.quantile(0.95), p99: times.quantile(0.99), all, deliveries: people.length, lost: 0 }
}

/** A note of `plan.bytes`, typed by one person in pastes of a kilobyte. @param {Note} note */
async function fill (note) {
  const needed = plan.bytes
  plan.bytes = 0
  const writer = new Typist(note, 9999)
  await writer.join()
  const text = Buffer.from('Lorem ipsum dolor sit amet, '.repeat(40).slice(0, 1000))
  for (let clock = 0; clock < needed; clock += text.length) {
    writer.socket?.send(note.wire.update(paste(writer.client, clock, text)))
    if (clock % 50_000 === 0) await pause(5)
  }
  await pause(1000) // the writer stays: a server that stores nothing would forget the note
  writer.socket?.removeAllListeners('message') // it does not count as one of the people
  plan.bytes = needed
}

/** @param {Note[]} notes */
async function measureIdle (notes) {
  console.log('ready')
  await joinInTurn(notes)
  await pause(1000)
  console.log('done')
  return { connections: notes.length * plan.people }
}

/** Somebody else takes rights once this is ready. @param {Note[]} notes */
async function measureRights (notes) {
  await joinInTurn(notes)
  await pause(1000)
  console.log('ready')
  let before
  do {
    before = closes.length
    await pause(plan.seconds * 1000) // who is still here then may stay
  } while (closes.length > before)
  console.log('done')
  return { connections: plan.people, closes }
}

checkAgainstYjs()
const notes = plan.notes.map((address, index) => new Note(address, index))
if (plan.bytes) await fill(notes[0])
const measure = { typing: measureTyping, burst: measureTyping, join: measureJoin, idle: measureIdle, rights: measureRights }
const result = await measure[plan.kind](notes)
ending = true
console.log(JSON.stringify({ ...result, closed: closes.length }))
process.exit(0)
