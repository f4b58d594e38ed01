// @ts-check
// The frames that people send and receive, byte by byte: the y-protocols frames of typing, and nothing else of Yjs.
//
// A Y.Doc per person would keep the load generator busier than the servers. So a letter typed after the same person's
// last is written by hand here, and `checkAgainstYjs` compares it with Yjs's result for the same keystrokes.

import * as Y from 'yjs'

const SYNC = 0, STEP_1 = 0, STEP_2 = 1, UPDATE = 2, AUTH = 2, TOKEN = 0
const TEXT = 4, HAS_ORIGIN = 0x80, HAS_RIGHT_ORIGIN = 0x40

/** @param {number} number @returns {number[]} */
export function varuint (number) {
  const bytes = []
  for (; number > 127; number = Math.floor(number / 128)) bytes.push(number % 128 | 128)
  bytes.push(number)
  return bytes
}

/** @param {string} text */
const varstring = text => [...varuint(Buffer.byteLength(text)), ...Buffer.from(text)]

/**
 * The update of a text of ASCII letters that this client writes after its own last letter, number `clock` - 1.
 * @param {number} client @param {number} clock @param {Buffer} text
 */
export function paste (client, clock, text) {
  const place = clock === 0
    ? [TEXT, 1, ...varstring('body')]
    : [TEXT | HAS_ORIGIN, ...varuint(client), ...varuint(clock - 1)]
  return [1, 1, ...varuint(client), ...varuint(clock), ...place, ...varuint(text.length), ...text, 0]
}

const LETTER = Buffer.from('x')

/** @param {number} client @param {number} clock */
export const letter = (client, clock) => paste(client, clock, LETTER)

/** Frames as one server wants them: Hocuspocus puts the document's name first. */
export class Frames {
  /** @param {string} name of the document, or '' */
  constructor (name) {
    this.prefix = name ? varstring(name) : []
    this.hello = name
      ? [Buffer.from([...this.prefix, AUTH, TOKEN, ...varstring('')]), this.#step1()]
      : [this.#step1()]
  }

  #step1 () {
    return Buffer.from([...this.prefix, SYNC, STEP_1, 1, 0])
  }

  /** @param {number[] | Uint8Array} update */
  update (update) {
    return Buffer.concat([Buffer.from([...this.prefix, SYNC, UPDATE, ...varuint(update.length)]), Uint8Array.from(update)])
  }

  /** @param {Buffer} frame @returns {Buffer | null} the update in it, if it holds one */
  updateIn (frame) {
    const at = this.prefix.length
    if (frame[at] !== SYNC && frame[at] !== 4) return null // 4: Hocuspocus's answer to a step 1
    if (frame[at + 1] !== STEP_2 && frame[at + 1] !== UPDATE) return null
    const reader = new Reader(frame, at + 2)
    reader.varuint()
    return frame.subarray(reader.at)
  }
}

class Reader {
  /** @param {Uint8Array} data @param {number} at */
  constructor (data, at) {
    this.data = data
    this.at = at
  }

  /** @param {number} length */
  skip (length) {
    this.at += length
  }

  varuint () {
    let number = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.data[this.at++]
      number += (byte & 127) * factor
      if (byte < 128) return number
    }
  }
}

/**
 * Which letters an update holds, as triples flat in one array: client, first clock, clock after the last.
 * @param {Uint8Array} update with nothing but typed text in it @returns {number[]}
 */
export function letters (update) {
  const reader = new Reader(update, 0)
  const runs = []
  for (let clients = reader.varuint(); clients > 0; clients--) {
    let structs = reader.varuint()
    const client = reader.varuint()
    let clock = reader.varuint()
    for (; structs > 0; structs--) {
      const info = reader.data[reader.at++]
      if ((info & 31) !== TEXT) {
        if ((info & 31) !== 10) throw new Error(`An update holds what nobody typed: content ${info & 31}.`)
        clock += reader.varuint() // a gap: letters that come in another update
        continue
      }
      if (info & HAS_ORIGIN) reader.varuint(), reader.varuint()
      if (info & HAS_RIGHT_ORIGIN) reader.varuint(), reader.varuint()
      if (!(info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN))) {
        if (reader.varuint() === 1) reader.skip(reader.varuint())
        else reader.varuint(), reader.varuint()
      }
      const length = reader.varuint()
      reader.skip(length) // letters of one byte each
      if (runs.at(-1) === clock && runs.at(-3) === client) runs[runs.length - 1] = clock + length
      else runs.push(client, clock, clock + length)
      clock += length
    }
  }
  return runs
}

export function checkAgainstYjs () {
  const doc = new Y.Doc()
  const made = /** @type {Uint8Array[]} */ ([])
  doc.on('update', update => { made.push(update) })
  for (let clock = 0; clock < 200; clock++) doc.getText('body').insert(clock, 'x')
  made.forEach((update, clock) => {
    if (Buffer.compare(update, Uint8Array.from(letter(doc.clientID, clock)))) throw new Error(`Yjs writes letter ${clock} in another way.`)
  })
  const [client, from, to] = letters(Y.mergeUpdates(made))
  if (client !== doc.clientID || from !== 0 || to !== 200) throw new Error('Yjs merges letters in another way.')
}
